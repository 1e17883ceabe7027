"""Who may ask the admin listener: with a password, and without one."""

import base64
from collections.abc import MutableMapping
from ipaddress import ip_network
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from config.telemetry import observe
from tests.support.clients.admin import Client, authenticator, serving
from tracker.access.authentication import MAX_WRONG_PASSWORDS
from tracker.access.guard import Guard

PASSWORD = "horse:staple ü".encode()


def basic(user: str, password: bytes) -> str:
    """Write an Authorization field."""
    return "Basic " + base64.b64encode(user.encode() + b":" + password).decode()


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (basic("", PASSWORD), 200),
        (basic("anybody", PASSWORD), 200),
        (b"Bearer ".decode() + PASSWORD.decode("latin-1"), 200),
        (b"bearer ".decode() + PASSWORD.decode("latin-1"), 200),
        (basic("", PASSWORD[:-1]), 401),
        (basic("", b""), 401),
        (basic(PASSWORD.decode(), b""), 401),
        ("Basic %%%", 401),
        ("Basic \xe9\xff", 401),
        ("Bearer", 401),
        ("Digest x", 401),
        ("", 401),
    ],
)
async def test_the_password_opens(authorization: str, status: int, app: Starlette) -> None:
    """Basic or bearer; nothing else, and no part of it."""
    async with serving(app, PASSWORD) as client:
        answer = await client.ask("/metrics", authorization=authorization)
        assert answer.status == status
        assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8081", 200),
        ("127.0.0.1:8081", 200),
        ("[::1]:8081", 200),
        ("rebound.example.com", 421),
        ("127.0.0.1.example.com", 421),
        ("192.0.2.1", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
async def test_without_a_password_only_the_loopback_is_a_host(
    client: Client, host: str, status: int
) -> None:
    """A page whose name was bound anew to 127.0.0.1 sends its own name (DNS rebinding)."""
    assert (await client.ask("/healthz", host=host)).status == status


@pytest.mark.parametrize("password", [None, PASSWORD])
async def test_whoever_is_let_in_may_do_everything(app: Starlette, password: bytes | None) -> None:
    """With the password, or on this machine where there is none."""
    async with serving(app, password) as client:
        answer = await client.ask("/x", authorization=basic("", PASSWORD))
        assert answer.json == {"name": "", "scopes": ["figures", "links", "persons"]}


async def test_with_a_password_any_host_will_do(app: Starlette) -> None:
    """Behind a web server the name is its own."""
    async with serving(app, PASSWORD) as client:
        answer = await client.ask(
            "/metrics", host="admin.example.com", authorization=basic("", PASSWORD)
        )
        assert answer.status == 200


WRONG = basic("", b"wrong")


async def test_ten_wrong_passwords_are_looked_at(
    app: Starlette, logged: list[MutableMapping[str, Any]]
) -> None:
    """Then none, not even the right one, and the answer says for how long."""
    async with serving(app, PASSWORD) as client:
        for _ in range(MAX_WRONG_PASSWORDS):
            assert (await client.ask("/metrics", authorization=WRONG)).status == 401
        for authorization in (WRONG, basic("", PASSWORD)):
            answer = await client.ask("/metrics", authorization=authorization)
            assert answer.status == 429
            assert 55 <= int(answer.headers["retry-after"]) <= 60
    told = [(line["event"], line["client"]) for line in logged]
    assert told == [("admin_password_wrong", "127.0.0.1")] * 10 + [("admin_locked", "127.0.0.1")]


async def test_the_right_password_takes_no_wrong_one_back(app: Starlette) -> None:
    """Whoever may ask has others behind the same address, who may not."""
    async with serving(app, PASSWORD) as client:
        for _ in range(MAX_WRONG_PASSWORDS):
            assert (await client.ask("/metrics", authorization=basic("", PASSWORD))).status == 200
            assert (await client.ask("/metrics", authorization=WRONG)).status == 401
        assert (await client.ask("/metrics", authorization=WRONG)).status == 429


async def test_requests_without_a_password_are_no_wrong_ones(app: Starlette) -> None:
    """A browser asks so before it asks its user; and OPEN_PATHS stay open."""
    async with serving(app, PASSWORD) as client:
        for _ in range(MAX_WRONG_PASSWORDS + 1):
            assert (await client.ask("/metrics")).status == 401
        assert (await client.ask("/metrics", authorization=basic("", PASSWORD))).status == 200
        for _ in range(MAX_WRONG_PASSWORDS):
            await client.ask("/metrics", authorization=WRONG)
        assert (await client.ask("/metrics")).status == 401
        assert (await client.ask("/healthz", authorization=WRONG)).status == 200


async def test_clients_of_a_trusted_web_server_are_counted_by_themselves(app: Starlette) -> None:
    """An IPv6 address with its /64; what others write into X-Forwarded-For is not believed."""

    async def status(client: Client, *forwarded: str) -> int:
        headers = {"X_Forwarded_For": ", ".join(forwarded)} if forwarded else {}
        return (await client.ask("/metrics", authorization=WRONG, **headers)).status

    async with serving(app, PASSWORD, [ip_network("127.0.0.1")]) as client:
        addresses = [f"2001:db8:0:1::{n}" for n in range(MAX_WRONG_PASSWORDS)]
        assert {await status(client, each) for each in addresses} == {401}
        assert await status(client, "2001:db8:0:1::ffff") == 429
        assert await status(client, "203.0.113.1", "2001:db8:0:1::1") == 429
        assert await status(client, "2001:db8:0:2::1") == 401
        assert await status(client) == 401
    async with serving(app, PASSWORD) as client:
        addresses = [f"192.0.2.{n}" for n in range(MAX_WRONG_PASSWORDS)]
        assert {await status(client, each) for each in addresses} == {401}
        assert await status(client, "192.0.2.77") == 429


async def test_refusals_are_counted(client: Client) -> None:
    """Somebody who tries passwords or hosts is seen."""
    before = observe.REGISTRY.get_sample_value("waypost_admin_refused_total", {"reason": "host"})
    await client.ask("/metrics", host="example.com")
    after = observe.REGISTRY.get_sample_value("waypost_admin_refused_total", {"reason": "host"})
    assert after == (before or 0) + 1


@pytest.mark.parametrize(
    "path", ["/healthz", "/internal/ask", "/login", "/logout", "/static/waypost.css"]
)
async def test_what_is_open_to_all_lets_nobody_see_anything(app: Starlette, path: str) -> None:
    """Its endpoints know no access, whatever the request says."""
    async with serving(app, PASSWORD) as client:
        answer = await client.ask(path, authorization=basic("", PASSWORD))
    assert (answer.status, answer.json["scopes"]) == (200, [])


async def test_forms_of_other_sites_are_refused(app: Starlette) -> None:
    """Whether there is a password or not: a browser says it on its own, or is on this machine."""
    for password in (PASSWORD, None):
        async with serving(app, password) as client:
            for headers in ({"sec_fetch_site": "cross-site"}, {"origin": "https://evil.example"}):
                right = basic("", PASSWORD)
                answer = await client.ask("/x", "POST", b"", authorization=right, **headers)
                assert (answer.status, list(answer.json)) == (403, ["error"])


async def test_people_get_the_form_and_programs_an_error(app: Starlette) -> None:
    """With the whole URL that was asked for, as it was written."""
    async with serving(app, PASSWORD) as client:
        answer = await client.ask("/links/%37?period=7", accept="text/html")
        assert answer.headers["location"] == "/login?to=/links/%2537%3Fperiod%3D7"
        assert (await client.ask("/links/7", accept="*/*")).status == 401


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        ";;;",
        "waypost",
        "waypost=",
        "waypost=.",
        "waypost=a.b.c",
        "=x",
        "\xff=\xff; waypost=\xff",
    ],
)
async def test_hostile_cookies_are_nobodys(app: Starlette, cookie: str) -> None:
    """Nothing fails on them."""
    async with serving(app, PASSWORD) as client:
        assert (await client.ask("/x", cookie=cookie)).status == 401


async def test_a_head_of_64_kb_is_refused(app: Starlette) -> None:
    """Before anything of it is looked at."""
    async with serving(app, PASSWORD) as client:
        for name in ("cookie", "authorization", "remote_user"):
            assert (await client.ask("/x", **{name: "x" * 65536})).status in {400, 431}


async def test_a_client_that_goes_before_its_body_has_come_is_no_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Anybody may do so at the login form, as often as they like."""

    async def reads(request: Request) -> Response:
        return Response(await request.body())

    async def gone() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_message: MutableMapping[str, Any]) -> None:
        """Nobody is there."""

    observe.configure()
    guard = Guard(
        Starlette(routes=[Route("/login", reads, methods=["POST"])]), authenticator(PASSWORD)
    )
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/login",
        "raw_path": b"/login",
        "query_string": b"",
        "headers": [],
        "client": ("192.0.2.1", 0),
    }
    with pytest.raises(ClientDisconnect):
        await guard(scope, gone, send)
    assert capsys.readouterr().err == ""
