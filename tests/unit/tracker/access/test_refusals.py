"""What whoever is not let in hears."""

import json

import pytest

from tests.support.clients.admin import authenticator
from tracker.access import refusals
from tracker.access.asked import Asked
from tracker.access.authentication import Refused

PAGE = {"accept": "text/html,application/xhtml+xml", "sec-fetch-mode": "navigate"}


def asked(method: str = "GET", **headers: str) -> Asked:
    """Return a request with these headers."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "headers": raw, "client": None}
    return Asked.of(scope, authenticator().trusted_proxies)


@pytest.mark.parametrize(
    ("why", "status", "retry_after"),
    [
        (Refused("password"), 401, None),
        (Refused("too_many", 30.2), 429, "31"),
        (Refused("busy", 1), 503, "1"),
        (Refused("unavailable", 1), 503, "1"),
    ],
)
def test_a_refusal_has_its_status_and_one_sentence(
    why: Refused, status: int, retry_after: str | None
) -> None:
    """In JSON; only 401 asks for a password."""
    answer = refusals.refused(asked(), why)
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry_after)
    assert list(json.loads(bytes(answer.body))) == ["error"]
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(
    ("headers", "scheme"),
    [
        ({}, "Basic"),
        ({"sec_fetch_mode": "navigate"}, "Basic"),
        ({"sec_fetch_mode": "cors"}, "Bearer"),
    ],
)
def test_no_dialogue_opens_for_what_a_script_asks(headers: dict[str, str], scheme: str) -> None:
    """A browser asks its user for Basic, also amid a page whose session is over."""
    answer = refusals.unknown(asked(**headers), "/")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith(f"{scheme} realm=")


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("/", "/login"),
        ("/campaigns/7?period=30&with=8", "/login?to=/campaigns/7%3Fperiod%3D30%26with%3D8"),
    ],
)
def test_people_are_led_to_the_form(url: str, form: str) -> None:
    """And from there on to what they asked for."""
    answer = refusals.unknown(asked(**PAGE), url)
    assert (answer.status_code, answer.headers["location"]) == (303, form)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"accept": "*/*"}),
        ("GET", {"accept": "application/json"}),
        ("POST", PAGE),
        ("GET", PAGE | {"sec-fetch-mode": "cors"}),
    ],
)
def test_programs_are_led_nowhere(method: str, headers: dict[str, str]) -> None:
    """They would take the form for what they asked for."""
    assert refusals.unknown(asked(method, **headers), "/").status_code == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_of_another_site_takes_a_step(site: str) -> None:
    """Of our own, as browsers keep our cookie back otherwise; nothing in it gets out of its place."""
    answer = refusals.unknown(asked(**PAGE, sec_fetch_site=site), '/x?"><script>')
    body = bytes(answer.body).decode()
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/login?to=/x%3F%22%3E%3Cscript%3E">' in body
    assert "<script" not in body


def test_other_refusals_are_errors_too() -> None:
    """Of hosts and of forms."""
    assert refusals.misdirected().status_code == 421
    assert refusals.forged().status_code == 403
