"""The connection to one client: octets and lines in, replies out, TLS from the middle of it.

Owns: reading ahead within bounds, lines within bounds and time, half-closed and lost connections,
and that nothing sent before a TLS handshake is ever read after it (RFC 3207 §4.2).
Does not own: what a line means (`proxy.session.session`), or who the client is (`trust`).

A client that closes its sending half is served to the end of what it has sent. Nothing is
cancelled because a client has gone: that shows when more is read from it, or in `lost`.
"""

import asyncio
import math
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import cast

from config.service.patience import Patience
from proxy.client.limits import (
    GREETING_PATIENCE_S,
    MAX_COMMAND_OCTETS,
    RECEIVE_OCTETS,
    RECEIVE_OF_MESSAGE_OCTETS,
    SESSION_BUFFER_OCTETS,
    WRITE_PATIENCE_S,
)


class ClientGone(ConnectionError):
    """The client has closed or lost its connection, and nothing more of it can be read."""


class LineTooLong(ValueError):
    """A line was longer than allowed; it has been read to its end and thrown away."""


class ClientConnection(asyncio.BufferedProtocol):
    """One accepted connection. One task at a time reads and writes."""

    def __init__(
        self, on_connected: Callable[["ClientConnection"], None], arriving: memoryview
    ) -> None:
        """`arriving` is where the loop puts what the kernel has, for all connections of a loop."""
        self.lost = False
        """The connection is gone in both directions."""
        self.choked = False
        """What was written last has not gone out; more has to wait, until `drain`."""
        self.tls = False
        self._on_connected = on_connected
        self._arriving = arriving
        self._transport: asyncio.Transport
        self._received = bytearray()
        self._at_once_octets = RECEIVE_OCTETS
        self._scanned = 0
        self._eof = False
        self._paused = False
        self._gathered: list[bytes] | None = None
        self._patience: Patience

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the connection over to the server."""
        self._transport = cast("asyncio.Transport", transport)
        self._patience = Patience()
        self._on_connected(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Bound what is read from one client in one iteration of the loop."""
        del sizehint
        return self._arriving[: self._at_once_octets]

    def buffer_updated(self, nbytes: int) -> None:
        """Keep what came; stop reading when the client is too far ahead of us."""
        self._received += self._arriving[:nbytes]
        if not self._paused and len(self._received) >= SESSION_BUFFER_OCTETS:
            self._paused = True
            self._transport.pause_reading()
        self._patience.end()

    def eof_received(self) -> bool:
        """Keep our half open, to reply to what was sent. TLS cannot be half-closed."""
        self._eof = True
        self._patience.end()
        return not self.tls

    def connection_lost(self, exc: Exception | None) -> None:
        """Note it; what was received before stays readable."""
        del exc
        self._eof = self.lost = True
        self._patience.end()
        self._patience.close()

    def pause_writing(self) -> None:
        """Make `drain` wait until the client has read more."""
        self.choked = True

    def resume_writing(self) -> None:
        """Let `drain` go on."""
        self.choked = False
        self._patience.end()

    # What the session calls.

    @property
    def peer(self) -> tuple[str, int]:
        """Address and port of whoever connected; ("", 0) for a connection without any."""
        name = self._transport.get_extra_info("peername")
        return (name[0], name[1]) if isinstance(name, tuple) else ("", 0)

    @property
    def local(self) -> tuple[str, int]:
        """Our own address and port of the connection; ("", 0) where there is none any more."""
        name = self._transport.get_extra_info("sockname")
        return (name[0], name[1]) if isinstance(name, tuple) else ("", 0)

    @property
    def finished(self) -> bool:
        """The client will send no more, and has sent nothing that was not read."""
        return self._eof and not self._received

    async def line(self, limit_octets: int, patience_s: float) -> bytes:
        """Return the next line, without its line end.

        Raises ClientGone, LineTooLong, or TimeoutError when it is not complete in `patience_s`.
        """
        self._at_once_octets = RECEIVE_OCTETS
        too_long = False
        due_s = self._patience.loop.time() + patience_s
        while True:
            end = self._received.find(b"\n", self._scanned)
            if 0 <= end < limit_octets and not too_long:
                line = self._take(end + 1)
                return line[:-2] if line.endswith(b"\r\n") else line[:-1]
            if end >= 0:
                self._take(end + 1)
                raise LineTooLong
            self._scanned = len(self._received)
            if self._scanned >= limit_octets:
                too_long = True
                self._take(self._scanned)
            if self._eof:
                raise ClientGone
            await self._patience.until(due_s)

    def next_line(self, limit_octets: int) -> bytes | None:
        """Return the next line if it is here and not too long, else None; it stays unread."""
        if not self._received:
            return None
        end = self._received.find(b"\n", 0, limit_octets)
        return None if end < 0 else bytes(self._received[:end]).removesuffix(b"\r")

    def skip_line(self) -> None:
        """Drop the line that `next_line` returned."""
        self._take(self._received.index(b"\n") + 1)

    async def chunk(self, patience_s: float) -> bytes:
        """Return all that has come of a message; raises ClientGone, or TimeoutError after `patience_s`.

        Once the next line is waited for, less is read at a time again.
        """
        self._at_once_octets = RECEIVE_OF_MESSAGE_OCTETS
        if not self._received:
            await self._more(self._patience.loop.time() + patience_s)
        return self._take(len(self._received))

    async def begun(self) -> None:
        """Wait until something has come; raises ClientGone."""
        while not self._received:
            await self._more()

    async def read(self, n: int = -1) -> bytes:
        """Return up to `n` octets, as `asyncio.StreamReader` does; raises ClientGone."""
        if not self._received:
            await self._more()
        return self._take(len(self._received) if n < 0 else min(n, len(self._received)))

    async def readexactly(self, n: int) -> bytes:
        """Return `n` octets; raises ClientGone."""
        while len(self._received) < n:
            await self._more()
        return self._take(n)

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        """Return everything up to and with `separator`; raises ClientGone, or LineTooLong."""
        while separator not in self._received:
            if len(self._received) > MAX_COMMAND_OCTETS:
                raise LineTooLong
            await self._more()
        return self._take(self._received.index(separator) + len(separator))

    def unread(self, octets: bytes) -> None:
        """Put `octets` back: they are the next to be read."""
        self._received[:0] = octets
        self._scanned = 0

    def send(self, octets: bytes) -> None:
        """Write a reply; on a lost connection, do nothing."""
        if self._gathered is not None:
            self._gathered.append(octets)
        elif not self.lost:
            self._transport.write(octets)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write what is sent within the block at its end, in one go."""
        gathered: list[bytes] = []
        self._gathered = gathered
        try:
            yield
        finally:
            self._gathered = None
            self.send(b"".join(gathered))

    async def drain(self) -> None:
        """Wait until the client reads on; raises TimeoutError after WRITE_PATIENCE_S."""
        due_s = self._patience.loop.time() + WRITE_PATIENCE_S
        while self.choked and not self.lost:
            await self._patience.wait_until(due_s)

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the TLS handshake as the server. What the client sent before is thrown away unread.

        Raises OSError (ssl.SSLError is one) where that fails; the connection is then lost.
        """
        self._take(len(self._received))
        await self._handshake(context)

    async def start_tls_behind_header(self, context: ssl.SSLContext) -> None:
        """Do the handshake where all that came and was not read is TLS already.

        So it is behind a PROXY header, and where a client speaks TLS from its first octet. Raises as
        `start_tls`.
        """
        loop = asyncio.get_running_loop()
        handshake = loop.create_task(self._handshake(context))
        feeding: list[asyncio.Handle] = []

        def hand_over() -> None:
            # The handshake has begun: the TLS layer takes over in the next iteration, and what is
            # due there first comes before anything that the loop reads from the client later.
            feeding.append(loop.call_soon(self._feed_to_tls))

        feeding.append(loop.call_soon(hand_over))
        try:
            await handshake
        finally:
            for each in feeding:
                each.cancel()

    async def _handshake(self, context: ssl.SSLContext) -> None:
        encrypted = await asyncio.get_running_loop().start_tls(
            self._transport,
            self,
            context,
            server_side=True,
            ssl_handshake_timeout=GREETING_PATIENCE_S,
        )
        if encrypted is None:
            raise ConnectionResetError("the client hung up amid the TLS handshake")
        self._transport = encrypted
        self.tls = True

    def _feed_to_tls(self) -> None:
        """Feed what came before to the TLS layer, which has just taken the transport over."""
        layer = cast("asyncio.BufferedProtocol", self._transport.get_protocol())
        received = self._take(len(self._received))
        while received:
            buffer = memoryview(layer.get_buffer(len(received)))
            size_octets = min(len(buffer), len(received))
            buffer[:size_octets] = received[:size_octets]
            layer.buffer_updated(size_octets)
            received = received[size_octets:]

    def close(self) -> None:
        """Close once everything written has gone out."""
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def _take(self, size_octets: int) -> bytes:
        if size_octets == len(self._received):
            taken = bytes(self._received)
            self._received.clear()
        else:
            taken = bytes(memoryview(self._received)[:size_octets])
            del self._received[:size_octets]
        self._scanned = 0
        if self._paused and len(self._received) <= SESSION_BUFFER_OCTETS // 2:
            self._paused = False
            self._transport.resume_reading()
        return taken

    def _more(self, due_s: float = math.inf) -> Awaitable[None]:
        """Wait for more to come; raises ClientGone, or TimeoutError at `due_s` by the loop's clock."""
        if self._eof:
            raise ClientGone
        return self._patience.until(due_s)
