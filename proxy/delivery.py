"""One message from the client's final dot to the relay's verdict.

Owns: the order of work (prepare, event, relay's DATA, event), and the promise that no fault of
ours becomes a 5xx or loses a message: before the relay's final dot a fault means the original
octets or a 451; after its 250 nothing but that 250 is ever said (DESIGN P5, P6).
Does not own: what is done to the octets (`transform`), or finding the relay (`link`).
"""

import asyncio
import time
from dataclasses import dataclass

from config.observe import (
    DELIVERY_FAILED,
    DELIVERY_IN_DOUBT,
    EVENT_NOT_DURABLE,
    MESSAGE_DELIVERED,
    MESSAGE_REFUSED,
    MESSAGE_UNTOUCHED,
    MESSAGES,
    log,
)
from proxy import extensions, replies
from proxy.link import RelayLink
from proxy.relay import DataResult
from proxy.replies import Reply
from proxy.services import Services
from proxy.session_limits import LARGE_MESSAGE_OCTETS, SPOOL_PATIENCE_S
from proxy.transaction import Transaction
from proxy.transform import Outgoing, Prepared, SigningRefused, Submission
from tracker.events import Event, MessageAccepted


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the client is told, and whether the relay has taken the message."""

    reply: Reply
    delivered: bool = False


class Delivery:
    """Hands messages of one client to its relay session."""

    def __init__(self, services: Services, link: RelayLink) -> None:
        self._services = services
        self._link = link

    async def deliver(self, content: bytes, transaction: Transaction, *, trusted: bool) -> Verdict:
        """Bring `content` to the relay; never raises but for cancellation."""
        try:
            outgoing = await self._outgoing(content, transaction, trusted=trusted)
            if isinstance(outgoing, Reply):
                return Verdict(outgoing)
            await self._tell_pending(outgoing)
            result = await self._link.data(outgoing.content, transaction.lines)
        except Exception as error:  # noqa: BLE001 - whatever it is, the mail must not suffer
            log(DELIVERY_FAILED, exc_info=error)
            MESSAGES.labels("failed").inc()
            self._link.drop()
            return Verdict(replies.OUR_FAULT)
        self._conclude(result, outgoing, transaction)
        return Verdict(result.reply, result.committed)

    async def _outgoing(
        self, content: bytes, transaction: Transaction, *, trusted: bool
    ) -> Outgoing | Reply:
        """Give what the relay gets; a fault of ours gives the original."""
        submission = Submission(
            mail_from=transaction.mail.path,
            rcpt_to=transaction.rcpt_to,
            trusted=trusted,
            relay_8bitmime="8BITMIME" in self._link.capabilities,
            relay_size_octets=extensions.relay_size(self._link.capabilities),
        )
        try:
            prepared = await self._prepare(content, submission)
            return prepared.shared()
        except SigningRefused:
            return replies.CANNOT_SIGN
        except Exception as error:  # noqa: BLE001 - when in doubt, deliver untouched
            log(MESSAGE_UNTOUCHED, exc_info=error)
            return Outgoing(content, None)

    async def _prepare(self, content: bytes, submission: Submission) -> Prepared:
        """Work on a large message in a thread: other sessions go on meanwhile."""
        prepare, now_s = self._services.transformer.prepare, time.time()
        if len(content) < LARGE_MESSAGE_OCTETS:
            return prepare(content, submission, now_s)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._services.threads, prepare, content, submission, now_s
        )

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
                numbers = tuple(recipient.number for recipient in outgoing.pending.recipients)
                self._append(MessageAccepted(outgoing.pending.message_id, time.time(), numbers))
        except Exception as error:  # noqa: BLE001 - the relay has spoken
            log(EVENT_NOT_DURABLE, exc_info=error)

    def _append(self, event: Event) -> None:
        self._services.spool.append(event).add_done_callback(lambda done: done.exception())


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
