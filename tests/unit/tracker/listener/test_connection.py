"""Connections over real sockets: clients that send too much, too slowly, or never read."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import MutableMapping
from typing import Any

import pytest
import trustme
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from config.telemetry.observe import REGISTRY
from tests.support.feeding import metric
from tests.support.http_server import echo, serving
from tests.support.waiting_in_loop import until
from tracker.listener import admission
from tracker.listener.connection import Connection
from tracker.listener.http1 import Answer, Request

ONE = b"GET /one HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make the TLS contexts of a server and of a client that trusts it."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return context, trusting


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give clients a third of a second for whatever they owe."""
    monkeypatch.setattr(admission, "PATIENCE_S", 0.3)
    monkeypatch.setattr(admission, "SWEEP_S", 0.05)


async def test_requests_are_answered_on_one_connection() -> None:
    """Keep-alive and pipelining: two requests, two answers, in their order."""
    async with serving() as served:
        answer = await served.talk(ONE + LAST)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.index(b"/one") < answer.index(b"/two")


async def test_a_client_that_closes_its_half_is_answered() -> None:
    """All that it has sent before; then the connection ends."""
    async with serving() as served:
        answer = await served.talk(ONE * 3, ends=True)
        assert answer.count(b"/one") == 3
        assert await served.talk(b"GET /half HTTP/1.1\r\nHo", ends=True) == b""


@pytest.mark.parametrize("framing", [b"Content-Length: 3000000", b"Content-Length: 3"])
async def test_a_body_is_passed_over(framing: bytes) -> None:
    """It neither fills memory nor spoils the next request of its connection."""
    size = int(framing.partition(b": ")[2])
    async with serving() as served:
        answer = await served.talk(
            b"POST /one HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n" + b"x" * size + LAST
        )
    assert answer.count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 5000000",
        b"Transfer-Encoding: chunked",
        b"Content-Length: 9\r\nExpect: 100-continue",
    ],
)
async def test_a_body_that_leaves_doubt_ends_the_connection(framing: bytes) -> None:
    """The answer arrives all the same, though octets are on their way that nobody reads."""
    async with serving() as served:
        head = b"POST /one HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n"
        answer = await served.talk(head + b"1\r\n" * 300_000 + LAST)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"\r\nconnection: close\r\n" in answer
    assert b"/two" not in answer


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 300_000,
        b"GET / HTTP/1.1\r\nX: " + b"a" * 300_000,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 60_000,
        b"\r\n" * 150_000,
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 60_000 + b"\r\n\r\n",
    ],
    ids=["request line", "one header", "many headers", "empty lines", "complete"],
)
async def test_a_large_head_is_refused(head: bytes) -> None:
    """A 400 that arrives, though the client goes on sending; not memory."""
    async with serving() as served:
        assert (await served.talk(head)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "octets",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"nonsense\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\n\r\n",
    ],
    ids=["TLS", "words", "eight bits"],
)
async def test_what_is_no_http_is_refused(octets: bytes) -> None:
    """A 400 and the end of the connection, and nothing in the log (warnings are errors here)."""
    async with serving() as served:
        assert (await served.talk(octets)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "octets", [b"", b"GET / HTTP/1.1\r\nHo", b"\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"],
    ids=["nothing", "half", "blank", "body"],
)  # fmt: skip
@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_silent_client_is_dropped(
    octets: bytes, contexts, impatient: None, *, encrypted: bool
) -> None:
    """Who does not finish a request in time loses the connection, with TLS as without."""
    async with serving(contexts=contexts if encrypted else None) as served:
        answer = await served.talk(octets)
        assert (b"200 OK" in answer) is octets.startswith(b"POST")


@pytest.mark.parametrize("encrypted", [False, True])
async def test_an_idle_connection_is_closed(contexts, impatient: None, *, encrypted: bool) -> None:
    """As long after an answer as before a request."""
    async with serving(contexts=contexts if encrypted else None) as served:
        assert (await served.talk(ONE)).endswith(b"/one")


