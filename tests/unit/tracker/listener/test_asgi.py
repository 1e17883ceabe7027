"""ASGI applications behind the HTTP server, asked over real sockets."""

import asyncio
import contextlib
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.feeding import metric
from tests.support.http_server import serving
from tests.support.log_lines import capture_logs
from tracker.listener import admission, asgi
from tracker.listener.limits import MAX_BODY_OCTETS

START = {"type": "http.response.start", "status": 200, "headers": []}
PIECE = {"type": "http.response.body", "body": b"piece", "more_body": True}
END = {"type": "http.response.body", "body": b"end"}


def sending(*messages: dict[str, Any]) -> Any:
    """Make an application that says these messages, whatever it is asked."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return asgi.serving(app)


def ask(path: str = "/", method: str = "GET", version: str = "1.1", more: str = "") -> bytes:
    """Ask for a path, on a connection of its own."""
    return f"{method} {path} HTTP/{version}\r\nHost: a\r\nConnection: close\r\n{more}\r\n".encode()


async def test_the_scope_says_what_was_asked() -> None:
    """As ASGI names it; the path is decoded, the raw path is not."""
    scopes: list[dict[str, Any]] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        scopes.append(scope)
        await send(START)
        await send(END)

    async with serving(asgi.serving(app)) as served:
        await served.talk(ask("/a%2Fb?c=%20", more="X-Y: z\r\n"))
    (scope,) = scopes
    assert (scope["type"], scope["method"], scope["http_version"]) == ("http", "GET", "1.1")
    assert (scope["path"], scope["raw_path"]) == ("/a/b", b"/a%2Fb")
    assert scope["query_string"] == b"c=%20"
    assert (b"x-y", b"z") in scope["headers"]
    assert scope["client"][0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("method", "version", "messages", "said"),
    [
        ("GET", "1.1", [START, END], b"content-length: 3\r\n|end"),
        ("GET", "1.0", [START, END], b"content-length: 3\r\n|end"),
        (
            "GET", "1.1", [START, PIECE, PIECE, END],
            b"transfer-encoding: chunked\r\n|5\r\npiece\r\n5\r\npiece\r\n3\r\nend\r\n0\r\n\r\n",
        ),
        ("GET", "1.0", [START, PIECE, END], b"|pieceend"),
        ("HEAD", "1.1", [START, END], b"|"),
        ("GET", "1.1", [{**START, "status": 204}, {**END, "body": b""}], b"|"),
        (
            "GET", "1.1", [{**START, "headers": [(b"Content-Length", b"8")]}, PIECE, END],
            b"Content-Length: 8\r\n|pieceend",
        ),
    ],
)  # fmt: skip
async def test_a_response_is_framed(
    method: str, version: str, messages: list[dict[str, Any]], said: bytes
) -> None:
    """By its length, in chunks, or by the end of the connection (RFC 9112 §6.3)."""
    async with serving(sending(*messages)) as served:
        answer = await served.talk(ask(method=method, version=version))
    head, _, body = answer.partition(b"\r\n\r\n")
    field, _, rest = said.partition(b"|")
    assert body == rest
    assert field.strip() in head
    for other in (b"content-length", b"transfer-encoding"):
        assert (other in head.lower()) is (other in field.lower())


async def test_a_connection_goes_on_after_each_kind_of_response() -> None:
    """But where its end is what ends the response."""
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    for messages in ([START, END], [START, PIECE, END]):
        async with serving(sending(*messages)) as served:
            answer = await served.talk(request * 2 + ask())
            assert answer.count(b"HTTP/1.1 200 OK") == 3


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [START],
        [END],
        [{**START, "headers": [(b"x", b"a\r\nb: c")]}, END],
        [{**START, "headers": [(b"content-length", b"9")]}, END],
        [{**START, "headers": [(b"content-length", b"1")]}, END],
    ],
    ids=["nothing", "only a start", "no start", "split field", "too short", "too long"],
)
async def test_a_faulty_application_is_a_500(messages: list[dict[str, Any]]) -> None:
    """And never half a response that looks whole."""
    async with serving(sending(*messages)) as served:
        answer = await served.talk(ask())
    assert answer.startswith(b"HTTP/1.1 500 ")


async def test_an_application_that_fails_amid_its_response_breaks_it_off() -> None:
    """The client misses the last chunk."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        await send(PIECE)
        raise ZeroDivisionError

    async with serving(asgi.serving(app)) as served:
        answer = await served.talk(ask())
    assert answer.endswith(b"piece\r\n")


async def read_all(request: Request) -> Response:
    """Answer with what was posted."""
    return Response(await request.body())


ECHO = asgi.serving(Starlette(routes=[Route("/", read_all, methods=["GET", "POST"])]))


@pytest.mark.parametrize("size", [0, 5, 100_000])
async def test_a_body_is_read(size: int) -> None:
    """Of known length; and the connection goes on."""
    body = b"x" * size
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size
    async with serving(ECHO) as served:
        answer = await served.talk((head + body) * 2 + ask())
    assert answer.count(b"\r\n\r\n" + body) >= 2
    assert answer.count(b"HTTP/1.1 200 OK") == 3


