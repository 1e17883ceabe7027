"""The HTTP server, from start to stop: nothing that was begun is broken off."""

import asyncio
import contextlib
import socket
import ssl
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import trustme
import uvloop

from tests.support.http_server import LOOPBACK, echo, serving
from tests.support.waiting_in_loop import until
from tracker.listener import server, sockets
from tracker.listener.admission import Admission

ASK = b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_a_stop_waits_for_answers_begun() -> None:
    """A reader whose click is being kept gets the redirect before the process ends."""
    waiting = []
    async with serving(lambda *each: waiting.append(each)) as served:
        answering = asyncio.create_task(served.talk(ASK))
        await until(lambda: waiting)
        served.stop.set()
        await asyncio.sleep(0.3)
        echo(*waiting[0])
        assert (await answering).endswith(b"/late")


@pytest.mark.parametrize("asked", [0, 1])
async def test_a_stop_waits_for_requests_on_their_way(
    asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader has connected and not asked yet, or is about to follow another link."""
    monkeypatch.setattr(server, "LAST_REQUEST_S", 5.0)
    async with serving() as served:
        reader, writer = await served.connect()
        with contextlib.closing(writer):
            for _ in range(asked):
                writer.write(b"GET /before HTTP/1.1\r\nHost: a\r\n\r\n")
                await reader.readuntil(b"/before")
            served.stop.set()
            await served.closed_to_others()
            writer.write(ASK)
            answer = await asyncio.wait_for(reader.read(), 10)
    assert b"\r\nconnection: close\r\n" in answer
    assert answer.endswith(b"/late")


async def test_a_stop_waits_for_handshakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader amid the TLS handshake is ours already: nobody else could answer."""
    monkeypatch.setattr(server, "LAST_REQUEST_S", 5.0)
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with serving(contexts=(context, trusting)) as served:
        sock = socket.create_connection(("127.0.0.1", served.port))
        sock.settimeout(0)
        await asyncio.sleep(0.05)
        served.stop.set()
        await served.closed_to_others()
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
        reader, writer = await served.connect()
        with contextlib.closing(writer):
            served.stop.set()
            assert await asyncio.wait_for(reader.read(), 10) == b""
            await asyncio.wait_for(served.task, 10)


async def test_a_stop_ends_though_an_answer_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a client that never reads hold it up."""
    monkeypatch.setattr(server, "LAST_REQUEST_S", 0.1)
    monkeypatch.setattr(server, "STOP_TIMEOUT_S", 0.2)
    waiting = []
    async with serving(lambda _request, client: waiting.append(client)) as served:
        reader, writer = await served.connect()
        writer.write(ASK)
        await until(lambda: waiting)
        served.stop.set()
        await asyncio.wait_for(served.task, 60)
        assert waiting[0].lost
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


def test_who_is_accepted_as_the_stop_comes_is_answered() -> None:
    """The kernel has handed the connection over: no successor could answer."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, ThreadPoolExecutor() as pool:
        answer = runner.run(_stopped_while_accepting(pool))
        assert answer.result().endswith(b"/late")


async def _stopped_while_accepting(pool: ThreadPoolExecutor) -> Future[bytes]:
    listening = sockets.bind([LOOPBACK])
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(
        server.serve(echo, listening, stop, Admission("test", 10, 10), on_ready=ready.set)
    )
    await ready.wait()
    sock = socket.create_connection(listening[0].getsockname(), timeout=10)
    # Between this turn of the loop and that in which the stop begins, it looks at its sockets.
    stop.set()
    answer = pool.submit(_ask, sock)
    await serving
    return answer


def _ask(sock: socket.socket) -> bytes:
    with sock, sock.makefile("rwb", buffering=0) as client:
        client.write(b"GET /late HTTP/1.0\r\n\r\n")
        return client.read()


async def test_cancelling_stops_as_well() -> None:
    """Whoever runs us in a task may cancel it; sockets are closed."""
    async with serving() as served:
        served.task.cancel()
        await asyncio.wait([served.task], timeout=10)
        assert served.task.cancelled()
        with pytest.raises(ConnectionRefusedError):
            await served.connect()
