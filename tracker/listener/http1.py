"""HTTP/1.1 (RFC 9112) as a server speaks it, without I/O: octets in, requests out; answers to octets.

Owns: where a request ends, its bounds, what is refused as malformed, whether a connection may serve
another request, and the form of answers. The grammar is llhttp's, by httptools, in its strict mode: no
bare LF or CR, no folded fields, no space before a colon, Content-Length once and never beside
Transfer-Encoding.
Does not own: connections and their time (`connection`), or what is answered
(`tracker.redirect.redirector`).

The parser is given a head up to its end and no further, so that a second request on the same
connection is not looked at before the first is answered, and no octet of a request is read twice.
"""

import functools
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

from httptools import (
    HttpParserError,
    HttpParserInvalidURLError,
    HttpParserUpgrade,
    HttpRequestParser,
    parse_url,
)

from config.value_objects import value
from tracker.listener.limits import MAX_BODY_OCTETS, MAX_FIELDS, MAX_HEAD_OCTETS

Fields = list[tuple[bytes, bytes]]
"""Header fields in their order, names in lower case."""

_END_OF_HEAD = b"\r\n\r\n"
_HOSTS = {"1.0": (0, 1), "1.1": (1,)}
"""How often each version may have a Host field (RFC 9112 §3.2)."""
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"expect"})
"""Fields that say what follows the head; readers who follow a link send none of them."""


class BadRequest(ValueError):
    """What came is no request, or none within the bounds; nothing behind it can be read."""


class TooLarge(BadRequest):
    """It is larger than it may be: the `bound` is that of its head, fields or body."""

    def __init__(self, bound: str) -> None:
        super().__init__(f"too long: {bound}")
        self.bound = bound


@dataclass(slots=True)
class Request:
    """The head of one request. `path` and `query` are as they were sent, nothing decoded.

    `peer` is the IP address of whoever connected, None where there is none (a Unix socket).
    """

    method: str
    path: bytes
    query: bytes
    headers: Fields
    peer: str | None = None
    version: str = "1.1"
    keep_alive: bool = True
    """The connection may serve another request after this one."""
    expects_continue: bool = False
    """The client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1)."""
    tls: bool = False
    """Whoever connected did so with TLS."""


@value
class Answer:
    """A whole response; its length is told to HEAD too."""

    status: int
    content_type: bytes
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    head: bytes = field(default=b"", repr=False, compare=False)
    """What each such response begins with: all but its last fields and the empty line. Made of the others,
    where nobody has it at hand."""

    def __post_init__(self) -> None:
        if not self.head:
            fields = [b"%b: %b\r\n" % pair for pair in self.all_headers]
            object.__setattr__(self, "head", b"".join((status_line(self.status), *fields)))

    @property
    def all_headers(self) -> Fields:
        """The header fields of the response, those of its body included."""
        return [
            *self.headers,
            (b"content-type", self.content_type),
            (b"content-length", b"%d" % len(self.body)),
        ]

    def octets(self, request: Request, *, keep_alive: bool) -> bytes:
        """Return the response to `request` as it goes over the wire."""
        body = b"" if request.method == "HEAD" else self.body
        return b"".join((self.head, closing_fields(request, keep_alive=keep_alive), body))


@functools.cache
def status_line(status: int) -> bytes:
    """Return the first line of a response."""
    phrases = {each.value: each.phrase.encode() for each in HTTPStatus}
    return b"HTTP/1.1 %d %b\r\n" % (status, phrases.get(status, b""))


def closing_fields(request: Request, *, keep_alive: bool) -> bytes:
    """Return the last fields of a head: the date (RFC 9110 §6.6.1), what becomes of the connection."""
    if not keep_alive:
        return b"%bconnection: close\r\n\r\n" % date()
    if request.version == "1.0":
        return b"%bconnection: keep-alive\r\n\r\n" % date()
    return b"%b\r\n" % date()


class _Clock:
    """The Date field, written once a second."""

    second = -1
    field = b""


def date() -> bytes:
    """Return the Date field of this second, with its line end."""
    now = int(time.time())
    if now != _Clock.second:
        _Clock.second, _Clock.field = now, b"date: %b\r\n" % formatdate(now, usegmt=True).encode()
    return _Clock.field


