"""The login form, and the way out.

Owns: reading the form, where it leads then, and what is said to those who are not let in.
Does not own: who is let in, sessions and their cookies (`tracker.access.authentication`), or who is
sent here (`tracker.access.guard`).

A form of another site, or an address behind `to` that is none of ours, leads nobody anywhere.
"""

import asyncio
from dataclasses import dataclass
from typing import cast
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tracker.access.asked import Asked, own_path
from tracker.access.authentication import Authenticator, Reason, Refused
from tracker.access.needs import AUTHENTICATOR_KEY
from tracker.access.refusals import LOGIN, LOGOUT, retry_after, status_of
from tracker.answers.responses import UNCACHED
from tracker.pages.rendering.page import render

MAX_FORM_OCTETS = 16 * 1024
FORM_TIMEOUT_S = 10.0
MAX_FIELDS = 10
FORM_TYPE = "application/x-www-form-urlencoded"

_WORDS: dict[Reason, str] = {
    "password": "That is not the password, and no token that is in use.",
    "too_many": "Too many wrong passwords came from your address. Wait a minute, then try again.",
    "busy": "Many are logging in at this moment. Try again.",
    "unavailable": "Who may log in cannot be read now. Try again in a moment.",
}


@dataclass(frozen=True, slots=True)
class Form:
    """What somebody filled in; `to` is where they want to go."""

    password: bytes
    to: str


def routes() -> list[Route]:
    """Return where the form is, and where it ends."""
    return [
        Route(LOGIN, _login, methods=["GET", "POST"]),
        Route(LOGOUT, _log_out, methods=["POST"]),
    ]


async def _login(request: Request) -> Response:
    authenticator, asked = _who(request)
    if request.method == "POST":
        return await _log_in(request, authenticator, asked)
    to = _leads_to(request.query_params.get("to", "/"))
    try:
        knows = authenticator.is_open or authenticator.session_of(asked) is not None
    except Refused as why:
        return _form(request, to, why)
    return _gone_to(to) if knows else _form(request, to)


async def _log_in(request: Request, authenticator: Authenticator, asked: Asked) -> Response:
    form = await _filled_in(request)
    if authenticator.is_open:
        return _gone_to(form.to)
    try:
        cookie = await authenticator.log_in(asked, form.password)
    except Refused as why:
        return _form(request, form.to, why)
    answer = _gone_to(form.to)
    answer.headers.append("set-cookie", cookie)
    return answer


async def _log_out(request: Request) -> Response:
    authenticator, asked = _who(request)
    try:
        cookie = await authenticator.log_out(asked)
    except Refused as why:
        return _form(request, "/", why)
    answer = _gone_to(LOGIN)
    answer.headers.append("set-cookie", cookie)
    return answer


def _who(request: Request) -> tuple[Authenticator, Asked]:
    """Return who judges, and what the request says of who asks."""
    authenticator = cast("Authenticator", request.scope["state"][AUTHENTICATOR_KEY])
    return authenticator, Asked.of(request.scope, authenticator.trusted_proxies)


def _leads_to(text: str) -> str:
    """Return where somebody goes after the form: a path of ours, and not the form again."""
    path = own_path(text)
    return "/" if path.partition("?")[0] in {LOGIN, LOGOUT} else path


def _gone_to(path: str) -> Response:
    return RedirectResponse(path, 303, UNCACHED)


def _form(request: Request, to: str, why: Refused | None = None) -> Response:
    """Return the form; `why` says why it is there again."""
    status = 200 if why is None else status_of(why)
    words = "" if why is None else _WORDS[why.reason]
    answer = render(request, "login.html", status=status, to=to, problem=words)
    if why is not None:
        answer.headers.update(retry_after(why))
    if status == 401:  # noqa: PLR2004 - RFC 9110 §15.5.2 wants a challenge, and this opens no dialogue
        answer.headers["www-authenticate"] = 'Bearer realm="Waypost"'
    return answer


async def _filled_in(request: Request) -> Form:
    """Return what was filled in; raises HTTPException."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != FORM_TYPE:
        raise HTTPException(415, f"send a form, with content-type: {FORM_TYPE}")
    try:
        fields = parse_qs(
            await _body(request),
            keep_blank_values=True,
            encoding="utf-8",
            errors="surrogateescape",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise HTTPException(400, "not a form that can be read") from None
    password = fields.get("password", [""])[0].encode("utf-8", "surrogateescape")
    return Form(password, _leads_to(fields.get("to", ["/"])[0]))


async def _body(request: Request) -> str:
    body = bytearray()
    try:
        async with asyncio.timeout(FORM_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_FORM_OCTETS:
                    raise HTTPException(413, f"at most {MAX_FORM_OCTETS} octets, please")
    except TimeoutError:
        raise HTTPException(408, "the form did not come in time") from None
    return body.decode("ascii")
