"""The listener: sockets, and clients that send too much, too slowly or not at all."""

import asyncio
import contextlib
import resource
import socket
import ssl
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import trustme
import uvloop

from config.values import Address
from tracker import listener

LOOPBACK = Address("127.0.0.1", 0)


async def hello(scope: Any, _receive: Any, send: Any) -> None:
    """Answer everything with its own path."""
    body: bytes = scope["raw_path"]
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Served:
    """A running listener: its socket, and the event that stops it."""

    listening: socket.socket
    port: int
    stop: asyncio.Event
    task: asyncio.Task[None]

    async def talk(self, octets: bytes, *, ends: bool = True) -> bytes:
        """Send octets and give all that comes back until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        with contextlib.closing(writer):
            writer.write(octets)
            if ends:
                writer.write_eof()
            return await asyncio.wait_for(reader.read(), 10)


@contextlib.asynccontextmanager
async def serving(app: Any = hello, tls: ssl.SSLContext | None = None) -> AsyncIterator[Served]:
    """Serve an application on a free port of the loopback until the block ends."""
    sockets, stop, ready = listener.bind([LOOPBACK]), asyncio.Event(), asyncio.Event()
    port = listener.names(sockets)[0].port
    task = asyncio.create_task(listener.serve(app, sockets, stop, ready.set, tls=tls))
    await asyncio.wait_for(ready.wait(), 10)
    try:
        yield Served(sockets[0], port, stop, task)
    finally:
        stop.set()
        await asyncio.wait([task], timeout=15)


async def test_requests_are_answered_on_one_connection() -> None:
    """Keep-alive and pipelining: two requests, two answers, in their order."""
    async with serving() as served:
        answer = await served.talk(
            b"GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            ends=False,
        )
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.index(b"/one") < answer.index(b"/two")


async def test_no_banner_and_a_date() -> None:
    """RFC 9110 §6.6.1 wants a Date; nobody needs to know our software."""
    async with serving() as served:
        answer = await served.talk(b"GET / HTTP/1.0\r\n\r\n", ends=False)
    assert b"\r\ndate: " in answer
    assert b"server" not in answer.lower()


async def test_a_body_is_passed_over() -> None:
    """A large body neither fills memory nor spoils the next request of its connection."""
    head = b"POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n"
    follow = b"GET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    async with serving() as served:
        answer = await served.talk(head + b"x" * 3_000_000 + follow, ends=False)
    assert answer.count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 300_000,
        b"GET / HTTP/1.1\r\nX: " + b"a" * 300_000,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 60_000,
        b"\r\n" * 150_000,
    ],
    ids=["request line", "one header", "many headers", "empty lines"],
)
async def test_an_endless_head_is_refused(head: bytes) -> None:
    """A head that exceeds its bound gets a 400 at once, not memory."""
    async with serving() as served:
        with contextlib.suppress(ConnectionResetError):
            answer = await served.talk(head, ends=False)
            assert answer.startswith(b"HTTP/1.1 400 ")


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
        answer = await served.talk(octets, ends=False)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ", b"HTTP/1.1 200 "))


@pytest.mark.parametrize(
    "octets", [b"", b"GET / HTTP/1.1\r\nHo", b"\r\n"], ids=["nothing", "half", "blank"]
)
async def test_a_silent_client_is_dropped(octets: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not finish the head of a request in time loses the connection."""
    monkeypatch.setattr(listener, "HEAD_TIMEOUT_S", 0.2)
    async with serving() as served:
        assert await served.talk(octets, ends=False) == b""


async def test_a_dripping_client_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Octets now and then do not prolong the time for a head, before or after an answer."""
    monkeypatch.setattr(listener, "HEAD_TIMEOUT_S", 0.5)
    async with serving() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"GET /one HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"/one")
        with contextlib.suppress(ConnectionError):
            for _ in range(20):
                writer.write(b"\r\n")
                await asyncio.sleep(0.1)
            assert await asyncio.wait_for(reader.read(), 1) == b""
        writer.close()


async def test_too_many_connections_are_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound a request gets 503; those before it are served."""
    monkeypatch.setattr(listener, "connection_limit", lambda: 3)
    async with serving() as served:
        idle = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(3)]
        answer = await served.talk(b"GET / HTTP/1.0\r\n\r\n", ends=False)
        assert answer.startswith(b"HTTP/1.1 503 ")
        for _, writer in idle:
            writer.close()


async def test_a_stop_waits_for_answers_begun() -> None:
    """A reader whose click is being kept gets the redirect before the process ends."""
    begun, going_on = asyncio.Event(), asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        begun.set()
        await going_on.wait()
        await hello(scope, receive, send)

    async with serving(slow) as served:
        answering = asyncio.create_task(served.talk(b"GET /late HTTP/1.0\r\n\r\n", ends=False))
        await begun.wait()
        served.stop.set()
        await asyncio.sleep(0.3)
        going_on.set()
        assert (await answering).endswith(b"/late")


