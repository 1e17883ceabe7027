"""One connection to the relay: octets, replies and faults, as a session on it sees them."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

import pytest
import trustme

from config.schema import RelayConfig
from proxy.relay import session as relay_module
from proxy.relay.connection import Fault, RelayConnection
from proxy.relay.session import Progress, RelaySession
from proxy.smtp import replies
from tests.support.loops import Story, told_on_uvloop
from tests.support.relays.relay_actions import (
    MAIL,
    RCPT,
    ActingRelay,
    Answer,
    Line,
    relay_session,
    saying,
)
from tests.support.waiting_in_loop import until


async def test_replies_keep_their_lines_and_odd_octets() -> None:
    """A multi-line refusal in pieces, with UTF-8 and an empty line, comes whole and unchanged."""
    raw = "550-5.7.1 désolé\r\n550-\r\n550 5.7.1 see https://relay.test/why?x=1\r\n".encode()
    pieces = [raw[i : i + 3] for i in range(0, len(raw), 3)]
    async with relay_session({"RCPT": saying(*pieces, pause_s=0.001)}) as (opened, _):
        _, refused = await opened.exchange([MAIL, RCPT])
    assert refused.wire() == raw


@pytest.mark.parametrize(
    "nonsense",
    [b"hello\r\n", b"25 0\r\n", b"250-a\r\n550 b\r\n", b"250\tok\r\n", b"\r\n", b"2500 ok\r\n"],
)
async def test_what_is_no_reply_ends_the_session(nonsense: bytes) -> None:
    """RFC 5321 §4.2 replies only; the client hears 451 4.5.0."""
    async with relay_session({"MAIL": nonsense}) as (opened, _):
        (answer,) = await opened.exchange([MAIL])
    assert answer is replies.RELAY_UNINTELLIGIBLE
    assert opened.fault is Fault.UNINTELLIGIBLE


async def test_a_reply_without_end_is_bounded() -> None:
    """A relay that never ends a line cannot fill our memory."""
    async with relay_session({"MAIL": b"250 " + b"x" * 100_000}) as (opened, _):
        (answer,) = await opened.exchange([MAIL])
    assert answer is replies.RELAY_UNINTELLIGIBLE


async def test_a_421_that_nobody_asked_for_is_noticed() -> None:
    """RFC 5321 §3.8: it may come at any time; nothing is sent after it."""

    async def then_goodbye(line: Line) -> None:
        await line.say(b"250 ok\r\n")
        await asyncio.sleep(0.02)
        await line.say(b"421 4.4.2 idle\r\n")
        await line.hang_up()

    async with relay_session({"MAIL": then_goodbye}) as (opened, relay):
        assert [answer.code for answer in await opened.exchange([MAIL])] == [250]
        await until(lambda: opened.fault is Fault.CLOSING)
        assert await opened.exchange([RCPT]) == [replies.NO_RELAY]
        assert relay.commands[-1] == MAIL
    assert "idle" in opened.fault_detail


async def test_an_extra_reply_is_never_paired_with_a_later_command() -> None:
    """A relay that says more than it was asked is out of step: the session ends."""
    async with relay_session({"MAIL": b"250 ok\r\n250 again\r\n"}) as (opened, _):
        await opened.exchange([MAIL])
        await until(lambda: opened.fault is Fault.UNASKED)
        assert await opened.exchange([RCPT]) == [replies.RELAY_UNINTELLIGIBLE]


async def test_a_large_message_does_not_hold_up_the_loop() -> None:
    """While 20 MB go to the relay, others get their turn at least every 50 ms."""
    longest_s = 0.0

    async def others() -> None:
        nonlocal longest_s
        loop = asyncio.get_running_loop()
        before_s = loop.time()
        while True:
            await asyncio.sleep(0.001)
            longest_s, before_s = max(longest_s, loop.time() - before_s), loop.time()

    async def swallow(line: Line) -> None:
        await line.say(b"354 go\r\n")
        tail = b""
        while not tail.endswith(b"\r\n.\r\n"):
            tail = (tail + await line.reader.read(1 << 20))[-5:]
        await line.say(b"250 ok\r\n")

    content = b".line of text that is seventy octets long or so, for the dots\r\n" * 300_000
    async with relay_session({"DATA": swallow}) as (opened, _):
        await opened.exchange([MAIL, RCPT])
        task = asyncio.create_task(others())
        result = await opened.data(content)
        task.cancel()
    assert result.committed
    assert longest_s < 0.5  # generous: the machine of a test may be busy


async def test_a_message_crosses_tls() -> None:
    """Its flow control differs: the whole body and its final dot still leave, and are answered."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("relay.test").configure_cert(context)
    content = b"a line of sixty-four octets, or thereabouts, in a large message\r\n" * 60_000
    async with ActingRelay(tls=context, implicit=True).serving() as relay:
        config = RelayConfig(port=relay.port, tls="implicit", verify=False)
        opened = await RelaySession.open(config, "waypost.test")
        for body in (content, b"short\r\n"):
            await opened.exchange([MAIL, RCPT])
            result = await asyncio.wait_for(opened.data(body), 20)
            assert result.committed
        await opened.quit()
    assert [len(body) for body in relay.bodies] == [len(content) + 3, len(b"short\r\n") + 3]


