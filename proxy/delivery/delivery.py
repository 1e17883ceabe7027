"""One message from the client's final dot to the relay's verdict.

Owns: the order of work (prepare, event, relay's DATA, event), and the promise that no fault of
ours becomes a 5xx or loses a message: before the relay's final dot a fault means the original
octets or a 451; after its 250 nothing but that 250 is ever said (DESIGN P5, P6).
Does not own: what is done to the octets (`proxy.rewrite.transformer`), or finding the relay (`proxy.relay.upstream`).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from config.telemetry.observe import (
    DELIVERY_FAILED,
    DELIVERY_IN_DOUBT,
    EVENT_NOT_DURABLE,
    MESSAGE_DELIVERED,
    MESSAGE_REFUSED,
    MESSAGE_UNTOUCHED,
    MESSAGES,
    log,
)
from proxy.delivery.copies import Copies, unsent
from proxy.delivery.duplicates import DuplicateSuppression, SuppressedMessage
from proxy.relay.session import DataResult
from proxy.relay.upstream import Upstream
from proxy.rewrite.transformer import Outgoing, SigningRefused, Submission
from proxy.scheduling.offload import MakeCopy
from proxy.session.services import Services
from proxy.smtp import extensions, replies
from proxy.smtp.envelope import Transaction
from proxy.smtp.replies import Reply
from tracker.events import Event, MessageAccepted, MessagePending

SPOOL_PATIENCE_S = 0.25
"""How long mail waits for its event to be on disk (DESIGN P9); then it goes on without."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the client is told, and whether the relay has taken the message."""

    reply: Reply
    delivered: bool = False
    suppressed: SuppressedMessage | None = None