@pytest.mark.parametrize("asked", [0, 1])
async def test_a_stop_waits_for_requests_on_their_way(
    asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader has connected and not asked yet, or is about to follow another link."""
    monkeypatch.setattr(listener, "LAST_REQUEST_S", 5.0)
    async with serving() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        with contextlib.closing(writer):
            for _ in range(asked):
                writer.write(b"GET /before HTTP/1.1\r\nHost: a\r\n\r\n")
                await reader.readuntil(b"/before")
            served.stop.set()
            await _closed_to_others(served)
            writer.write(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = await asyncio.wait_for(reader.read(), 10)
    assert b"\r\nconnection: close\r\n" in answer
    assert answer.endswith(b"/late")


async def test_a_stop_waits_for_handshakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader amid the TLS handshake is ours already: nobody else could answer."""
    monkeypatch.setattr(listener, "LAST_REQUEST_S", 5.0)
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with serving(tls=context) as served:
        sock = socket.create_connection(("127.0.0.1", served.port))
        sock.settimeout(0)
        await asyncio.sleep(0.05)
        served.stop.set()
        await _closed_to_others(served)
        await asyncio.sleep(0.3)
        assert not served.task.done()
        reader, writer = await asyncio.open_connection(
            sock=sock, ssl=trusting, server_hostname="127.0.0.1"
        )
        with contextlib.closing(writer):
            writer.write(b"GET /late HTTP/1.0\r\n\r\n")
            assert (await asyncio.wait_for(reader.read(), 10)).endswith(b"/late")


async def test_a_stop_leaves_who_does_not_ask() -> None:
    """A connection that a browser opened in advance holds up nobody."""
    async with serving() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        with contextlib.closing(writer):
            served.stop.set()
            assert await asyncio.wait_for(reader.read(), 10) == b""
            await asyncio.wait_for(served.task, 10)


def test_who_is_accepted_as_the_stop_comes_is_answered() -> None:
    """The kernel has handed the connection over: no successor could answer."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, ThreadPoolExecutor() as pool:
        answer = runner.run(_stopped_while_accepting(pool))
        assert answer.result().endswith(b"/late")


async def _stopped_while_accepting(pool: ThreadPoolExecutor) -> Future[bytes]:
    sockets = listener.bind([LOOPBACK])
    settings = listener._settings(hello, listener.LimitedProtocol, 10)
    server = listener.Server(settings, lambda: None)
    settings.load()
    server.lifespan = settings.lifespan_class(settings)
    port = listener.names(sockets)[0].port
    await server.startup(sockets)
    sock = socket.create_connection(("127.0.0.1", port), timeout=10)
    # Between this turn of the loop and the first of the task it looks at its sockets.
    stopping = asyncio.create_task(server.shutdown(sockets))
    answer = pool.submit(_ask, sock)
    await stopping
    return answer


def _ask(sock: socket.socket) -> bytes:
    with sock, sock.makefile("rwb", buffering=0) as client:
        client.write(b"GET /late HTTP/1.0\r\n\r\n")
        return client.read()


async def _closed_to_others(served: Served) -> None:
    """Wait until the stop has begun."""
    async with asyncio.timeout(10):
        while served.listening.fileno() >= 0:  # noqa: ASYNC110 - a test looks from outside
            await asyncio.sleep(0.01)


async def test_cancelling_stops_as_well() -> None:
    """Whoever runs us in a task may cancel it; sockets are closed."""
    async with serving() as served:
        served.task.cancel()
        await asyncio.wait([served.task], timeout=10)
        assert served.task.cancelled()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", served.port)


def test_a_port_in_use_is_told_with_every_other_problem() -> None:
    """All addresses are tried, all problems told, and no socket is left open."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        wanted = [LOOPBACK, Address("127.0.0.1", port), Address("no-such-host.invalid", 80)]
        with pytest.raises(listener.ListenError) as caught:
            listener.bind(wanted)
    first, second = caught.value.problems
    assert first == f"cannot listen on 127.0.0.1:{port}: another program has it"
    assert second.startswith("cannot listen on no-such-host.invalid:80: ")


def test_both_families_can_share_a_port() -> None:
    """[::1] and 127.0.0.1 at once, each its own socket."""
    try:
        (six,) = listener.bind([Address("::1", 0)])
    except listener.ListenError:
        pytest.skip("this machine has no IPv6 loopback")
    port = six.getsockname()[1]
    (four,) = listener.bind([Address("127.0.0.1", port)])
    assert [str(name) for name in listener.names([six, four])] == [
        f"[::1]:{port}",
        f"127.0.0.1:{port}",
    ]
    six.close()
    four.close()


def test_descriptors_are_kept_for_the_rest_of_the_process() -> None:
    """Connections never take the last descriptors, which the spool needs."""
    limit = listener.connection_limit()
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 1 <= limit <= listener.MAX_CONNECTIONS
    assert limit + listener.SPARE_DESCRIPTORS <= soft
