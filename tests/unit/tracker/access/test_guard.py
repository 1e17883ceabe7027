"""Who may ask the admin listener: with a password, and without one."""

import base64
from collections.abc import MutableMapping
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from config.telemetry import observe
from tests.support.clients.admin import Client, serving
from tracker.access.guard import MAX_WRONG_PASSWORDS, names_loopback, password_in

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


@given(st.text(st.characters(max_codepoint=255)))
def test_any_authorization_field_holds_a_password_or_none(field: str) -> None:
    """Whatever octets come, no exception comes of it."""
    for scheme in ("", "Basic ", "Bearer "):
        password = password_in(scheme + field)
        assert password is None or isinstance(password, bytes)


@given(st.text(st.characters(max_codepoint=255, exclude_characters=":")), st.binary())
def test_the_password_of_a_pair_is_all_after_its_first_colon(user: str, password: bytes) -> None:
    """A password may hold colons, a user's name may not (RFC 7617 §2)."""
    assert password_in(basic(user, password)) == password


@pytest.mark.parametrize(
    "hosts", [[], ["localhost", "localhost"], ["localhost", "rebound.example.com"]]
)
def test_a_request_names_its_host_once(hosts: list[str]) -> None:
    """Of two fields, the one that is judged need not be the one that counts."""
    assert not names_loopback(hosts)


@given(st.text())
def test_any_host_is_the_loopback_or_not(host: str) -> None:
    """Whatever stands in the field."""
    assert names_loopback([host]) in {True, False}
