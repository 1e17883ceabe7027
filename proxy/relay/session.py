"""One session with the relay: commands and their raw replies, AUTH, and DATA.

Owns: pipelining (RFC 2920) or lockstep, which replies are legal where, the timers of RFC 5321
§4.5.3.2, and how far a message has come: what the relay has committed to, and what is in doubt
(RFC 1047).
Does not own: how the relay is reached (`dial`), octets and faults (`connection`), dot-stuffing
(`proxy.smtp.data`), what is sent (`proxy.session.session`, `proxy.rewrite.transformer`), or what
the client is told besides the relay's own words (`proxy.smtp.replies`).

Replies are values here, never exceptions: where the relay sent none that may be passed on, the
reply is one of ours with 451, and `fault` says why.
"""

import asyncio
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Self

from config.schema import RelayConfig
from config.telemetry.observe import RELAY_BROKE_OFF, RELAY_FAULTS, log
from config.value_objects import value
from proxy.relay.connection import Fault
from proxy.relay.dial import Contact, RelayUnavailable, capabilities_of
from proxy.relay.failover import dial
from proxy.smtp import replies
from proxy.smtp.data import FINAL_DOT, stuffed
from proxy.smtp.replies import (
    AUTHENTICATED_CODE,
    CLOSING_CODE,
    GO_AHEAD_CODE,
    OK_CODE,
    PROMPT_CODE,
    Reply,
)

BLOCK_PATIENCE_S = 180.0
"""RFC 5321 §4.5.3.2.5: how long the relay may take nothing of a body."""

QUIT_PATIENCE_S = 5.0
"""The reply to QUIT changes nothing."""

_CR = ord("\r")
_LF = ord("\n")


Hold = asyncio.Future[Any]
"""Something that has to be done before; how it ended does not matter."""


class Progress(StrEnum):
    """How far the last message has come."""

    NOTHING = "nothing"
    """The relay has no body, or not the whole of it: it cannot deliver (RFC 5321 §4.1.1.4)."""
    IN_DOUBT = "in_doubt"
    """The final dot went out, or may have, and no reply came: delivered or not."""
    COMMITTED = "committed"
    """The relay has taken responsibility."""


@value
class DataResult:
    """What became of a message.

    `reply` is the relay's own where it gave one that may be passed on. With `progress` NOTHING
    and `lost`, the session broke before the relay could deliver: the transaction may be replayed.
    """

    reply: Reply
    progress: Progress
    lost: bool

    @property
    def committed(self) -> bool:
        """The relay has taken responsibility for the message."""
        return self.progress is Progress.COMMITTED

    @property
    def in_doubt(self) -> bool:
        """Nobody can know whether the relay delivers (RFC 1047)."""
        return self.progress is Progress.IN_DOUBT