class Delivery:
    """Hands messages of one client to its relay session."""

    def __init__(self, services: Services, upstream: Upstream) -> None:
        self._services = services
        self._upstream = upstream
        delivered_db = services.delivered_db
        self._duplicates = DuplicateSuppression(delivered_db) if delivered_db is not None else None

    async def deliver(
        self, content: bytes, transaction: Transaction, *, trusted: bool, account: str
    ) -> Verdict:
        """Bring `content` to the relay; never raises but for cancellation.

        `account` is who sends, by whom an identical message is known as a retry. The caller gives
        the verdict to `settle` once the client has heard it.
        """
        submission = Submission(
            mail_from=transaction.mail.path,
            rcpt_to=transaction.rcpt_to,
            trusted=trusted,
            relay_8bitmime="8BITMIME" in self._upstream.capabilities,
            relay_size_octets=extensions.relay_size(self._upstream.capabilities),
        )
        handed = _Handed(content, transaction, submission)
        del content  # let go of by `handed` as soon as there is something else to send
        try:
            if self._duplicates is not None and trusted and transaction.names_several:
                return await self._each(handed, self._duplicates, account)
            return await self._all(handed)
        except SigningRefused as error:
            _tell_failed(error)
            return Verdict(replies.CANNOT_SIGN)
        except Exception as error:  # noqa: BLE001 - whatever it is, the mail must not suffer
            _tell_failed(error)
            self._upstream.drop()
            return Verdict(replies.OUR_FAULT)

    async def settle(self, verdict: Verdict, *, told: bool) -> None:
        """Close the account of a message; `told`: its client has heard the verdict."""
        if self._duplicates is not None and verdict.suppressed is not None:
            await self._duplicates.end(verdict.suppressed, told=told and verdict.reply.positive)

    async def _all(self, handed: "_Handed") -> Verdict:
        """Send one message to all recipients."""
        making = self._services.dispatcher.shared(handed.content, handed.submission)
        outgoing = await self._or_original(making, handed.content)
        handed.content = b""
        await self._tell_pending(outgoing)
        result = await self._upstream.data(outgoing.content, handed.transaction.lines)
        self._conclude(result, outgoing, handed.transaction)
        return Verdict(result.reply, result.committed)

    async def _each(
        self, handed: "_Handed", duplicates: DuplicateSuppression, account: str
    ) -> Verdict:
        """Send each recipient a copy, unless all may have the same."""
        message = await duplicates.begin(account, handed.submission, handed.content)
        if message is None:
            return Verdict(replies.STILL_PENDING)
        copies = Copies(self._upstream, message, handed.transaction, self._services.hostname)
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
        """Have copies made; a fault of ours there means that all get the original."""
        async with AsyncExitStack() as stack:
            make = None
            try:
                make = await stack.enter_async_context(
                    self._services.dispatcher.personal(handed.content, handed.submission)
                )
            except Exception as error:  # noqa: BLE001 - when in doubt, deliver untouched
                self._note_fault(error)
            yield make

    async def _copy(
        self, copies: Copies, index: int, handed: "_Handed", make: MakeCopy | None
    ) -> DataResult:
        """Send one recipient's copy."""
        rcpt = handed.transaction.rcpts[index]
        refusal = await copies.open_transaction(rcpt)
        if refusal is not None:
            return unsent(refusal)
        if make is not None:
            making = make(index)
        else:  # what all may have, to those who did not get it yet
            making = self._services.dispatcher.shared(handed.content, handed.submission)
        outgoing = await self._or_original(making, handed.content)
        await self._tell_pending(outgoing)
        result = await self._upstream.data(outgoing.content, copies.lines(rcpt))
        self._conclude(result, outgoing, handed.transaction)
        return result

    async def _or_original(self, making: Awaitable[Outgoing], content: bytes) -> Outgoing:
        """Give what the relay gets; a fault of ours gives the original."""
        try:
            return await making
        except Exception as error:  # noqa: BLE001 - when in doubt, deliver untouched
            self._note_fault(error)
            return Outgoing(content, None)

    def _note_fault(self, error: Exception) -> None:
        """Say why the original goes out. Raises SigningRefused where it must not go unsigned."""
        if isinstance(error, SigningRefused):
            raise error
        if self._services.dispatcher.sign_always:
            raise SigningRefused(repr(error)) from error
        log(MESSAGE_UNTOUCHED, exc_info=error)

    async def _tell_pending(self, outgoing: Outgoing) -> None:
        """Have the links' owner on disk before the message can be read; mail never waits long."""
        if outgoing.pending is None:
            return
        try:
            written = self._services.spool.append(outgoing.pending)
            await asyncio.wait_for(asyncio.wrap_future(written), SPOOL_PATIENCE_S)
        except Exception as error:  # noqa: BLE001 - clicks are worth less than mail
            log(EVENT_NOT_DURABLE, message=outgoing.pending.message_id, cause=repr(error))

    def _conclude(self, result: DataResult, outgoing: Outgoing, transaction: Transaction) -> None:
        """Tell log, metrics and spool; whatever goes wrong here, the verdict stands."""
        try:
            _tell(result, outgoing, transaction)
            if result.committed and outgoing.pending is not None:
                self._append(_accepted(outgoing.pending))
        except Exception as error:  # noqa: BLE001 - the relay has spoken
            log(EVENT_NOT_DURABLE, exc_info=error)

    def _append(self, event: Event) -> None:
        self._services.spool.append(event).add_done_callback(lambda done: done.exception())


@dataclass(slots=True)
class _Handed:
    """What a client has handed in; `content` until there is something else to send."""

    content: bytes
    transaction: Transaction
    submission: Submission


def _tell_failed(error: Exception) -> None:
    MESSAGES.labels("failed").inc()
    log(DELIVERY_FAILED, exc_info=error)


def _tell(result: DataResult, outgoing: Outgoing, transaction: Transaction) -> None:
    facts = {
        "message": outgoing.pending.message_id if outgoing.pending else None,
        "sender": transaction.mail.path.decode("utf-8", "backslashreplace"),
        "recipients": len(transaction.rcpts),
        "size_octets": len(outgoing.content),
        "reply": str(result.reply),
    }
    if result.committed:
        outcome, event = "delivered", MESSAGE_DELIVERED
    elif result.in_doubt:
        outcome, event = "in_doubt", DELIVERY_IN_DOUBT
    else:
        outcome, event = "refused", MESSAGE_REFUSED
    MESSAGES.labels(outcome).inc()
    log(event, **facts)


def _accepted(pending: MessagePending) -> MessageAccepted:
    numbers = tuple(recipient.number for recipient in pending.recipients)
    return MessageAccepted(
        pending.message_id, time.time(), numbers, links=bool(pending.links), opens=pending.opens
    )
