"""What the relay gets of us: few sessions, messages at a rate, and a sign of life."""

import asyncio
from pathlib import Path

import pytest

from proxy.relay import pacing
from tests.support.identity_fixtures import send
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay, Step
from tests.support.session_fixtures import StartProxy
from tests.support.waiting_in_loop import until

LOGIN = b"AUTH PLAIN AGEAYg=="


async def test_an_idle_session_that_is_logged_in_hears_noop(
    start_proxy: StartProxy, relay_with_auth: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its login could not be repeated; but not for ever."""
    monkeypatch.setattr("proxy.relay.upstream.KEEP_ALIVE_S", 0.01)
    monkeypatch.setattr("proxy.relay.upstream.MAX_IDLE_NOOPS", 3)
    client = await (await start_proxy()).dial()
    assert (await client.ask(LOGIN)).code == 235
    await until(lambda: relay_with_auth.commands.count(b"NOOP") == 3)
    await asyncio.sleep(0.1)
    assert relay_with_auth.commands.count(b"NOOP") == 3
    await send(client)
    await until(lambda: relay_with_auth.commands.count(b"NOOP") == 6)


async def test_a_session_with_our_login_hears_noop(
    start_proxy: StartProxy,
    relay_with_auth: ScriptedRelay,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It could be repeated, at a cost; a session without any login is let be."""
    monkeypatch.setattr("proxy.relay.upstream.KEEP_ALIVE_S", 0.01)
    password = tmp_path / "password"
    password.write_text("secret")
    password.chmod(0o600)
    proxy = await start_proxy(relay={"user": "us", "password_file": str(password)})
    client = await proxy.dial()
    await asyncio.sleep(0.1)
    assert b"NOOP" not in relay_with_auth.commands
    await send(client)
    await until(lambda: b"NOOP" in relay_with_auth.commands)


async def test_a_command_that_comes_amid_a_noop_has_its_own_reply(
    start_proxy: StartProxy, relay_with_auth: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One at a time."""
    monkeypatch.setattr("proxy.relay.upstream.KEEP_ALIVE_S", 0.01)
    relay_with_auth.script = {"NOOP": Step(b"250 2.0.0 done nothing\r\n", delay_s=0.2)}
    client = await (await start_proxy()).dial()
    await client.ask(LOGIN)
    await until(lambda: b"NOOP" in relay_with_auth.commands)
    reply = await client.ask(b"MAIL FROM:<a@example.com>")
    assert reply.wire() == b"250 2.1.0 sender fine\r\n"


async def test_no_more_sessions_than_allowed(start_proxy: StartProxy, relay: ScriptedRelay) -> None:
    """Those that are idle make room, so that all clients are served; their EHLO costs none."""
    relay.most_sessions = 2
    proxy = await start_proxy(relay={"max_connections": 2})
    clients = [await proxy.dial() for _ in range(6)]
    for client in clients * 2:
        await send(client)
    assert len(relay.messages) == 12


async def test_who_waits_for_a_session_in_vain_hears_451(
    start_proxy: StartProxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that is in a transaction stays."""
    monkeypatch.setattr(pacing, "WAIT_S", 0.05)
    proxy = await start_proxy(relay={"max_connections": 1})
    first, second = await proxy.dial(), await proxy.dial()
    await first.ask(b"MAIL FROM:<a@example.com>")
    reply = await second.ask(b"MAIL FROM:<b@example.com>")
    assert reply.wire().startswith(b"451 4.3.2")
    await first.ask(b"RSET")
    assert (await second.ask(b"MAIL FROM:<b@example.com>")).code == 250


async def test_a_login_is_not_taken_for_others(
    start_proxy: StartProxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who logged in keeps its session."""
    monkeypatch.setattr(pacing, "WAIT_S", 0.05)
    relay.extensions = (*EXTENSIONS, "AUTH PLAIN")
    proxy = await start_proxy(relay={"max_connections": 1})
    first, second = await proxy.dial(), await proxy.dial()
    assert (await first.ask(LOGIN)).code == 235
    assert (await second.ask(b"MAIL FROM:<b@example.com>")).code == 451
    await send(first)


async def test_more_messages_than_the_rate_allows_hear_451(
    start_proxy: StartProxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once they would wait too long; the relay hears nothing of them."""
    monkeypatch.setattr(pacing, "WAIT_S", 0.0)
    proxy = await start_proxy(relay={"max_rate": "1/h"})
    client = await proxy.dial()
    await send(client)
    reply = await client.ask(b"MAIL FROM:<a@example.com>")
    assert reply.wire().startswith(b"451 4.3.2")
    assert len([line for line in relay.commands if line.startswith(b"MAIL")]) == 1