class RequestReader:
    """Octets of one client in, its requests out, one at a time.

    Of a request with a body, `take_body` returns what came; what nobody took is passed over when the
    next request is asked for. Behind a request that does not keep the connection alive, and behind
    BadRequest, nothing is read.
    """

    def __init__(self, peer: str | None = None, *, tls: bool = False) -> None:
        self.pending = b""
        """What was received and not looked at."""
        self.body_ended = True
        """No octet of the last request's body is outstanding."""
        self._peer = peer
        self._tls = tls
        self._parser = HttpRequestParser(self)
        self._request: Request | None = None
        self._is_last = False
        self._body: list[bytes] = []
        self._body_left = 0
        self._begin_head()

    def feed(self, octets: bytes) -> None:
        """Take what the client sent."""
        self.pending = self.pending + octets if self.pending else octets

    def next_request(self) -> Request | None:
        """Return the next request, or None until more octets are here; raises BadRequest."""
        while self.pending and not self.body_ended:
            self.take_body()
        while self.pending and self._request is None and not self._is_last:
            self._read_head()
        request, self._request = self._request, None
        if request is not None:
            self._is_last = not request.keep_alive
            self._begin_head()
        return request

    def take_body(self) -> bytes:
        """Return what has come of the body of the last request; raises BadRequest."""
        if self.body_ended:
            return b""
        piece, self.pending = self.pending[: self._body_left], self.pending[self._body_left :]
        self._body_left -= len(piece)
        try:
            self._parser.feed_data(piece)
        except HttpParserError as error:
            if not self.body_ended:  # what is behind a body in chunks concerns nobody
                raise BadRequest(str(error)) from None
        if not self._body_left and not self.body_ended:
            raise TooLarge("body")
        body, self._body = b"".join(self._body), []
        return body

    def close(self) -> None:
        """Let go of the parser, which refers to us as we do to it."""
        del self._parser

    def _begin_head(self) -> None:
        self._head_octets = 0
        self._seen = b""
        self._target = b""
        self._fields: Fields = []
        self._length_octets = 0
        self._chunked = False
        self._expects_continue = False

    def _read_head(self) -> None:
        """Feed the parser what is here of a head, no further than to its end; raises BadRequest."""
        end = (self._seen + self.pending).find(_END_OF_HEAD)
        size_octets = len(self.pending)
        if end >= 0:
            size_octets = end + len(_END_OF_HEAD) - len(self._seen)
        self._head_octets += size_octets
        if self._head_octets > MAX_HEAD_OCTETS:
            raise TooLarge("head")
        piece, self.pending = self.pending[:size_octets], self.pending[size_octets:]
        self._seen = b"" if end >= 0 else (self._seen + piece)[1 - len(_END_OF_HEAD) :]
        try:
            self._parser.feed_data(piece)
        except HttpParserUpgrade:  # we speak no other protocol, and go on in none after the answer
            if self._request is not None:
                self._request.keep_alive = False
        except HttpParserError as error:
            if isinstance(error.__context__, BadRequest):
                raise error.__context__ from None
            raise BadRequest(str(error)) from None

    # What the parser calls. What is raised here, it hands on as the context of an error of its own.

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head, or of what may follow a body in chunks (trailers)."""
        if self.body_ended:
            self._fields.append((name.lower(), value))

    def _note(self, name: bytes, value: bytes) -> None:
        match name:
            case b"content-length":
                self._length_octets = int(value)
            case b"transfer-encoding":
                self._chunked = True
                if value.lower() != b"chunked":
                    raise BadRequest("a transfer coding that is not known")
            case b"expect":
                self._expects_continue = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """Make a request of the head."""
        version = self._parser.get_http_version()
        if self._request is not None or self._is_last:
            raise BadRequest("a head where none was expected")
        if len(self._fields) > MAX_FIELDS:
            raise TooLarge("fields")
        names = [name for name, _ in self._fields]
        if names.count(b"host") not in _HOSTS.get(version, ()):
            raise BadRequest("no host or several, or a version that is not known")
        if not _FRAMING.isdisjoint(names):
            for name, value in self._fields:
                self._note(name, value)
        path, query = _split(self._target)
        self.body_ended = not (self._chunked or self._length_octets)
        self._body_left = MAX_BODY_OCTETS
        if self._length_octets:
            self._body_left = min(self._length_octets, MAX_BODY_OCTETS)
        self._request = Request(
            self._parser.get_method().decode("ascii"),
            path,
            query,
            self._fields,
            self._peer,
            version,
            self._parser.should_keep_alive() and self._next_head_is_certain(),
            self._expects_continue and not self.body_ended,
            self._tls,
        )

    def _next_head_is_certain(self) -> bool:
        """Whether it is beyond doubt, for whoever passes it on as well, where the next one begins."""
        return not (
            self._chunked or self._expects_continue or self._length_octets > MAX_BODY_OCTETS
        )

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Note that nothing is outstanding."""
        self.body_ended = True


def _split(target: bytes) -> tuple[bytes, bytes]:
    """Return path and query of a request target (RFC 9112 §3.2), whose fragment is dropped."""
    if not target.startswith((b"/", b"*")):
        try:
            url = parse_url(target)  # absolute form, as proxies are asked
        except HttpParserInvalidURLError:
            return target, b""
        return url.path or b"/", url.query or b""
    path, _, query = target.partition(b"#")[0].partition(b"?")
    return path, query