async def test_a_client_that_never_shakes_hands_is_dropped(contexts, impatient: None) -> None:
    """TLS begins with the client; its silence uses up the same time."""
    async with serving(contexts=contexts) as served:
        served.tls = None
        assert await served.talk(b"\x16\x03\x01") == b""


async def test_a_dripping_client_is_dropped(impatient: None) -> None:
    """Octets now and then do not prolong the time for a head, before or after an answer."""
    async with serving() as served:
        for before in (b"", ONE):
            reader, writer = await served.connect()
            writer.write(before)
            if before:
                await reader.readuntil(b"/one")
            dropped = asyncio.create_task(reader.read())
            async with asyncio.timeout(60):
                with contextlib.suppress(RuntimeError):  # of who writes to what is closed
                    while not dropped.done():
                        writer.write(b"\r\n")
                        await asyncio.sleep(0.05)
                with contextlib.suppress(ConnectionError):
                    assert await dropped == b""
            writer.close()


class Counting:
    """Counts what is answered, with answers of a size of their own."""

    def __init__(self, size_octets: int) -> None:
        self.count = 0
        self._body = b"x" * size_octets

    def __call__(self, request: Request, client: Connection) -> None:
        """Answer one request."""
        self.count += 1
        client.reply(Answer(200, b"text/plain", self._body))


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("size_octets", [10, 100_000])
async def test_who_does_not_read_is_not_answered_any_more(
    size_octets: int, contexts, *, encrypted: bool
) -> None:
    """What waits in memory is bounded; once the client reads, it gets all answers."""
    handler = Counting(size_octets)
    asked = 20_000 if size_octets < 1000 else 200
    async with serving(handler, contexts=contexts if encrypted else None) as served:
        reader, writer = await served.connect()
        reader._transport.pause_reading()
        writer.write(ONE * (asked - 1) + LAST)
        before = -1
        while handler.count != before:
            before = handler.count
            await asyncio.sleep(0.3)
        assert handler.count < asked
        reader._limit = 1 << 30  # a stream that pauses by itself may lose what TLS had at the end
        reader._transport.resume_reading()
        answers = await asyncio.wait_for(reader.read(), 60)
        assert answers.count(b"HTTP/1.1 200 OK") == asked
        writer.close()


@pytest.mark.parametrize("encrypted", [False, True])
async def test_who_never_reads_is_dropped(contexts, impatient: None, *, encrypted: bool) -> None:
    """Though it goes on sending, or waits."""
    async with serving(Counting(100_000), contexts=contexts if encrypted else None) as served:
        reader, writer = await served.connect()
        reader._transport.pause_reading()
        writer.write(ONE * 1000)
        before = metric("waypost_http_connections_closed_total", why="time")
        await until(lambda: metric("waypost_http_connections_closed_total", why="time") > before)
        await until(lambda: metric("waypost_http_connections", listener="test") == 0)
        writer.transport.abort()


async def test_one_client_that_pipelines_leaves_others_their_turn() -> None:
    """Each of its requests has a turn of the event loop of its own."""
    turns: list[bytes] = []
    others: list[asyncio.StreamWriter] = []

    def noting(request: Request, client: Connection) -> None:
        if not turns:
            others[0].write(b"GET /other HTTP/1.0\r\n\r\n")
        turns.append(request.path)
        echo(request, client)

    async with serving(noting) as served:
        other, writer = await served.connect()
        others.append(writer)
        with contextlib.closing(writer):
            await served.talk(ONE * 300 + LAST)
            await other.read()
        assert turns.index(b"/other") < 300


async def test_an_answer_that_comes_too_late_is_for_nobody(
    logged: list[MutableMapping[str, Any]],
) -> None:
    """A client that went away meanwhile is no fault."""
    waiting: list[Connection] = []

    async with serving(lambda _request, client: waiting.append(client)) as served:
        _, writer = await served.connect()
        writer.write(ONE)
        await until(lambda: waiting)
        reset = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        writer.transport.abort()
        await until(lambda: waiting[0].lost)
        waiting[0].reply(Answer(200, b"text/plain", b""))
        await until(lambda: metric("waypost_http_connections", listener="test") == 0)
    assert logged == []


