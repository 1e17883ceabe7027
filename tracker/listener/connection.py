"""One connection of a client, from accept to goodbye.

Owns: when it is read from, that one request at a time is being answered, TLS where it is spoken (`tls`),
unread answers, half-closed and lost connections, and an end that does not cost the client its answer.
Does not own: where a request ends (`http1`), how long a client may take and who has to leave
(`admission`), or what is answered (`tracker.redirect.redirector`, `asgi`).

A client may send requests ahead (pipelining, RFC 9112 §9.3.2): nothing more is read before what is here
was answered, each in a turn of the event loop of its own, and nothing is answered while the client
does not read.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from config.telemetry import observe
from tracker.listener.admission import Admission, Neighbours
from tracker.listener.http1 import Answer, BadRequest, Request, RequestReader, TooLarge
from tracker.listener.limits import LINGER_S, READ_OCTETS, UNREAD_OCTETS
from tracker.listener.tls import Tls, TlsError

_TEXT = b"text/plain; charset=utf-8"
MALFORMED = Answer(400, _TEXT, b"This is no HTTP request that can be answered.\n")
FAULT = Answer(500, _TEXT, b"A fault of ours; the log says more.\n")
FULL = Answer(503, _TEXT, b"Too many connections; please try again.\n", ((b"retry-after", b"1"),))
_ANY = Request("GET", b"/", b"", [], keep_alive=False)
"""Stands for a request that could not be read."""

Handler = Callable[[Request, "Connection"], None]
"""Answers a request, now or later, by `Connection.reply` (or what `asgi` uses instead)."""


@dataclass(slots=True)
class Site:
    """What the connections of one HTTP server share."""

    handler: Handler
    admission: Admission
    tls: ssl.SSLContext | None = None
    leaving: bool = False
    """The server stops: each answer is the last of its connection."""
    arriving: memoryview = field(default_factory=lambda: memoryview(bytearray(READ_OCTETS)))
    """Where the event loop puts what the kernel has."""


class Connection(asyncio.BufferedProtocol):
    """One client's connection, and where its requests are answered."""

    neighbours: Neighbours
    rests_since_s: float

    def __init__(self, site: Site) -> None:
        self.peer: str | None = None
        """The IP address of the client; None for a Unix socket."""
        self.request: Request | None = None
        """The one being answered."""
        self.lost = False
        """The client has gone, or was sent away: nobody hears an answer."""
        self.unread = False
        """So much of the answers is unread that no more should be written."""
        self.changed: Callable[[], None] | None = None
        """Called when more of a body may be here, when `unread` ends, and when `lost` begins."""
        self._site = site
        self._transport: asyncio.Transport
        self._reader: RequestReader
        self._tls: Tls | None = None
        self._admitted = False
        self._paused = False
        self._eof = False
        self._ended = False  # what comes from now on is thrown away

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request, where there is room."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(UNREAD_OCTETS)
        name = transport.get_extra_info("peername")
        self.peer = name[0] if isinstance(name, tuple) else None
        self._admitted = self._site.admission.admit(self)
        if not self._admitted:
            self._turn_away()
            return
        self._reader = RequestReader(self.peer, tls=self._site.tls is not None)
        if self._site.tls is not None:
            self._tls = Tls(self._site.tls)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Bound what is read at one time."""
        del sizehint
        return self._site.arriving

    def buffer_updated(self, nbytes: int) -> None:
        """Take what came, and no more before all of it was used."""
        if self._ended:
            return
        octets = bytes(self._site.arriving[:nbytes])
        if self._tls is not None:
            octets = self._decrypted(self._tls, octets)
        self._reader.feed(octets)
        self._advance()
        if self._reader.pending:
            self._pause()
            self._tell()

    def eof_received(self) -> bool:
        """Keep our half open while answers are owed."""
        self._eof = True
        self._tell()
        if self._ended:
            return False
        return self.request is not None or bool(self._reader.pending)

    def connection_lost(self, exc: Exception | None) -> None:
        """Answer nobody any more."""
        del exc
        self._leave()

    def pause_writing(self) -> None:
        """Leave off: the client is to read first."""
        self.unread = True
        self._pause()
        if self._admitted:
            self._site.admission.rest(self)

    def resume_writing(self) -> None:
        """Go on, with the answer that was begun or with the next."""
        self.unread = False
        if self.request is not None:
            self._site.admission.work(self)
            self._resume()
        self._tell()
        self._advance_soon()

    # What a handler calls.

    def reply(self, answer: Answer) -> None:
        """Answer the request with a whole response."""
        request = self.request
        if request is not None:
            keep_alive = self.keeps_alive(request)
            self._send(answer.octets(request, keep_alive=keep_alive))
            self.finish(keep_alive=keep_alive)

    def keeps_alive(self, request: Request) -> bool:
        """Whether another request may follow the answer to this one."""
        return request.keep_alive and not self._site.leaving

    def write(self, octets: bytes) -> None:
        """Send a piece of a response; `finish` comes after the last. Nobody hears it once `lost`."""
        if self.request is not None:
            self._send(octets)

    def finish(self, *, keep_alive: bool) -> None:
        """Go on to the next request, or end the connection."""
        if self.request is None:
            return
        self.request = self.changed = None
        self._site.admission.rest(self)
        if not keep_alive:
            self._end(lingers=bool(self._reader.pending) or not self._reader.body_ended)
        elif self._reader.pending or self._eof:
            self._advance_soon()
        else:
            self._resume()

    def take_body(self) -> tuple[bytes, bool]:
        """Return what has come of the body, and whether more may come; raises BadRequest."""
        if self.lost:
            return b"", False
        body = self._reader.take_body()
        self._resume()
        if self._eof and not self._reader.body_ended:
            raise BadRequest("the body was broken off")
        return body, not self._reader.body_ended

    def refuse(self, error: BadRequest) -> None:
        """Answer that this is no HTTP, or too much; nothing behind it can be read."""
        if self.lost:
            return
        if isinstance(error, TooLarge):
            self._site.admission.bounds.reached(error.bound)
        self.request = self.changed = None
        self._site.admission.rest(self)
        self._send(MALFORMED.octets(_ANY, keep_alive=False))
        self._end(lingers=True)

    def close(self) -> None:
        """Close once everything written has gone out; nothing more is read."""
        self._ended = True
        if not self.lost:
            self._say_end()
            self._transport.close()

    def drop(self) -> None:
        """Close at once, whatever it is at; what the kernel holds of answers is still sent."""
        self._transport.abort()
        self._leave()

    # What happens within.

    def _send(self, octets: bytes) -> None:
        try:
            self._transport.write(octets if self._tls is None else self._tls.seal(octets))
        except TlsError:
            self.drop()

    def _decrypted(self, tls: Tls, octets: bytes) -> bytes:
        try:
            plain = tls.receive(octets)
        except TlsError:
            self.close()
            return b""
        if answer := tls.to_send():
            self._transport.write(answer)
        self._eof = self._eof or tls.ended
        return plain

    def _advance_soon(self) -> None:
        asyncio.get_running_loop().call_soon(self._advance)

    def _advance(self) -> None:
        """Begin to answer the next request, where one is here and the client reads its answers."""
        if self.request is not None or self.unread or self._ended:
            return
        try:
            self.request = request = self._reader.next_request()
        except BadRequest as error:
            self.refuse(error)
            return
        if request is not None:
            self._answer(request)
        elif self._eof:
            self.close()
        else:
            self._resume()

    def _answer(self, request: Request) -> None:
        self._site.admission.work(self)
        try:
            self._site.handler(request, self)
        except Exception as error:  # noqa: BLE001 - whatever it is, others are to be answered
            observe.log(observe.REQUEST_FAILED, error=repr(error))
            self.reply(FAULT)

    def _end(self, *, lingers: bool) -> None:
        """Close when the answer is out and the client has heard that there is no other."""
        self._ended = True
        if self._eof or not lingers:
            self.close()
            return
        self._resume()
        self._say_end()
        if not self.lost:
            self._transport.write_eof()
        asyncio.get_running_loop().call_later(LINGER_S, self.drop)

    def _say_end(self) -> None:
        """Have TLS say that nothing more comes."""
        if self._tls is not None and (octets := self._tls.end()):
            self._transport.write(octets)

    def _turn_away(self) -> None:
        """Refuse at accept: there is no room."""
        observe.HTTP_CONNECTIONS_REFUSED.inc()
        self._ended = True
        if self._site.tls is None:
            self._transport.write(FULL.octets(_ANY, keep_alive=False))
        self._transport.close()

    def _leave(self) -> None:
        self._ended = self.lost = True
        self.request = None
        if self._admitted:
            self._admitted = False
            self._site.admission.leave(self)
            self._reader.close()
        self._tell()

    def _tell(self) -> None:
        if self.changed is not None:
            self.changed()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        """Read on, where what was read is used up and the client reads as well."""
        if self._paused and (self._ended or not (self.unread or self._reader.pending)):
            self._paused = False
            self._transport.resume_reading()