async def test_a_relay_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 5321 §4.5.3.2.5, with a shorter patience: no octet taken in all of it."""
    monkeypatch.setattr(relay_module, "BLOCK_PATIENCE_S", 0.2)
    stuck = asyncio.Event()

    async def stall(line: Line) -> None:
        line.writer.transport.pause_reading()
        await line.say(b"354 go\r\n")
        await stuck.wait()
        line.writer.transport.resume_reading()  # to find that nobody is there any more

    async with relay_session({"DATA": stall}) as (opened, _):
        await opened.exchange([MAIL, RCPT])
        result = await opened.data(b"x" * 70 + b"\r\n" + b"y" * 40_000_000)
        stuck.set()
    assert result.progress is Progress.NOTHING
    assert opened.fault is Fault.TIMED_OUT


async def test_a_slow_relay_is_waited_for_while_it_takes_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The patience runs from the last octet taken, not over the whole body."""
    monkeypatch.setattr(relay_module, "BLOCK_PATIENCE_S", 0.6)

    async def slow(line: Line) -> None:
        await line.say(b"354 go\r\n")
        tail = b""
        while not tail.endswith(b"\r\n.\r\n"):
            tail = (tail + await line.reader.read(1 << 17))[-5:]
            await asyncio.sleep(0.01)
        await line.say(b"250 ok\r\n")

    async with relay_session({"DATA": slow}) as (opened, _):
        await opened.exchange([MAIL, RCPT])
        result = await opened.data(b"y" * 12_000_000 + b"\r\n")
    assert result.committed


async def test_a_loss_is_told_when_it_comes_or_has_come() -> None:
    """Once to whoever asked to know."""
    told: list[str] = []
    async with relay_session({"MAIL": Line.hang_up}) as (opened, _):
        opened.when_lost(lambda: told.append("when it came"))
        await opened.exchange([MAIL])
        opened.abort()
        opened.when_lost(lambda: told.append("afterwards"))
    assert told == ["when it came", "afterwards"]


@contextlib.asynccontextmanager
async def adopted(script: dict[str, Answer]) -> AsyncIterator[RelayConnection]:
    """Connect to a relay that begins with no greeting."""
    async with ActingRelay({"CONNECT": b"", **script}).serving() as relay:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, "127.0.0.1", relay.port)
        connection = RelayConnection.adopt(transport)
        yield connection
        connection.abort()


async def test_a_transport_that_is_closing_is_adopted_with_a_fault() -> None:
    """The relay may hang up between its last reply and the take-over."""
    async with adopted({}) as connection:
        connection.close()
        again = RelayConnection.adopt(connection._transport)
        assert again.fault is Fault.CLOSED
        assert await asyncio.wait_for(again.reply(10), 5) is None


@pytest.mark.parametrize("abort", [False, True])
async def test_replies_outlive_the_connection_unless_it_is_aborted(*, abort: bool) -> None:
    """What the relay has said before it hung up is an answer; after an abort nothing is."""
    async with adopted({"NOOP": saying(b"250 ok\r\n", pause_s=0)}) as connection:
        connection.send(b"NOOP\r\nQUIT\r\n", replies=2)
        await until(lambda: connection.fault is Fault.CLOSED)
        assert connection.replied
        if abort:
            connection.abort()
        answer = await connection.reply(5)
        assert (answer is None) == abort


ON_UVLOOP = [
    test_a_421_that_nobody_asked_for_is_noticed,
    test_a_large_message_does_not_hold_up_the_loop,
    test_a_message_crosses_tls,
]


@pytest.mark.parametrize("story", ON_UVLOOP, ids=range(len(ON_UVLOOP)))
def test_the_same_on_the_loop_of_the_proxy(story: Story) -> None:
    """Uvloop's transports have their own flow control and their own ways to end."""
    assert told_on_uvloop(story) == "uvloop"
