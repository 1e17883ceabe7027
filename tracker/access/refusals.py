"""What whoever is not let in is answered: programs an error in JSON, people the way to the form.

Owns: status, headers and words of each refusal, and counting it.
Does not own: who is let in (`guard`), or the form (`tracker.pages.views.login`).
"""

import html
import math
from urllib.parse import quote

from starlette.responses import HTMLResponse, RedirectResponse, Response

from config.telemetry import observe
from tracker.access.asked import Asked
from tracker.access.authentication import Reason, Refused
from tracker.answers.responses import UNCACHED, json_response

LOGIN = "/login"
LOGOUT = "/logout"

_REALM = 'realm="Waypost", charset="UTF-8"'

_STATUS: dict[Reason, int] = {"password": 401, "too_many": 429, "busy": 503, "unavailable": 503}
WORDS: dict[Reason, str] = {
    "password": "the password of [tracker] admin_password_file, or a token, is needed",
    "too_many": "too many wrong passwords from your address",
    "busy": "too many passwords to compare at one time; try again",
    "unavailable": "who may ask cannot be read now; try again",
}


def refused(asked: Asked, why: Refused) -> Response:
    """Return the answer to a request that says who asks, and lets nobody in."""
    observe.ADMIN_REFUSED.labels(why.reason).inc()
    return json_response(
        {"error": WORDS[why.reason]}, status_of(why), _challenge(asked, why) | retry_after(why)
    )


def status_of(why: Refused) -> int:
    """Return the status that fits."""
    return _STATUS[why.reason]


def retry_after(why: Refused) -> dict[str, str]:
    """Return the field that says when to try again, where that helps."""
    return {"retry-after": str(math.ceil(why.wait_s))} if why.wait_s else {}


def _challenge(asked: Asked, why: Refused) -> dict[str, str]:
    """Return the field that goes with 401; for a page's script, one that opens no dialogue."""
    if why.reason != "password":
        return {}
    return {"www-authenticate": f"{'Bearer' if asked.is_a_script else 'Basic'} {_REALM}"}


def unknown(asked: Asked, url: str) -> Response:
    """Return the answer to a request that does not say who asks; `url` is its path and query."""
    if not asked.is_a_person:
        return refused(asked, Refused("password"))
    form = login_url(url)
    return _step(form) if asked.is_led_here else RedirectResponse(form, 303, UNCACHED)


def login_url(to: str) -> str:
    """Return where the form is that leads on to `to`."""
    return LOGIN if to == "/" else f"{LOGIN}?to={quote(to, safe='/')}"


def _step(url: str) -> Response:
    """Return a page that leads on at once.

    A browser that follows a link of another site sends no cookie that is SameSite=Strict, but does
    where our own page leads on: whoever is logged in gets to the view that a colleague sent.
    """
    at = html.escape(url)
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Waypost</title>'
        f'<meta http-equiv="refresh" content="0; url={at}"><p><a href="{at}">Go on</a></p></html>',
        headers=UNCACHED | {"content-security-policy": "default-src 'none'"},
    )


def misdirected() -> Response:
    """Return the answer to what names another host, while nobody is asked for a password."""
    observe.ADMIN_REFUSED.labels("host").inc()
    return json_response(
        {"error": "without a password, ask for localhost or an address of the loopback"}, 421
    )


def forged() -> Response:
    """Return the answer to what a page of another site had a browser send."""
    observe.ADMIN_REFUSED.labels("origin").inc()
    return json_response({"error": "a page of another site sent this, or one of another host"}, 403)
