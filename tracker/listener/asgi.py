"""An ASGI application behind our HTTP server: how the admin pages and the API are served.

Owns: what ASGI (version 3, HTTP only) says that a server does: the scope, bodies as they come,
responses in pieces, a client that has gone.
Does not own: connections and their bounds (`connection`), or the application
(`tracker.admin.admin`).

Bodies are handed over as they come, and read no faster than the application takes them; `send`
waits while the client does not read.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote

from starlette.requests import ClientDisconnect

from config.telemetry import observe
from tracker.listener.connection import FAULT, Connection, Handler
from tracker.listener.http1 import BadRequest, Fields, Request, closing_fields, status_line

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Scope

_UNFIT = frozenset(b"\r\n\x00")
"""Octets that would end a header field, and begin another."""
_WITHOUT_BODY = frozenset({204, 304})


def serving(app: "ASGIApp") -> Handler:
    """Return the handler that has `app` answer."""
    tasks: set[asyncio.Task[None]] = set()

    def handle(request: Request, connection: Connection) -> None:
        exchange = _Exchange(request, connection)
        task = asyncio.get_running_loop().create_task(exchange.run(app))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return handle


class _Exchange:
    """One request and its response."""

    def __init__(self, request: Request, connection: Connection) -> None:
        self._request = request
        self._connection = connection
        self._changed = asyncio.Event()
        self._more_body = True
        self._waits_for_continue = request.expects_continue
        self._start: Message | None = None
        self._framing = _Framing()
        self._begun = False
        self._ended = False
        connection.changed = self._changed.set

    async def run(self, app: "ASGIApp") -> None:
        """Have the request answered, whatever the application does."""
        try:
            await app(self._scope(), self._receive, self._send)
        except ClientDisconnect:
            pass  # gone, or refused, before its body had come: no fault of ours
        except Exception as error:  # noqa: BLE001 - whatever it is, others are to be answered
            observe.log(observe.REQUEST_FAILED, error=repr(error))
        if not self._begun:
            self._connection.reply(FAULT)
        elif not self._ended:  # half an answer: the client is to notice
            self._connection.drop()

    def _scope(self) -> "Scope":
        request = self._request
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": request.version,
            "method": request.method,
            "scheme": "http",
            "path": unquote(request.path.decode("ascii")),
            "raw_path": request.path,
            "query_string": request.query,
            "root_path": "",
            "headers": request.headers,
            "client": (request.peer, 0) if request.peer else None,
            "server": None,
        }

    async def _receive(self) -> "Message":
        """Return the next piece of the body; behind it, wait for the end of the exchange."""
        if self._waits_for_continue:
            self._waits_for_continue = False
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not (self._ended or self._connection.lost):
            self._changed.clear()
            if self._more_body:
                try:
                    body, self._more_body = self._connection.take_body()
                except BadRequest as error:
                    self._connection.refuse(error)
                    break
                if body or not self._more_body:
                    return {"type": "http.request", "body": body, "more_body": self._more_body}
            await self._changed.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: "Message") -> None:
        """Take the start of the response, or a piece of its body; the start waits for the first."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start is None or self._ended:
            raise RuntimeError("a body without a response")
        body, more = message.get("body", b""), message.get("more_body", False)
        head = b"" if self._begun else self._head(self._start, body, more=more)
        octets = head + self._framing.piece(body, more=more)
        self._begun = True
        self._connection.write(octets)
        await asyncio.sleep(0)  # a response without end must not keep the event loop for itself
        while more and self._connection.unread and not self._connection.lost:
            self._changed.clear()
            await self._changed.wait()
        if not more:
            self._ended = True
            self._changed.set()
            self._connection.finish(keep_alive=self._framing.keep_alive)

    def _head(self, start: "Message", body: bytes, *, more: bool) -> bytes:
        """Return the head of the response; its first piece says how it can be framed."""
        request, status, fields = self._request, start["status"], list(start.get("headers", ()))
        if any(not _UNFIT.isdisjoint(name + value) for name, value in fields):
            raise ValueError("a header field with a line end in it")
        self._framing = _Framing.of(request, status, fields, None if more else len(body))
        self._framing.keep_alive &= self._connection.keeps_alive(request)
        return b"".join(
            (
                status_line(status),
                *(b"%b: %b\r\n" % pair for pair in fields),
                closing_fields(request, keep_alive=self._framing.keep_alive),
            )
        )


@dataclass(slots=True)
class _Framing:
    """How the body of a response is told from what follows (RFC 9112 §6.3)."""

    in_chunks: bool = False
    is_empty: bool = False
    left_octets: int | None = None
    """What of Content-Length was not sent yet."""
    keep_alive: bool = True

    @classmethod
    def of(cls, request: Request, status: int, fields: Fields, whole_octets: int | None) -> Self:
        """Choose for this response, adding a field where none says it.

        `whole_octets` is the length of the body, None where it is not known yet.
        """
        lengths = [int(value) for name, value in fields if name.lower() == b"content-length"]
        if request.method == "HEAD" or status in _WITHOUT_BODY:
            return cls(is_empty=True)
        if lengths:
            return cls(left_octets=lengths[0])
        if whole_octets is not None:
            fields.append((b"content-length", b"%d" % whole_octets))
            return cls(left_octets=whole_octets)
        if request.version == "1.0":
            return cls(keep_alive=False)
        fields.append((b"transfer-encoding", b"chunked"))
        return cls(in_chunks=True)

    def piece(self, body: bytes, *, more: bool) -> bytes:
        """Return a piece of the body as it goes over the wire; raises ValueError for one too many."""
        if self.is_empty:
            return b""
        if self.left_octets is not None:
            self.left_octets -= len(body)
            if self.left_octets < 0 or (self.left_octets and not more):
                raise ValueError("a body of another length than Content-Length")
        if not self.in_chunks:
            return body
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return chunk if more else chunk + b"0\r\n\r\n"