class RelaySession:
    """A session with the relay, ready for MAIL. One task at a time may use it."""

    def __init__(self, config: RelayConfig, hostname: str, contact: Contact) -> None:
        self.address = contact.address
        self.address_text = str(contact.address)
        self.fault: Fault | None = None
        """Why the session cannot be used any more; None while it can."""
        self.progress = Progress.NOTHING
        self._config = config
        self._hostname = hostname
        self._connection = contact.connection
        self.ours = False
        """It is logged in with our own login, which is nobody else's."""
        self.may_have_our_login = contact.verified or contact.loopback
        self._secret_safe = contact.tls or contact.loopback or config.allow_plain_auth
        self._fault_told = False
        self.capabilities = self._permitted(contact.capabilities)
        """What the relay offers now: keyword in upper case → parameters. AUTH only where a
        password may cross."""
        self.keywords = frozenset(self.capabilities)
        """What the relay has offered in this session: many a relay offers AUTH no more once
        somebody is logged in, and takes AUTH= of MAIL all the same (RFC 4954 §5)."""
        self._connection.when_lost(self._note_fault)

    @classmethod
    async def open(cls, config: RelayConfig, hostname: str) -> Self:
        """Reach the relay; `hostname` is our name in EHLO. Raises RelayUnavailable."""
        return cls(config, hostname, await dial(config, hostname))

    def _note_fault(self) -> None:
        self.fault = self._connection.fault

    @property
    def fault_detail(self) -> str:
        """What more is known of `fault`, for the log."""
        return self._connection.fault_detail

    @property
    def silent_s(self) -> float:
        """For how long the relay has heard nothing of us."""
        return self._connection.silent_s

    def when_lost(self, tell: Callable[[], None]) -> None:
        """Have `tell` called as soon as there is a `fault`."""
        self._connection.when_lost(tell)

    async def exchange(self, lines: Sequence[bytes]) -> list[Reply]:
        """Send command `lines` (raw, without CRLF) as one group; return the reply to each.

        Pipelined where the relay offers it. A reply is the relay's (2xx, 4xx or 5xx), or ours:
        451 4.5.0 where the relay's was none of these, 451 4.4.1 where none came.
        Raises ValueError for a line that holds CR or LF.
        """
        _check_lines(lines)
        if len(lines) == 1:  # as mostly
            self._connection.send(lines[0] + b"\r\n", replies=1)
            return [self._final(await self._connection.reply(self._config.command_timeout))]
        group = len(lines) if "PIPELINING" in self.capabilities else 1
        answers: list[Reply] = []
        for start in range(0, len(lines), group):
            batch = lines[start : start + group]
            self._connection.send(b"\r\n".join((*batch, b"")), replies=len(batch))
            for _ in batch:
                reply = await self._connection.reply(self._config.command_timeout)
                answers.append(self._final(reply))
        return answers

    async def auth_line(self, line: bytes) -> Reply:
        """Pass on one line of an AUTH exchange (RFC 4954): the command, or a client response.

        Returns the relay's reply; 334 asks for the next line. After 235 the relay's offers are
        read again. Where a password may not cross to the relay, the reply is our own 538.
        """
        _check_lines((line,))
        if not self._secret_safe:
            return replies.TLS_NEEDED_FOR_AUTH
        self._connection.send(line + b"\r\n", replies=1)
        reply = await self._next_reply()
        if reply is None:
            return self._no_reply()
        if not reply.final and reply.code != PROMPT_CODE:
            return self._illegal(reply)
        if reply.code == AUTHENTICATED_CODE:
            await self.hello_again()
        return reply

    async def data(self, content: bytes, before_dot: Hold | None = None) -> DataResult:
        """Send `content` (CRLF lines, not dot-stuffed) with DATA; return the verdict.

        The final dot, without which the relay cannot deliver, waits until `before_dot` is done. From the
        moment that the dot may be on its way, `progress` is IN_DOUBT. Cancelled, it drops the connection.
        """
        self.progress = Progress.NOTHING
        self._connection.send(b"DATA\r\n", replies=1)
        try:
            go_ahead = await self._next_reply()
            if go_ahead is None:
                return self._unsent(self._no_reply())
            if go_ahead.code != GO_AHEAD_CODE:
                return self._unsent(self._refusal(go_ahead))
            return await self._body(content, before_dot)
        except BaseException:
            self.abort()
            raise

    async def quit(self) -> None:
        """Send QUIT and close; never raises for what the relay does."""
        self._connection.send(b"QUIT\r\n", replies=1)
        await self._connection.reply(QUIT_PATIENCE_S)
        self._connection.close()

    def leave(self) -> None:
        """Send QUIT and close without waiting for the reply, which would change nothing."""
        self._connection.send(b"QUIT\r\n", replies=1)
        self._connection.close()

    def abort(self) -> None:
        """Drop the connection at once: the relay gets no final dot that was not sent already."""
        self._connection.abort()

    async def _body(self, content: bytes, before_dot: Hold | None) -> DataResult:
        self._connection.expect_reply()
        for chunk, last in stuffed(content):
            rest = chunk
            if last and before_dot is not None and not before_dot.done():
                rest = await self._but_for_dot(chunk, before_dot)
            if self._cannot_go_on():
                return self._unsent(await self._early())
            if last:
                self.progress = Progress.IN_DOUBT
            self._connection.send(rest)
            if self._connection.choked:
                await self._connection.drained(BLOCK_PATIENCE_S)
            if not last:
                await asyncio.sleep(0)  # others have their turn between two chunks
        return await self._verdict()

    async def _but_for_dot(self, chunk: bytes, before_dot: Hold) -> bytes:
        """Send the last chunk but for its dot, which has to wait; return what is left to be sent."""
        if self._cannot_go_on():
            return chunk
        self._connection.send(chunk.removesuffix(FINAL_DOT))
        await before_dot
        return FINAL_DOT

    def _cannot_go_on(self) -> bool:
        """Return whether the relay has answered before the final dot, or is lost."""
        return self._connection.replied or self.fault is not None

    async def _verdict(self) -> DataResult:
        """Wait for the reply to the final dot, its time running from when the dot has left."""
        if not self._connection.is_flushed:
            await self._connection.flushed(BLOCK_PATIENCE_S)
        reply = await self._next_reply(self._config.data_timeout)
        if reply is None:
            self._tell_fault()
            return DataResult(replies.RELAY_LOST, Progress.IN_DOUBT, lost=True)
        if not reply.final:
            return DataResult(self._illegal(reply), Progress.IN_DOUBT, lost=True)
        self.progress = Progress.COMMITTED if reply.positive else Progress.NOTHING
        return DataResult(reply, self.progress, lost=False)

    async def _early(self) -> Reply:
        """Return the reply that the relay sent before the final dot: a refusal, else one of ours.

        The relay and we disagree on where we are, so the session ends here in any case.
        """
        reply = await self._next_reply()
        if reply is None:
            return self._no_reply()
        answer = self._refusal(reply)
        self._connection.abort(Fault.UNINTELLIGIBLE, f"a reply amid the body: {reply}")
        self._tell_fault()
        return answer if answer.code != CLOSING_CODE else replies.NO_RELAY

    def _refusal(self, reply: Reply) -> Reply:
        """Return the reply for a client whose body cannot follow: 4xx and 5xx as they came."""
        return reply if reply.transient or reply.permanent else self._illegal(reply)

    def _unsent(self, reply: Reply) -> DataResult:
        return DataResult(reply, Progress.NOTHING, lost=self.fault is not None)

    def _final(self, reply: Reply | None) -> Reply:
        """Return what a client may hear of the reply to a command, None: there is none."""
        if reply is None:
            return self._no_reply()
        if reply.positive:
            return reply
        if reply.code == CLOSING_CODE:
            self._closed(reply)
        return reply if reply.final else self._illegal(reply)

    async def _next_reply(self, patience_s: float | None = None) -> Reply | None:
        reply = await self._connection.reply(patience_s or self._config.command_timeout)
        if reply is not None and reply.code == CLOSING_CODE:
            self._closed(reply)
        return reply

    def _closed(self, farewell: Reply) -> None:
        self._connection.abort(Fault.CLOSING, str(farewell))
        self._tell_fault()

    def _illegal(self, reply: Reply) -> Reply:
        self._connection.abort(Fault.UNINTELLIGIBLE, f"not allowed here: {reply}")
        self._tell_fault()
        return replies.RELAY_UNINTELLIGIBLE

    def _no_reply(self) -> Reply:
        self._tell_fault()
        nonsense = self.fault in (Fault.UNINTELLIGIBLE, Fault.UNASKED)
        return replies.RELAY_UNINTELLIGIBLE if nonsense else replies.NO_RELAY

    def _tell_fault(self) -> None:
        if self._fault_told or self.fault is None:
            return
        self._fault_told = True
        RELAY_FAULTS.labels(self.fault).inc()
        facts = {"fault": self.fault, "detail": self.fault_detail, "progress": self.progress}
        log(RELAY_BROKE_OFF, address=str(self.address), **facts)

    async def hello_again(self, *, anew: bool = False) -> None:
        """Read the relay's offers again: they may change with AUTH (RFC 4954 §4).

        `anew`: what was offered before is void, as after XCLIENT.
        """
        (reply,) = await self.exchange([b"EHLO " + self._hostname.encode("ascii")])
        if reply.code == OK_CODE:
            hello = "\n".join(line.decode("utf-8", "replace") for line in reply.lines)
            self.capabilities = self._permitted(capabilities_of(hello))
            before = frozenset() if anew else self.keywords
            self.keywords = before | frozenset(self.capabilities)

    def _permitted(self, offered: dict[str, str]) -> dict[str, str]:
        return {k: v for k, v in offered.items() if k != "AUTH" or self._secret_safe}


def _check_lines(lines: Sequence[bytes]) -> None:
    for line in lines:
        if _CR in line or _LF in line:
            raise ValueError(f"a command line holds a line end: {line[:80]!r}")


__all__ = ["DataResult", "Fault", "Progress", "RelaySession", "RelayUnavailable"]
