"""Whose mail is trusted where no front server is: this machine, allowed networks, logins."""

import pytest

from tests.support.identity_fixtures import away, send
from tests.support.relays.scripted_relay import ScriptedRelay
from tests.support.session_fixtures import Proxy, StartProxy


async def test_loopback_is_trusted(proxy: Proxy, trusted: list[bool]) -> None:
    """The application on this machine needs no login."""
    await send(await proxy.dial())
    assert trusted == [True]


async def test_a_stranger_must_log_in(
    proxy: Proxy,
    relay_with_auth: ScriptedRelay,
    trusted: list[bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Never an open relay: 530 at MAIL, until the relay has accepted a login."""
    away(monkeypatch)
    client = await proxy.dial()
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).wire().startswith(b"530 5.7.0")
    client.send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n")
    assert [(await client.reply()).code for _ in range(3)] == [530, 503, 503]
    assert relay_with_auth.commands == [b"EHLO proxy.test", b"QUIT"]


async def test_an_allowed_network_is_trusted(
    start_proxy: StartProxy, trusted: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`trusted_networks` need no login."""
    proxy = await start_proxy(proxy={"trusted_networks": ["203.0.113.0/24"]})
    away(monkeypatch)
    await send(await proxy.dial())
    assert trusted == [True]
