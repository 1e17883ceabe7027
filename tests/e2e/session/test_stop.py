"""The graceful stop (RFC 5321 §3.8), as clients see it."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from proxy.session import session, shutdown
from tests.support.clients.smtp_client import Dialogue
from tests.support.clients.strangers import behind_balancer
from tests.support.feeding import metric
from tests.support.log_lines import capture_logs
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy
from tests.support.waiting_in_loop import until

MESSAGE = (
    b"From: a@example.com\r\nSubject: hello\r\nContent-Type: text/html\r\n\r\n"
    b'<a href="https://example.net/">read</a>\r\n'
)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a stop end sessions that are silent for longer than a busy machine may stall, not for a second."""
    for module in (session, shutdown):
        monkeypatch.setattr(module, "SILENCE_S", 30.0)


async def test_a_stop_lets_a_transaction_finish(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """Who rests gets 421; a session amid a transaction may end it, and gets 421 when it rests then."""
    proxy = await start_proxy(proxy={"drain_timeout": "60s"})
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


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize(
    ("said", "heard"), [(b"QUIT", 221), (b"MAIL FROM:<a@example.com>", 421), (b"EHLO x.test", 421)]
)
async def test_a_stop_lets_who_heard_a_verdict_say_goodbye(
    said: bytes, heard: int, start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """A 421 in the place of its 221 would make some programs send the message again."""
    proxy = await start_proxy(proxy={"drain_timeout": "60s"})
    client = await proxy.dial()
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 250
    stopping = asyncio.create_task(proxy.server.stop())
    await asyncio.sleep(0.1)
    assert (await client.ask(said)).code == heard
    assert await client.at_end()
    await stopping
    assert len(relay.messages) == 1


@pytest.mark.usefixtures("unhurried")
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


@pytest.mark.usefixtures("unhurried")
async def test_a_stop_lets_who_has_begun_to_speak_send_one_message(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """A program that never tries twice came for that one; the next is told to come back."""
    proxy = await start_proxy(proxy={"drain_timeout": "60s"})
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


@pytest.mark.usefixtures("unhurried")
async def test_a_stop_lets_nobody_begin_again_and_again(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """A transaction given up counts as the one that the client came for."""
    proxy = await start_proxy(proxy={"drain_timeout": "60s"})
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


@pytest.mark.usefixtures("authority")
@pytest.mark.parametrize("said", [b"", b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 465\r\n"])
async def test_a_stop_closes_who_is_amid_a_header_or_a_handshake(
    said: bytes, start_proxy: StartProxy, tmp_path: Path
) -> None:
    """They have no session yet that could; a load balancer would wait for them."""
    proxy = await start_proxy(proxy=behind_balancer(tmp_path, drain_timeout="1s"))
    client = await proxy.dial(greet=False)
    client.send(said)
    await until(lambda: metric("waypost_sessions") >= 1)
    await proxy.server.stop()
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            assert not await client.reader.read(1)