async def test_a_fault_of_the_handler_is_answered() -> None:
    """With 500; other requests of the same connection are answered."""

    def faulty(request: Request, client: Connection) -> None:
        if request.path == b"/one":
            raise ZeroDivisionError
        echo(request, client)

    async with serving(faulty) as served:
        answer = await served.talk(ONE + LAST)
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.endswith(b"/two")


async def test_beyond_the_bound_the_longest_idle_makes_room() -> None:
    """Whoever comes is answered; whoever is being answered is not sent away for it."""
    waiting: list[Connection] = []

    def handler(request: Request, client: Connection) -> None:
        if request.path == b"/one":
            waiting.append(client)
        else:
            echo(request, client)

    async with serving(handler, most=3) as served:
        busy_reader, busy = await served.connect()
        busy.write(ONE)
        await until(lambda: waiting)
        idle = [await served.connect() for _ in range(2)]
        assert (await served.talk(LAST)).endswith(b"/two")
        assert await asyncio.wait_for(idle[0][0].read(), 5) == b""
        waiting[0].reply(Answer(200, b"text/plain", b"late"))
        assert (await asyncio.wait_for(busy_reader.readuntil(b"late"), 5)).endswith(b"late")
        for _, writer in [*idle, (None, busy)]:
            writer.close()


async def test_where_all_are_being_answered_others_are_told_to_come_back() -> None:
    """At accept, without a request being read."""
    waiting: list[Connection] = []
    async with serving(lambda _request, client: waiting.append(client), most=2) as served:
        writers = [(await served.connect())[1] for _ in range(2)]
        for writer in writers:
            writer.write(ONE)
        await until(lambda: len(waiting) == 2)
        before = metric("waypost_http_connections_refused_total")
        assert (await served.talk(b"")).startswith(b"HTTP/1.1 503 ")
        assert metric("waypost_http_connections_refused_total") == before + 1
        for client, writer in zip(waiting, writers, strict=True):
            client.reply(Answer(200, b"text/plain", b""))
            writer.close()


async def test_a_network_makes_room_for_itself_first() -> None:
    """Idle connections of one address cost no other its own."""
    async with serving(share=3) as served:
        mine = await served.connect("127.0.0.2")
        theirs = [await served.connect() for _ in range(20)]
        closed = [asyncio.create_task(reader.read()) for reader, _ in theirs]
        await asyncio.wait(closed, timeout=0.5)
        assert sum(task.done() for task in closed) == 17
        assert (await served.talk(LAST)).endswith(b"/two")
        mine[1].write(LAST)
        assert (await asyncio.wait_for(mine[0].read(), 5)).endswith(b"/two")
        for task in closed:
            task.cancel()
        for _, writer in [mine, *theirs]:
            writer.close()


PIECES = st.sampled_from(
    [
        ONE,
        LAST,
        ONE * 40,
        b"\r\n",
        b"GET / HTTP/1.1\r\nX",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        b"12345",
        b"\n",
    ]
)


@settings(max_examples=40, deadline=None)
@given(pieces=st.lists(PIECES | st.binary(max_size=30), max_size=6), ends=st.booleans())
def test_whatever_comes_is_answered_or_refused_and_ends(*, pieces: list[bytes], ends: bool) -> None:
    """No fault of ours, nothing in the log, no connection that stays."""
    answer = uvloop.run(_said(pieces, ends=ends))
    assert not answer or answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 400 "))
    assert b" 500 " not in answer


async def _said(pieces: list[bytes], *, ends: bool) -> bytes:
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))
    async with serving() as served:
        reader, writer = await served.connect()
        with contextlib.suppress(OSError, RuntimeError):
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0)
            if ends:
                writer.write_eof()
        await asyncio.sleep(0.01)
        served.stop.set()
        answer = b""
        with contextlib.suppress(OSError):  # the end of a connection that is closed already
            answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert not faults
    assert REGISTRY.get_sample_value("waypost_http_connections", {"listener": "test"}) == 0
    return answer
