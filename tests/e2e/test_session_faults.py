"""What goes wrong in the middle: lost clients, faults of ours, stops. No mail is lost (P5, P6)."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from config import keys
from config.keys import KeyFileError
from config.load import ConfigError
from config.schema import Copies
from proxy import session, workshop
from proxy.transform import SigningRefused, Transformer
from tests.support.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy, configuration
from tests.support.smtp_client import Dialogue
from tracker.spool import Spool, SpoolError

MESSAGE = (
    b"From: a@example.com\r\nSubject: hello\r\nContent-Type: text/html\r\n\r\n"
    b'<a href="https://example.net/">read</a>\r\n'
)


async def until(condition: Callable[[], bool], within_s: float = 5) -> None:
    """Wait for `condition`."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - a test looks from outside
            await asyncio.sleep(0.01)


# Clients that go


async def test_a_client_gone_before_its_dot_delivers_nothing(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """The relay never hears of DATA, and its connection is dropped."""
    client = await proxy.dial()
    await client.transaction()
    await client.ask(b"DATA")
    client.send(b"half a mess")
    await client.writer.drain()
    client.reset()
    await until(lambda: not proxy.server._tasks)
    assert b"DATA" not in relay.commands
    assert not relay.messages


@pytest.mark.parametrize("way", ["reset", "close"])
async def test_a_client_gone_after_its_dot_does_not_stop_the_commit(
    way: str, proxy: Proxy, relay: ScriptedRelay
) -> None:
    """The relay takes the message, and the log says that nobody heard so (RFC 1047)."""
    relay.script = {"DOT": Step(b"250 2.0.0 kept\r\n", delay_s=0.3)}
    client = await proxy.dial()
    await client.transaction()
    await client.ask(b"DATA")
    client.send(MESSAGE + b".\r\n")
    await client.writer.drain()
    await asyncio.sleep(0.1)
    with capture_logs() as lines:
        if way == "reset":
            client.reset()
        else:
            await client.close()
        await until(lambda: bool(relay.messages) and not proxy.server._tasks)
    assert "delivered_unacked" in [line["event"] for line in lines]


async def test_a_client_that_hears_its_250_is_not_called_unacked(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """Half-closing after QUIT is a proper way to leave."""
    client = await proxy.dial()
    await client.transaction()
    await client.ask(b"DATA")
    with capture_logs() as lines:
        client.send(MESSAGE + b".\r\nQUIT\r\n")
        client.writer.write_eof()
        assert (await client.reply()).code == 250
        assert (await client.reply()).code == 221
    assert "delivered_unacked" not in [line["event"] for line in lines]
    assert len(relay.messages) == 1


# Faults of ours


class At:
    """Runs a coroutine, and throws `error` into it at its suspension number `number`."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], number: int, error: Exception) -> None:
        self.coroutine = coroutine
        self.number = number
        self.error = error
        self.thrown = False

    def __await__(self) -> Generator[Any, Any, None]:
        """Pass every suspension on but one."""
        count, failure, value = 0, None, None
        while True:
            try:
                waiting = self.coroutine.throw(failure) if failure else self.coroutine.send(value)
            except StopIteration:
                return
            count, failure = count + 1, None
            if count == self.number:
                self.thrown, failure = True, self.error
                if waiting is not None:
                    waiting.cancel()
                continue
            try:
                value = yield waiting
            except BaseException as error:  # noqa: BLE001 - it belongs to the coroutine
                failure = error


TO_DATA = (b"EHLO c.test", b"MAIL FROM:<a@example.com>", b"RCPT TO:<b@example.net>", b"DATA")


async def converse(
    client: Dialogue, commands: tuple[bytes, ...] = TO_DATA, message: bytes = MESSAGE
) -> list[int]:
    """Hold the usual conversation as far as it goes; give the codes heard."""
    codes: list[int] = []
    try:
        codes.append((await client.reply()).code)
        for line in commands:
            codes += [(await client.ask(line)).code]
        if codes[-1] == 354:
            client.send(message + b".\r\n")
            codes.append((await client.reply()).code)
        codes.append((await client.ask(b"QUIT")).code)
    except (EOFError, ConnectionError):
        pass
    return codes


async def test_a_fault_at_any_await_loses_nothing(
    start_proxy: StartProxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never a 5xx of our making, never a message lost or halved, whatever fails where."""
    plain = session.Session.run
    injection: list[At] = []

    async def run(self: session.Session) -> None:
        injection[:] = [At(plain(self), number, RuntimeError("injected"))]
        await injection[0]

    monkeypatch.setattr(session.Session, "run", run)
    proxy = await start_proxy()
    number = 0
    while number == 0 or injection[0].thrown:
        number += 1
        relay.messages.clear()
        with capture_logs():
            codes = await converse(await proxy.dial(greet=False))
        acknowledged = codes[5:6] == [250]
        assert all(code < 500 for code in codes), (number, codes)
        assert len(relay.messages) == 1 if acknowledged else len(relay.messages) <= 1, number
        assert all(kept.data.endswith(b"</a>\r\n") for kept in relay.messages)
        assert number < 200
    assert number > 10
    assert codes == [220, 250, 250, 250, 354, 250, 221]


NAMED = MESSAGE.replace(b"\r\n", b"\r\nMessage-ID: <%d@example.com>\r\n", 1)
TO_TWO = (*TO_DATA[:3], b"RCPT TO:<c@example.net>", b"DATA")


async def retried(proxy: Proxy, message: bytes) -> None:
    """Send `message` again until it is taken: what a fault left behind may take a moment to go."""
    async with asyncio.timeout(5):
        while True:
            codes = await converse(await proxy.dial(greet=False), TO_TWO, message)
            if codes == [220, 250, 250, 250, 250, 354, 250, 221]:
                return
            assert codes == [220, 250, 250, 250, 250, 354, 451, 221]
            await asyncio.sleep(0.01)


async def test_a_fault_at_any_await_of_copies_leaves_a_retry_possible(
    start_proxy: StartProxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has a copy gets no second, unless it was in doubt; who has none gets one (DESIGN §3)."""
    plain = session.Session.run
    injection: list[At] = []
    number, thrown = 0, True

    async def run(self: session.Session) -> None:
        injection[:] = [At(plain(self), number if injecting else 0, RuntimeError("injected"))]
        await injection[0]

    monkeypatch.setattr(session.Session, "run", run)
    proxy = await start_proxy(proxy={"copies": "per-recipient"})
    while thrown:
        number, injecting = number + 1, True
        relay.messages.clear()
        with capture_logs():
            codes = await converse(await proxy.dial(greet=False), TO_TWO, NAMED % number)
            thrown, injecting = injection[0].thrown, False
            if codes[6:7] != [250]:
                await retried(proxy, NAMED % number)
        assert all(code < 500 for code in codes), (number, codes)
        assert {rcpt for kept in relay.messages for rcpt in kept.rcpts} == set(TO_TWO[2:4])
        assert len(relay.messages) <= (3 if thrown else 2), number
        assert number < 200
    assert number > 20


@pytest.mark.parametrize("fault", [ValueError("x"), MemoryError(), RecursionError(), KeyError("y")])
async def test_a_fault_in_our_work_sends_the_original(
    fault: Exception, proxy: Proxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When in doubt, deliver untouched."""

    def prepare(*_args: object) -> None:
        raise fault

    monkeypatch.setattr(Transformer, "prepare", prepare)
    client = await proxy.dial()
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 250
    assert relay.messages[0].data == MESSAGE


async def test_a_message_that_must_be_signed_and_cannot_is_a_451(
    proxy: Proxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sign = "always"`: later, never unsigned, and never a 5xx."""

    def prepare(*_args: object) -> None:
        raise SigningRefused

    monkeypatch.setattr(Transformer, "prepare", prepare)
    client = await proxy.dial()
    await client.transaction()
    with capture_logs() as lines:
        assert (await client.message(MESSAGE)).wire().startswith(b"451 4.3.0")
    assert not relay.messages
    assert "delivery_failed" in [line["event"] for line in lines]
    monkeypatch.undo()
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 250


LARGE = MESSAGE + b"<p>more</p>\r\n" * 30_000


async def test_a_large_message_is_worked_on_in_another_process(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """It comes out as a small one would, and the next finds the process running."""
    client = await proxy.dial()
    for _ in range(2):
        await client.transaction()
        assert (await client.message(LARGE)).code == 250
    first, second = (kept.data for kept in relay.messages)
    assert first.count(b"http://127.0.0.1:8080/c/") == second.count(b"/c/") == 1
    assert first.endswith(LARGE[-300_000:])


async def test_a_large_message_survives_the_process_that_worked_on_it(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """It goes out as it came, and the next is worked on by a new process."""
    client = await proxy.dial()
    for number in range(3):
        await client.transaction()
        assert (await client.message(LARGE)).code == 250
        if number == 0:
            (worker,) = proxy.server.services.workshop._pool._processes.values()
            worker.kill()
            worker.join()
            await asyncio.sleep(0.1)
    tracked = [b"http://127.0.0.1:8080/c/" in kept.data for kept in relay.messages]
    assert tracked == [True, False, True]
    assert relay.messages[1].data == LARGE


async def test_copies_of_a_large_message(start_proxy: StartProxy, relay: ScriptedRelay) -> None:
    """Each from the other process, of one message."""
    proxy = await start_proxy(proxy={"copies": "per-recipient"})
    client = await proxy.dial()
    await client.transaction(b"<1@example.net>", b"<2@example.net>")
    assert (await client.message(LARGE)).code == 250
    first, second = (kept.data for kept in relay.messages)
    assert len(first) == len(second)
    assert first != second


async def test_the_process_that_made_the_copies_may_die_before_the_verdict(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """The relay has taken all of them, and that is what the client hears."""
    relay.script = {"DOT": [Step(b"250 ok\r\n"), Step(b"250 ok\r\n", delay_s=0.5)]}
    proxy = await start_proxy(proxy={"copies": "per-recipient"})
    client = await proxy.dial()
    await client.transaction(b"<1@example.net>", b"<2@example.net>")
    sending = asyncio.create_task(client.message(LARGE))
    await until(lambda: relay.commands.count(b"DATA") == 2, 20)
    (worker,) = proxy.server.services.workshop._pool._processes.values()
    worker.kill()
    assert (await sending).code == 250
    assert len(relay.messages) == 2


async def test_the_process_stays_while_the_relay_takes_its_time(
    start_proxy: StartProxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All copies are tracked, though nothing was worked on between two for long."""
    monkeypatch.setattr(workshop, "IDLE_S", 0.05)
    relay.script = {"DOT": [Step(b"250 ok\r\n", delay_s=0.5), Step(b"250 ok\r\n")]}
    proxy = await start_proxy(proxy={"copies": "per-recipient"})
    client = await proxy.dial()
    await client.transaction(b"<1@example.net>", b"<2@example.net>")
    assert (await client.message(LARGE)).code == 250
    assert [kept.data.count(b"http://127.0.0.1:8080/c/") for kept in relay.messages] == [1, 1]
    await until(lambda: proxy.server.services.workshop._pool is None)


@pytest.mark.parametrize("copies", ["shared", "per-recipient"])
async def test_a_large_message_that_must_be_signed_waits_for_a_process(
    copies: Copies, start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """Where the process died over it, the client hears 451: it never goes out unsigned."""
    key_file = tmp_path / "dkim.pem"
    keys.write_dkim_key(key_file)
    sender = {"domain": "example.com", "sign": "always"}
    key = {"selector": "s", "key_file": str(key_file)}
    proxy = await start_proxy(proxy={"copies": copies}, sender=[{**sender, "dkim": [key]}])
    client = await proxy.dial()
    for number, heard in enumerate((250, 451, 250)):
        await client.transaction(b"<1@example.net>", b"<2@example.net>")
        if number == 1:
            (worker,) = proxy.server.services.workshop._pool._processes.values()
            worker.kill()
            worker.join()
            await asyncio.sleep(0.1)
        assert (await client.message(LARGE)).code == heard
    assert all(kept.data.startswith(b"DKIM-Signature:") for kept in relay.messages)


@pytest.mark.parametrize("kind", ["never", "refused", "raises"])
async def test_a_spool_that_fails_does_not_hold_mail(
    kind: str, proxy: Proxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mail goes on within 250 ms, and the log says what is missing."""

    def append(_self: Spool, _event: object) -> Future[None]:
        future: Future[None] = Future()
        if kind == "raises":
            raise RuntimeError("spool")
        if kind == "refused":
            future.set_exception(SpoolError("no room"))
        return future

    monkeypatch.setattr(Spool, "append", append)
    client = await proxy.dial()
    await client.transaction()
    with capture_logs() as lines:
        assert (await client.message(MESSAGE)).code == 250
    assert "event_not_durable" in [line["event"] for line in lines]
    assert b"http://127.0.0.1:8080/c/" in relay.messages[0].data


# Stopping and reloading


async def test_a_stop_lets_a_transaction_finish(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """Idle sessions get 421; a session amid a transaction may end it, then gets 421 too."""
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


@pytest.mark.parametrize(("said", "heard"), [(b"QUIT", 221), (b"MAIL FROM:<a@example.com>", 421)])
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


async def test_who_comes_to_speak_amid_a_stop_is_turned_away(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """A connection that was at its handshake then does not hold the stop as a session."""
    load_balancer = {"drain_timeout": "5s", "proxy_protocol_networks": ["127.0.0.1/32"]}
    proxy = await start_proxy(proxy=load_balancer)
    client = await Dialogue.connect(proxy.port)
    await until(lambda: bool(proxy.server._tasks))
    stopping = asyncio.create_task(proxy.server.stop())
    await asyncio.sleep(0)
    client.send(b"PROXY TCP4 203.0.113.1 203.0.113.2 1 2\r\n")
    assert (await client.reply()).wire().startswith(b"421 4.3.2")
    await client.close()
    await asyncio.wait_for(stopping, 2)


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
    proxy.server.services.budget.limit_octets = 2 * 66_000
    changed = configuration(tmp_path, relay.port, proxy={"max_size": "1MB"})
    proxy.server.reload(lambda: changed)
    client = await proxy.dial()
    await client.transaction()
    assert (await client.message(LARGE)).code == 250


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


async def test_other_sessions_go_on_while_the_relay_is_slow(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """One session's wait is nobody else's."""
    relay.script = {"DOT": [Step(b"250 slow\r\n", delay_s=1), Step(b"250 fast\r\n")]}

    async def send() -> bytes:
        client = await proxy.dial()
        await client.transaction()
        return (await client.message(MESSAGE)).lines[0]

    slow = asyncio.create_task(send())
    await asyncio.sleep(0.1)
    assert await send() == b"fast"
    assert not slow.done()
    assert await slow == b"slow"
