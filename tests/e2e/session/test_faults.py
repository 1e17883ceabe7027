"""What goes wrong in the middle: lost clients, faults of ours. No mail is lost (P5, P6)."""

import asyncio
from collections.abc import Coroutine, Generator, Sequence
from typing import Any

import pytest

from proxy.rewrite.transformer import Transformer
from proxy.scheduling.loop_budget import LoopBudget
from proxy.session import session
from tests.support.clients.smtp_client import Dialogue
from tests.support.log_lines import capture_logs
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy
from tests.support.waiting_in_loop import until
from tracker.spool.parcel import Parcel, SpoolError
from tracker.spool.writer import Spool

MESSAGE = (
    b"From: a@example.com\r\nSubject: hello\r\nContent-Type: text/html\r\n\r\n"
    b'<a href="https://example.net/">read</a>\r\n'
)
LARGE = MESSAGE + b"<p>more</p>\r\n" * 30_000


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
    gone = asyncio.Event()
    relay.script = {"DOT": Step(b"250 2.0.0 kept\r\n", once=gone)}
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
        await asyncio.sleep(0.1)
        gone.set()
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
    """Hold the usual conversation as far as it goes; return the codes heard."""
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


@pytest.fixture
def full_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a session wait for each of its turns, as beside many others."""
    plain = LoopBudget.take

    async def take(self: LoopBudget, octets: int) -> None:
        await asyncio.sleep(0)
        await plain(self, octets)

    monkeypatch.setattr(LoopBudget, "take", take)


@pytest.mark.usefixtures("full_turns")
@pytest.mark.parametrize("message", [MESSAGE, LARGE], ids=["small", "large"])
async def test_a_fault_at_any_await_loses_nothing(
    message: bytes, start_proxy: StartProxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
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
            codes = await converse(await proxy.dial(greet=False), message=message)
        acknowledged = codes[5:6] == [250]
        assert all(code < 500 for code in codes), (number, codes)
        assert len(relay.messages) == 1 if acknowledged else len(relay.messages) <= 1, number
        assert all(kept.data.endswith(message[-10:]) for kept in relay.messages)
        assert number < 400
    assert number > (25 if message is LARGE else 10)
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


@pytest.mark.parametrize("kind", ["never", "refused", "raises"])
async def test_a_spool_that_fails_does_not_hold_mail(
    kind: str, proxy: Proxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mail goes on within 250 ms, and the log says what is missing."""

    def hand_over(_self: Spool, parcels: Sequence[Parcel]) -> None:
        if kind == "raises":
            raise RuntimeError("spool")
        for parcel in parcels:
            if kind == "refused":
                parcel.tell(SpoolError("no room"))

    monkeypatch.setattr(Spool, "hand_over", hand_over)
    client = await proxy.dial()
    await client.transaction()
    with capture_logs() as lines:
        assert (await client.message(MESSAGE)).code == 250
    assert "event_not_durable" in [line["event"] for line in lines]
    assert b"http://127.0.0.1:8080/c/" in relay.messages[0].data


async def test_other_sessions_go_on_while_the_relay_is_slow(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """One session's wait is nobody else's."""
    is_done = asyncio.Event()
    relay.script = {"DOT": [Step(b"250 slow\r\n", once=is_done), Step(b"250 fast\r\n")]}

    async def send() -> bytes:
        client = await proxy.dial()
        await client.transaction()
        return (await client.message(MESSAGE)).lines[0]

    slow = asyncio.create_task(send())
    await until(lambda: len(relay.script["DOT"]) == 1)
    assert await send() == b"fast"
    is_done.set()
    assert await slow == b"slow"
