"""One message to several recipients as a copy for each (`[proxy] copies = "per-recipient"`).

Owns: one relay transaction a recipient, what the client is told when they end differently, and
that no recipient gets a copy twice because the client tries again (with `duplicates`).
Does not own: what stands in a copy (`proxy.rewrite.transformer`), finding the relay
(`proxy.relay.upstream`).

What the client hears, once every recipient that the relay had accepted has been tried: 250 when
all have it; the relay's refusal when none will; 451 while for any of them it is too early to say,
and its next try goes on where this one ended; 250 and a notice by mail (RFC 3464) when some have
it and the others never will.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from config.schema import LogRecipients
from config.telemetry.observe import NOTICE_SENT, log
from proxy.delivery.dsn import Refusal, failure_report
from proxy.delivery.duplicates import SuppressedMessage
from proxy.relay.session import DataResult, Progress
from proxy.relay.upstream import Upstream
from proxy.smtp import replies
from proxy.smtp.envelope import RcptCommand, Transaction
from proxy.smtp.logged_address import recipients, shown
from proxy.smtp.replies import CLOSING_CODE, Reply

COPIES_PATIENCE_S = 240.0
"""How long the copies of one message may be sent before the client is asked to try again: it
waits 10 minutes for the reply to its dot (RFC 5321 §4.5.3.2.6), many less."""

FAILURE = b"FAILURE"
"""RFC 3461 §4.1: a NOTIFY without it asks for no word of a failure."""

SendCopy = Callable[[int], Awaitable[DataResult]]
"""Makes and sends the copy of the recipient at this index."""


@dataclass(slots=True)
class Tally:
    """How it went: recipients that have the message, those that never will, those to come."""

    delivered: list[RcptCommand] = field(default_factory=list)
    refused: dict[bytes, Reply] = field(default_factory=dict)
    pending: list[RcptCommand] = field(default_factory=list)
    last: Reply = replies.STILL_PENDING

    @property
    def mixed(self) -> bool:
        """Some have it, others never will, and nobody is left."""
        return bool(self.delivered and self.refused and not self.pending)

    def verdict(self) -> Reply:
        """Return what the client is told."""
        if self.pending:
            return replies.STILL_PENDING
        if self.delivered:
            return self.last if self.last.positive else replies.DELIVERED
        return next(iter(self.refused.values()))


class Copies:
    """The copies of one message, on their way to one relay."""

    def __init__(
        self,
        upstream: Upstream,
        message: SuppressedMessage,
        transaction: Transaction,
        hostname: str,
        log_recipients: LogRecipients = "full",
    ) -> None:
        self._upstream = upstream
        self._message = message
        self._transaction = transaction
        self._hostname = hostname
        self._log_recipients = log_recipients
        self._sent_here = False
        """The relay session has taken a copy already."""

    async def send(self, send_copy: SendCopy) -> Tally:
        """Try every recipient that does not have it yet, until time or relay run out."""
        tally = Tally()
        deadline_s = time.monotonic() + COPIES_PATIENCE_S
        had = set(self._message.had)
        self._upstream.forget_transaction()
        relay_is_gone = False
        for index, rcpt in enumerate(self._transaction.rcpts):
            if rcpt.path in had:
                tally.delivered.append(rcpt)
            elif relay_is_gone or time.monotonic() > deadline_s:
                tally.pending.append(rcpt)
            else:
                result = await send_copy(index)
                relay_is_gone = result.lost
                await self._count(tally, rcpt, result)
                if result.committed:
                    had.add(rcpt.path)  # who is named twice gets it once
        return tally

    async def verdict(self, tally: Tally, content: bytes) -> Reply:
        """Return what the client is told; where it is 250 for some only, mail says which."""
        if tally.mixed and not await self._notify(tally, content):
            return replies.STILL_PENDING
        return tally.verdict()

    async def open_transaction(self, rcpt: RcptCommand) -> Reply | None:
        """Begin the transaction of one copy; give the relay's answer where it refuses."""
        return await self._open(self.lines(rcpt))

    def lines(self, rcpt: RcptCommand) -> tuple[bytes, bytes]:
        """Return the envelope of one copy."""
        return (self._transaction.mail_line, rcpt.line)

    async def _open(self, lines: tuple[bytes, bytes]) -> Reply | None:
        answers = await self._asked(lines)
        # Many a relay takes so many messages from one session, OpenSMTPD a hundred.
        if answers[0].transient and self._sent_here and await self._upstream.renew():
            self._sent_here = False
            answers = await self._asked(lines)
        refusal = next((answer for answer in answers if not answer.positive), None)
        if refusal is not None:
            self._upstream.forget_transaction()
        return refusal

    async def _asked(self, lines: tuple[bytes, bytes]) -> list[Reply]:
        self._upstream.begin()
        return await self._upstream.exchange(lines)

    async def _notify(self, tally: Tally, content: bytes) -> bool:
        """Mail the sender who was refused; False: it must be tried again."""
        named = {rcpt.path: rcpt for rcpt in self._transaction.rcpts}
        refusals = [Refusal(named[path], reply) for path, reply in tally.refused.items()]
        wanted = [refusal for refusal in refusals if _wants_word(refusal.rcpt)]
        mail = self._transaction.mail
        sender = mail.path
        if not sender or not wanted:
            return True
        declared = b" SMTPUTF8" if b"SMTPUTF8" in mail.params and not sender.isascii() else b""
        lines = (b"MAIL FROM:<>" + declared, b"RCPT TO:<" + sender + b">")
        if await self._open(lines) is not None:
            return False
        notice = failure_report(mail, wanted, content, self._hostname)
        result = await self._upstream.data(notice, lines)
        if result.committed:
            paths = [refusal.rcpt.path for refusal in wanted]
            refused = recipients(paths, self._log_recipients)
            log(NOTICE_SENT, sender=shown(sender), recipients=len(paths), refused=refused)
        return result.committed

    async def _count(self, tally: Tally, rcpt: RcptCommand, result: DataResult) -> None:
        if result.committed:
            tally.delivered.append(rcpt)
            tally.last = result.reply
            self._sent_here = True
            await self._message.delivered(rcpt.path)
            return
        if not result.lost:
            self._upstream.forget_transaction()
        if result.reply.permanent:
            tally.refused[rcpt.path] = result.reply
        else:
            tally.pending.append(rcpt)


def unsent(refusal: Reply) -> DataResult:
    """Return the result of a copy whose envelope was refused, by the relay or for want of one."""
    lost = refusal.code == CLOSING_CODE or refusal in _NO_RELAY
    return DataResult(refusal, Progress.NOTHING, lost=lost)


_NO_RELAY = (replies.NO_RELAY, replies.RELAY_UNINTELLIGIBLE, replies.RELAY_CHANGED)


def _wants_word(rcpt: RcptCommand) -> bool:
    return FAILURE in (rcpt.params.get(b"NOTIFY") or FAILURE).upper().split(b",")
