"""The graceful stop (RFC 5321 §3.8), and reading the configuration again."""

import asyncio
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import uvloop
from structlog.testing import capture_logs

from config.keys.token_keys import KeyFileError
from config.loading.load import ConfigError
from tests.support.clients.smtp_client import Dialogue
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy, configuration, proxies, until

MESSAGE = (
    b"From: a@example.com\r\nSubject: hello\r\nContent-Type: text/html\r\n\r\n"
    b'<a href="https://example.net/">read</a>\r\n'
)


async def test_a_stop_lets_a_transaction_finish(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """Who rests gets 421; a session amid a transaction may end it, and gets 421 when it rests then."""
    proxy = await start_proxy(proxy={"drain_timeout": "5s"})
    idle, busy = await proxy.dial(), await proxy.dial()
    await busy.transaction()
    stopping = asyncio.create_task(proxy.server.stop())
    assert (await idle.reply()).wire().startswith(b"421 4.3.2")
    with pytest.raises(ConnectionRefusedError):
        await Dialogue.connect(proxy.port)
    assert (await busy.message(MESSAGE)).code == 250
    assert (await busy.reply()).code == 421
    await stopping
    assert len(relay.messages) == 1


async def test_a_stop_is_told_once_of_each_session(proxy: Proxy) -> None:
    """Who was told to go is not said to have gone away."""
    client = await proxy.dial()
    with capture_logs() as lines:
        await proxy.server.stop()
    assert (await client.reply()).code == 421
    assert [line["why"] for line in lines if line["event"] == "session_dropped"] == ["stopped"]


@pytest.mark.parametrize(
    ("said", "heard"), [(b"QUIT", 221), (b"MAIL FROM:<a@example.com>", 421), (b"EHLO x.test", 421)]
)
async def test_a_stop_lets_who_heard_a_verdict_say_goodbye(
    said: bytes, heard: int, start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """A 421 in the place of its 221 would make some programs send the message again."""
    proxy = await start_proxy(proxy={"drain_timeout": "5s"})
    client = await proxy.dial()
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 250
    stopping = asyncio.create_task(proxy.server.stop())
    await asyncio.sleep(0.1)
    assert (await client.ask(said)).code == heard
    assert await client.at_end()
    await stopping
    assert len(relay.messages) == 1


async def test_a_stop_that_has_waited_enough_lets_even_the_last_say_goodbye(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """Who heard a verdict at the end of drain_timeout may take a 421 for another."""
    proxy = await start_proxy(proxy={"drain_timeout": "0.1s"})
    client = await proxy.dial()
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 250
    stopping = asyncio.create_task(proxy.server.stop())
    await asyncio.sleep(0.3)
    assert (await client.ask(b"QUIT")).code == 221
    await stopping
    assert len(relay.messages) == 1


async def test_a_stop_lets_who_has_begun_to_speak_send_one_message(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """A program that never tries twice came for that one; the next is told to come back."""
    proxy = await start_proxy(proxy={"drain_timeout": "5s"})
    client = await proxy.dial()
    stopping = asyncio.create_task(proxy.server.stop())
    await asyncio.sleep(0.1)
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 250
    assert (await client.ask(b"RSET")).code == 250
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 421
    assert await client.at_end()
    await stopping
    assert len(relay.messages) == 1


async def test_a_stop_lets_nobody_begin_again_and_again(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """A transaction given up counts as the one that the client came for."""
    proxy = await start_proxy(proxy={"drain_timeout": "5s"})
    busy, slow = await proxy.dial(), await proxy.dial()
    await busy.transaction()
    stopping = asyncio.create_task(proxy.server.stop())
    await asyncio.sleep(0.1)
    await slow.transaction()
    for client in (busy, slow):
        assert (await client.ask(b"RSET")).code == 250
        assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 421
    await stopping
    assert not relay.messages


async def test_a_stop_is_not_held_by_small_talk(proxy: Proxy) -> None:
    """What leads to no message is no reason to wait."""
    client = await proxy.dial()
    stopping = asyncio.create_task(proxy.server.stop())
    await asyncio.sleep(0.1)
    assert (await client.ask(b"NOOP")).wire().startswith(b"421 4.3.2")
    assert await client.at_end()
    await stopping


async def test_who_comes_to_speak_amid_a_stop_is_served(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """A connection that was at its handshake then has a message to send, too."""
    load_balancer = {"drain_timeout": "60s", "proxy_protocol_networks": ["127.0.0.1/32"]}
    proxy = await start_proxy(proxy=load_balancer)
    client = await Dialogue.connect(proxy.port)
    await until(lambda: bool(proxy.server._tasks))
    stopping = asyncio.create_task(proxy.server.stop())
    await asyncio.sleep(0.1)
    client.send(b"PROXY TCP4 203.0.113.1 203.0.113.2 1 2\r\n")
    assert (await client.reply()).code == 220
    assert (await client.ask(b"EHLO client.test")).code == 250
    assert (await client.ask(b"QUIT")).code == 221
    await client.close()
    await asyncio.wait_for(stopping, 10)


def test_who_is_accepted_as_the_stop_comes_is_served(tmp_path: Path) -> None:
    """The kernel has handed the connection over: no successor could serve it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, ThreadPoolExecutor() as pool:
        heard = runner.run(_stopped_while_accepting(tmp_path, pool))
        assert heard.result() == [b"220", b"221"]


async def _stopped_while_accepting(folder: Path, pool: ThreadPoolExecutor) -> Future[list[bytes]]:
    async with ScriptedRelay().listening() as relay, proxies(folder, relay) as start:
        proxy = await start(proxy={"drain_timeout": "5s"})
        sock = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
        # Between this turn of the loop and the first of the task it looks at its sockets.
        stopping = asyncio.create_task(proxy.server.stop())
        heard = pool.submit(_say_goodbye, sock)
        await stopping
        return heard


def _say_goodbye(sock: socket.socket) -> list[bytes]:
    with sock, sock.makefile("rwb", buffering=0) as client:
        greeting = client.readline()
        client.write(b"QUIT\r\n")
        return [greeting[:3], client.readline()[:3]]


async def test_a_stop_does_not_wait_for_ever(start_proxy: StartProxy, relay: ScriptedRelay) -> None:
    """After drain_timeout what is left is told 421; nothing of it was acknowledged."""
    proxy = await start_proxy(proxy={"drain_timeout": "0.2s"})
    client = await proxy.dial()
    await client.transaction()
    await proxy.server.stop()
    assert (await client.reply()).code == 421
    assert not relay.messages


async def test_a_stop_waits_for_a_commit(start_proxy: StartProxy, relay: ScriptedRelay) -> None:
    """A message on its final dot is not given up, even past drain_timeout."""
    relay.script = {"DOT": Step(b"250 2.0.0 kept\r\n", delay_s=0.6)}
    proxy = await start_proxy(proxy={"drain_timeout": "0.1s"})
    client = await proxy.dial()
    await client.transaction()
    await client.ask(b"DATA")
    client.send(MESSAGE + b".\r\n")
    await asyncio.sleep(0.1)
    await proxy.server.stop()
    assert (await client.reply()).code == 250
    assert len(relay.messages) == 1


async def test_a_reload_serves_new_sessions_by_the_new_configuration(
    start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: Any
) -> None:
    """Sessions that are on keep what they began with, and none is dropped."""
    proxy = await start_proxy()
    old = await proxy.dial()
    folder = tmp_path / "new"
    folder.mkdir()
    changed = configuration(folder, relay.port, proxy={"hostname": "new.test"})
    proxy.server.reload(lambda: changed)
    new = await proxy.dial(greet=False)
    assert (await new.reply()).lines[0].startswith(b"new.test ESMTP")
    assert (await old.ask(b"HELO client.test")).lines == (b"proxy.test",)


async def test_a_reload_makes_room_for_larger_messages(
    start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """A message as large as `max_size` allows by now would hear 452 for ever."""
    proxy = await start_proxy(proxy={"max_size": "66kB"})
    proxy.server.services.memory_budget.limit_octets = 2 * 66_000
    changed = configuration(tmp_path, relay.port, proxy={"max_size": "1MB"})
    proxy.server.reload(lambda: changed)
    client = await proxy.dial()
    await client.transaction()
    assert (await client.message(MESSAGE + b"<p>more</p>\r\n" * 30_000)).code == 250


@pytest.mark.parametrize("problem", [ValueError, KeyFileError, ConfigError, RuntimeError])
async def test_an_unusable_new_configuration_changes_nothing(
    problem: type[Exception], proxy: Proxy
) -> None:
    """The old one stays in force, and the log says why."""

    def broken() -> Any:
        raise problem("waypost.toml:1: nonsense")

    with capture_logs() as lines:
        proxy.server.reload(broken)
    assert [line["event"] for line in lines] == ["proxy_not_reloaded"]
    assert (await (await proxy.dial()).ask(b"NOOP")).code == 250
