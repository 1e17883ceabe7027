"""One message from the client's final dot to the relay's verdict.

Owns: the order of work (prepare, event, signature, the relay's DATA, final dot, event), and the promise that no
fault of ours becomes a 5xx or loses a message (DESIGN P5, P6): before the relay's final dot a fault means the
original octets, or a 451 where `sign = "always"` forbids them unsigned; after its 250 nothing but
that 250 is ever said. Whatever fails below is raised, and caught here alone.
Does not own: what is done to the octets (`proxy.rewrite.transformer`), where that happens
(`proxy.scheduling.dispatch`), one copy a recipient (`copies`), what the tracker is told
(`tracking_events`), what log and metrics are (`outcomes`), or finding the relay
(`proxy.relay.upstream`).
"""

import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from config.schema import PrivacyConfig
from config.telemetry.observe import EVENT_NOT_DURABLE, MESSAGE_UNTOUCHED, about, log
from config.value_objects import value
from proxy.delivery.copies import Copies, unsent
from proxy.delivery.delivered_db import DeliveredDb
from proxy.delivery.details import details
from proxy.delivery.duplicates import DuplicateSuppression, SuppressedMessage
from proxy.delivery.outcomes import (
    Handover,
    count_made,
    outcome_of,
    tell_failed,
    tell_made,
    tell_refused,
    tell_sent,
)
from proxy.delivery.refusals import refusal_of
from proxy.delivery.tracking_events import AheadOfCopy, TrackingEvents
from proxy.policy.accounts import NOBODY, Submitter
from proxy.relay.session import DataResult
from proxy.relay.upstream import Upstream
from proxy.rewrite.submission import Fault, Outgoing, Submission
from proxy.scheduling.dispatch import Dispatcher
from proxy.scheduling.offload import MakeCopy
from proxy.smtp import extensions, replies
from proxy.smtp.envelope import Transaction
from proxy.smtp.octets import Facts
from proxy.smtp.replies import Reply
from tracker.events import MessageHandled, Outcome
from tracker.spool.turns import AwaitedSpool, Kept


class SigningRefused(Exception):
    """With `sign = "always"`: the message could not be signed, and must not go out unsigned."""


@value
class Verdict:
    """What the client is told, and whether the relay has taken the message."""

    reply: Reply
    delivered: bool = False
    suppressed: SuppressedMessage | None = None


