"""One connection to the relay: octets out with back-pressure, raw replies in, faults noticed.

Owns: reading replies as they came (RFC 5321 §4.2), which reply answers which command, a reply
that nobody asked for (RFC 5321 §3.8: a 421 may come at any time), and timers that any progress
restarts (§4.5.3.2).
Does not own: how the connection is made (`dial`), or what is said on it (`session`).

Nothing here raises for what a relay does: a connection that cannot be used any more has a
`fault`, and no more replies.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Self, cast

from config.service.patience import Patience
from proxy.smtp.replies import (
    CLOSING_CODE,
    MAX_REPLY_LINE_OCTETS,
    BadReply,
    Reply,
    ReplyParser,
)


class Fault(StrEnum):
    """Why a connection to the relay cannot be used any more."""

    CLOSED = "closed"
    """The relay closed it, or its half of it."""
    RESET = "reset"
    """It broke: reset, unreachable, a TLS error."""
    CLOSING = "closing"
    """The relay said 421."""
    TIMED_OUT = "timed_out"
    """The relay did nothing for too long."""
    UNASKED = "unasked"
    """A reply came that answers no command, other than 421."""
    UNINTELLIGIBLE = "unintelligible"
    """What came is no reply of RFC 5321 §4.2, or one that may not come where it came."""
    GIVEN_UP = "given_up"
    """We dropped it ourselves."""


class RelayConnection(asyncio.Protocol):
    """The transport to a relay, past greeting and TLS. One task at a time may use it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.fault: Fault | None = None
        self.fault_detail = ""
        self._patience = Patience()
        self.spoke_at_s = self._patience.loop.time()
        """When something was last sent, by the loop's clock."""
        self._transport = transport
        self._parser = ReplyParser()
        self.choked = False
        """What was written last has not gone out; more has to wait, until `drained`."""
        self._partial_line = b""
        self._replies: deque[Reply] = deque()
        self._outstanding = 0
        self._on_fault: list[Callable[[], None]] = []

    @classmethod
    def adopt(cls, transport: asyncio.BaseTransport) -> Self:
        """Take `transport` over from the protocol that opened it."""
        connection = cls(cast("asyncio.Transport", transport))
        transport.set_protocol(connection)
        if transport.is_closing():
            connection._break(Fault.CLOSED)
        return connection

    # What the event loop calls.

    def data_received(self, data: bytes) -> None:
        """Put together replies, as far as their lines have come."""
        lines = (self._partial_line + data).split(b"\n")
        self._partial_line = lines.pop()
        if len(self._partial_line) > MAX_REPLY_LINE_OCTETS:
            self._give_up(Fault.UNINTELLIGIBLE, "a reply line without end")
        try:
            for line in lines:
                reply = self._parser.feed(line)
                if reply is not None:
                    self._take(reply)
        except BadReply as error:
            self._give_up(Fault.UNINTELLIGIBLE, str(error))

    def eof_received(self) -> None:
        """Close our side too: a relay that closed its half does not answer any more."""
        self._break(Fault.CLOSED)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note why; replies that came before stay readable."""
        self._break(Fault.RESET if exc else Fault.CLOSED, str(exc or ""))

    def pause_writing(self) -> None:
        """Make writers wait until the relay has read more."""
        self.choked = True

    def resume_writing(self) -> None:
        """Let writers go on."""
        self.choked = False
        self._patience.end()

    # What the relay session calls.

    def when_lost(self, tell: Callable[[], None]) -> None:
        """Have `tell` called as soon as there is a fault."""
        if self.fault is not None:
            tell()
        else:
            self._on_fault.append(tell)

    @property
    def silent_s(self) -> float:
        """For how long nothing was sent."""
        return self._patience.loop.time() - self.spoke_at_s

    @property
    def replied(self) -> bool:
        """A reply waits to be read."""
        return bool(self._replies)

    def expect_reply(self) -> None:
        """Expect a reply to what will be written from here on."""
        self._outstanding += 1

    def send(self, octets: bytes, *, replies: int = 0) -> None:
        """Write `octets`, to which the relay will send this many replies."""
        self._outstanding += replies
        self.spoke_at_s = self._patience.loop.time()
        if self.fault is None:
            self._transport.write(octets)

    async def reply(self, patience_s: float) -> Reply | None:
        """Return the next reply, or None when no more comes: see `fault`."""
        while not self._replies and self.fault is None:
            try:
                await self._patience.until(self._patience.loop.time() + patience_s)
            except TimeoutError:
                self._give_up(Fault.TIMED_OUT, f"no reply within {patience_s:g} s")
        return self._replies.popleft() if self._replies else None

    async def drained(self, patience_s: float) -> bool:
        """Wait until more may be written; False: the connection is lost.

        `patience_s` runs from the last octet that the relay took.
        """
        while self.fault is None and self.choked:
            before_octets = self._transport.get_write_buffer_size()
            try:
                await self._patience.wait(patience_s)
            except TimeoutError:
                if self._transport.get_write_buffer_size() >= before_octets:
                    self._give_up(Fault.TIMED_OUT, f"took nothing for {patience_s:g} s")
        return self.fault is None

    @property
    def is_flushed(self) -> bool:
        """Everything written has left this process."""
        return not self._transport.get_write_buffer_size()

    async def flushed(self, patience_s: float) -> bool:
        """Wait until everything written has left this process; False: the connection is lost."""
        if self.is_flushed:
            return self.fault is None
        if self.fault is None:
            # Not high=0: the TLS transports of asyncio and uvloop then pause with nothing to write.
            self._transport.set_write_buffer_limits(high=1, low=0)
        gone = await self.drained(patience_s)
        if gone:
            self._transport.set_write_buffer_limits()
        return gone

    def close(self) -> None:
        """Close; what was written still goes out."""
        self._break(Fault.GIVEN_UP)
        self._transport.close()

    def abort(self, fault: Fault = Fault.GIVEN_UP, detail: str = "") -> None:
        """Drop the connection at once: what was written and not sent never goes out.

        Replies that were not read yet are dropped with it.
        """
        self._give_up(fault, detail)
        self._replies.clear()

    def _give_up(self, fault: Fault, detail: str) -> None:
        """Drop the connection; replies that came before stay readable."""
        self._break(fault, detail)
        self._transport.abort()

    def _take(self, reply: Reply) -> None:
        if self._outstanding:
            self._outstanding -= 1
            self._replies.append(reply)
            self._patience.end()
        elif self.fault is None:
            asked_to_leave = reply.code == CLOSING_CODE
            self._give_up(Fault.CLOSING if asked_to_leave else Fault.UNASKED, str(reply))

    def _break(self, fault: Fault, detail: str = "") -> None:
        if self.fault is None:
            self.fault, self.fault_detail = fault, detail
            to_tell, self._on_fault = self._on_fault, []
            for tell in to_tell:
                tell()
        self._patience.end()
        self._patience.close()