async def test_a_body_in_chunks_is_read() -> None:
    """However they come."""
    async with serving(ECHO) as served:
        reader, writer = await served.connect()
        for piece in (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
            b"c\r\n3",
            b"\r\ndef\r\n0\r\n\r\n",
        ):
            writer.write(piece)
            await asyncio.sleep(0.05)
        assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"\r\n\r\nabcdef")
        writer.close()


async def test_a_client_that_waits_to_be_asked_for_its_body_is_asked() -> None:
    """RFC 9110 §10.1.1; only where the application wants the body."""
    more = "Content-Length: 3\r\nExpect: 100-continue\r\n"
    async with serving(ECHO) as served:
        reader, writer = await served.connect()
        writer.write(ask(method="POST", more=more))
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"abc")
        assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"\r\n\r\nabc")
        writer.close()
    async with serving(sending(START, END)) as served:
        assert b"100 Continue" not in await served.talk(ask(method="POST", more=more))


@pytest.mark.parametrize(
    ("framing", "body"),
    [("Transfer-Encoding: chunked", b"x\r\n"), ("Content-Length: 9", b"half")],
)
async def test_a_body_that_is_none_or_broken_off_is_never_taken_for_whole(
    framing: str, body: bytes
) -> None:
    """The client hears 400; nothing is said behind it."""
    async with serving(ECHO) as served:
        answer = await served.talk(
            ask(method="POST", more=f"{framing}\r\n") + body, ends=framing.startswith("C")
        )
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_a_body_that_is_too_long_is_refused_and_told() -> None:
    """The one bound that only an application meets, as others pass bodies over."""
    more = f"Content-Length: {MAX_BODY_OCTETS + 1}\r\n"
    body = b"x" * (MAX_BODY_OCTETS + 1)
    with capture_logs() as logged:
        async with serving(ECHO) as served:
            answer = await served.talk(ask(method="POST", more=more) + body)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert [(line["event"], line["bound"]) for line in logged] == [("http_bound_reached", "body")]


async def test_a_long_response_waits_for_its_reader() -> None:
    """No more is made than the client takes; then it gets all of it."""
    made = 0

    async def pieces() -> Any:
        nonlocal made
        for _ in range(500):
            made += 1
            yield b"x" * 10_000

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await StreamingResponse(pieces())(scope, receive, send)

    async with serving(asgi.serving(app)) as served:
        reader, writer = await served.connect()
        reader._transport.pause_reading()
        writer.write(ask())
        before = -1
        while made != before:
            before = made
            await asyncio.sleep(0.2)
        assert made < 500
        reader._transport.resume_reading()
        answer = await asyncio.wait_for(reader.read(), 20)
        assert (answer.count(b"x"), answer[-5:]) == (5_000_000, b"0\r\n\r\n")
        writer.close()


async def test_an_application_hears_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """In time, so that nothing is held for such a client."""
    monkeypatch.setattr(admission, "PATIENCE_S", 0.3)
    monkeypatch.setattr(admission, "SWEEP_S", 0.05)
    ended = asyncio.Event()
    before = metric("waypost_http_connections_closed_total", why="time")

    async def pieces() -> Any:
        while True:
            yield b"x" * 10_000

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await StreamingResponse(pieces())(scope, receive, send)
        ended.set()

    async with serving(asgi.serving(app)) as served:
        reader, writer = await served.connect()
        reader._transport.pause_reading()
        writer.write(ask())
        await asyncio.wait_for(ended.wait(), 10)
        assert metric("waypost_http_connections_closed_total", why="time") == before + 1
        writer.transport.abort()


async def test_requests_of_others_go_on_meanwhile() -> None:
    """One that takes long holds up no other."""
    going_on = asyncio.Event()

    async def slow(_request: Request) -> Response:
        await going_on.wait()
        return PlainTextResponse("slow")

    async def quick(_request: Request) -> Response:
        return PlainTextResponse("quick")

    app = Starlette(routes=[Route("/slow", slow), Route("/quick", quick)])
    async with serving(asgi.serving(app)) as served:
        waiting = asyncio.create_task(served.talk(ask("/slow")))
        await asyncio.sleep(0.05)
        assert (await served.talk(ask("/quick"))).endswith(b"quick")
        going_on.set()
        assert (await waiting).endswith(b"slow")


async def test_a_client_that_goes_away_is_no_fault() -> None:
    """Whatever the application says then is for nobody, and no error in the log."""
    with capture_logs() as logged:
        await leave_and_come_back()
    assert logged == []


async def leave_and_come_back() -> None:
    """Hang up amid a body; then ask for something."""
    async with serving(ECHO) as served:
        _, writer = await served.connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        await asyncio.sleep(0.05)
        with contextlib.suppress(ConnectionError):
            writer.transport.abort()
        await asyncio.sleep(0.05)
        assert (await served.talk(ask())).startswith(b"HTTP/1.1 200 ")