class Delivery:
    """Hands messages of one client to its relay session."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        spool: AwaitedSpool,
        delivered_db: DeliveredDb | None,
        hostname: str,
        upstream: Upstream,
        privacy: PrivacyConfig,
    ) -> None:
        self._log_recipients = privacy.log_recipients
        self._keeps_details = privacy.details > 0
        self._dispatcher = dispatcher
        self._events = TrackingEvents(spool)
        self._duplicates = DuplicateSuppression(delivered_db) if delivered_db is not None else None
        self._hostname = hostname
        self._upstream = upstream

    async def deliver(
        self,
        content: bytes,
        transaction: Transaction,
        *,
        trusted: bool,
        account: str,
        submitter: Submitter = NOBODY,
        facts: Facts | None = None,
    ) -> Verdict:
        """Bring `content` to the relay; never raises but for cancellation.

        `account` is who sends, by whom an identical message is known as a retry; `submitter`
        decides as whom; `facts` are those of `content`. The caller gives the verdict to `settle` once the client has heard it.
        """
        submission = Submission(
            mail_from=transaction.mail.path,
            rcpt_to=transaction.rcpt_to,
            trusted=trusted,
            relay_8bitmime="8BITMIME" in self._upstream.capabilities,
            relay_size_octets=extensions.relay_size(self._upstream.capabilities),
            submitter=submitter,
            message_id=transaction.message_id,
            relay=self._upstream.relay_name,
            facts=facts,
        )
        handed = _Handed(content, transaction, submission, self._events.ahead())
        del content  # let go of by `handed` as soon as there is something else to send
        try:
            if self._duplicates is not None and trusted and transaction.names_several:
                return await self._each(handed, self._duplicates, account)
            return await self._all(handed)
        except SigningRefused as error:
            tell_failed(error)
            return Verdict(replies.CANNOT_SIGN)
        except Exception as error:  # noqa: BLE001 - whatever it is, the mail must not suffer
            tell_failed(error)
            self._upstream.drop()
            return Verdict(replies.OUR_FAULT)

    async def settle(self, verdict: Verdict, *, told: bool) -> None:
        """Close the account of a message; `told`: its client has heard the verdict."""
        if self._duplicates is not None and verdict.suppressed is not None:
            await self._duplicates.end(verdict.suppressed, told=told and verdict.reply.positive)

    async def _all(self, handed: "_Handed") -> Verdict:
        """Send one message to all recipients."""
        outgoing = await self._made(self._shared(handed), handed)
        if outgoing.refused:
            self._refuse(outgoing, handed)
            return Verdict(refusal_of(outgoing))
        handed.content = b""
        kept = handed.ahead.finished(outgoing.pending)
        result = await self._upstream.data(outgoing.content, handed.transaction.lines, kept)
        await self._conclude(result, outgoing, handed, kept)
        return Verdict(result.reply, result.committed)

    async def _each(
        self, handed: "_Handed", duplicates: DuplicateSuppression, account: str
    ) -> Verdict:
        """Send each recipient a copy, unless all may have the same."""
        message = await duplicates.begin(account, handed.submission, handed.content)
        if message is None:
            return Verdict(replies.STILL_PENDING)
        handed.submission = message.submission
        _name_as_before(message.submission)
        envelope = (handed.transaction, self._hostname, self._log_recipients)
        copies = Copies(self._upstream, message, *envelope)
        try:
            async with self._personal(handed) as make:
                if make is None and not message.had:
                    verdict = await self._all(handed)
                    return replace(verdict, suppressed=message)
                tally = await copies.send(lambda index: self._copy(copies, index, handed, make))
            reply = await copies.verdict(tally, handed.content)
            return Verdict(reply, bool(tally.delivered), message)
        except BaseException:
            await duplicates.end(message, told=False)
            raise

    @asynccontextmanager
    async def _personal(self, handed: "_Handed") -> AsyncIterator[MakeCopy | None]:
        """Have copies made; after a fault of ours all get the one that `_made` falls back to."""
        async with AsyncExitStack() as stack:
            told = handed.ahead.tell
            making = self._dispatcher.personal(handed.content, handed.submission, told)
            make = None
            try:
                make = await stack.enter_async_context(making)
            except Exception as error:  # noqa: BLE001 - when in doubt, deliver untouched
                handed.fallback = await self._original(handed, error)
            yield make

    async def _copy(
        self, copies: Copies, index: int, handed: "_Handed", make: MakeCopy | None
    ) -> DataResult:
        """Send one recipient's copy."""
        rcpt = handed.transaction.rcpts[index]
        refusal = await copies.open_transaction(rcpt)
        if refusal is not None:
            result, came = unsent(refusal), Outgoing(handed.content, None)
            tell_sent(result, came, self._handover(handed), (rcpt.path,))
            return result
        # Without `make`, what all may have, to those who did not get it yet.
        making = make(index) if make is not None else self._shared(handed)
        outgoing = await self._made(making, handed)
        if outgoing.refused:
            self._refuse(outgoing, handed, (rcpt.path,))
            return unsent(refusal_of(outgoing))
        kept = handed.ahead.finished(outgoing.pending)
        result = await self._upstream.data(outgoing.content, copies.lines(rcpt), kept)
        await self._conclude(result, outgoing, handed, kept, (rcpt.path,))
        return result

    async def _shared(self, handed: "_Handed") -> Outgoing:
        """Return what all recipients may have."""
        if handed.fallback is not None:
            return handed.fallback
        return await self._dispatcher.shared(handed.content, handed.submission, handed.ahead.tell)

    async def _made(self, making: Awaitable[Outgoing], handed: "_Handed") -> Outgoing:
        """Return what the relay gets; after a fault of ours the original. Raises SigningRefused."""
        try:
            outgoing = await making
        except Exception as error:  # noqa: BLE001 - when in doubt, deliver untouched
            outgoing = await self._original(handed, error)
            count_made(outgoing)
        else:
            tell_made(outgoing)
        return outgoing

    async def _original(self, handed: "_Handed", error: Exception) -> Outgoing:
        """Return what is sent when the work on a message failed. Raises SigningRefused.

        Our own headers go, and who signs everything signs, where that does not fail as well.
        """
        handed.ahead.take_back()
        fault = error if isinstance(error, Fault) else Fault()
        log(MESSAGE_UNTOUCHED, reason=fault.reason, exc_info=error)
        content, submission = handed.content, handed.submission
        try:
            if fault is error:  # else it is not the message that is to blame
                return await self._dispatcher.left_alone(content, submission, fault)
        except Exception as again:  # noqa: BLE001 - as it came, then
            error = again
            log(MESSAGE_UNTOUCHED, reason=fault.reason, exc_info=again)
        if self._dispatcher.sign_always:
            raise SigningRefused(repr(error)) from error
        return Outgoing(content, None, fault.reason)

    def _refuse(
        self, outgoing: Outgoing, handed: "_Handed", rcpts: Sequence[bytes] | None = None
    ) -> None:
        """Tell that we refuse a message."""
        handover = self._handover(handed)
        tell_refused(outgoing, handover)
        refusal = refusal_of(outgoing)
        self._events.tell_details(self._details("refused", refusal, outgoing, handover, rcpts))

    async def _conclude(
        self,
        result: DataResult,
        outgoing: Outgoing,
        handed: "_Handed",
        kept: Kept | None,
        rcpts: Sequence[bytes] | None = None,
    ) -> None:
        """Tell log, metrics and tracker; whatever goes wrong here, the verdict stands."""
        handover = self._handover(handed)
        try:
            tell_sent(result, outgoing, handover, rcpts)
        except Exception as error:  # noqa: BLE001 - the relay has spoken
            log(EVENT_NOT_DURABLE, exc_info=error)
        handled = self._details(outcome_of(result), result.reply, outgoing, handover, rcpts)
        await self._events.tell_result(result, outgoing.pending, kept, handled)

    def _details(
        self,
        outcome: Outcome,
        reply: Reply,
        outgoing: Outgoing,
        handover: Handover,
        rcpts: Sequence[bytes] | None,
    ) -> MessageHandled | None:
        """Return what became of a message, where that is kept; whatever goes wrong here, the verdict stands."""
        if not self._keeps_details:
            return None
        try:
            return details(outcome, reply, outgoing, handover, rcpts, time.time())
        except Exception as error:  # noqa: BLE001 - the relay has spoken
            log(EVENT_NOT_DURABLE, exc_info=error)
            return None

    def _handover(self, handed: "_Handed") -> Handover:
        relay, submitter = self._upstream.address, handed.submission.submitter
        return Handover(handed.transaction, submitter, relay, self._log_recipients)


def _name_as_before(submission: Submission) -> None:
    """Have the log call a message that was tried before what it was called then."""
    if submission.copy_ids:
        about(message=submission.copy_ids[0].message_id.hex())


@dataclass(slots=True)
class _Handed:
    """What a client has handed in; `content` until there is something else to send.

    `ahead` tells of copies that are being made, `fallback` is what all recipients get after a fault.
    """

    content: bytes
    transaction: Transaction
    submission: Submission
    ahead: AheadOfCopy
    fallback: Outgoing | None = None
