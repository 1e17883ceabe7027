"""What the tracker is told of a message on its way: pending, then accepted or refused.

Owns: which event is told when, and that mail waits until it is safe, or goes on without (DESIGN P9).
Does not own: the events (`tracker.events`), keeping them and how long that may take
(`tracker.spool.turns`), or the message (`delivery`).

- `pending` is on disk before the message can be read: a click must find whose it is. The message is signed
  meanwhile, and the relay has it, but for its final dot.
- `accepted` is written before the client hears of it, so that it is not lost with this process. A
  power loss may undo that, as mail does not wait for the disk a second time.
- `refused` only says that nothing is in doubt; nobody waits for it. A copy that failed after its event was
  told is one of these: what went out in its place is not tracked.
- `handled` tells what became of any message, for who asks; nobody waits for it.
"""

from collections.abc import Callable
from typing import TypeVar

from config.telemetry.observe import EVENT_NOT_DURABLE, log
from proxy.relay.session import DataResult
from tracker.events import MessageAccepted, MessageHandled, MessagePending, MessageRefused
from tracker.spool.turns import AwaitedSpool, Kept

Tells = TypeVar("Tells", bound=MessagePending | MessageAccepted | MessageRefused | MessageHandled)
T = TypeVar("T")


class TrackingEvents:
    """Tells the tracker of messages; never raises but for cancellation."""

    def __init__(self, spool: AwaitedSpool) -> None:
        self._spool = spool

    def tell_pending(self, pending: MessagePending | None) -> Kept | None:
        """Tell of a message that is about to go to the relay; None: it is not tracked.

        Its final dot has to wait for what is returned, whatever that says.
        """
        return None if pending is None else self._kept(self._spool.durable, pending)

    def ahead(self) -> "AheadOfCopy":
        """Return what tells of the copies of one message before they are made."""
        return AheadOfCopy(self)

    def take_back(self, pending: MessagePending) -> None:
        """Tell of a message that it did not go to the relay as was told; nobody waits for that."""
        self._mention(refused(pending))

    async def tell_result(
        self,
        result: DataResult,
        pending: MessagePending | None,
        kept: Kept | None = None,
        handled: MessageHandled | None = None,
    ) -> None:
        """Tell what became of it; `kept` is what `tell_pending` returned, `handled` its details, where they are kept.

        Of a message that is in doubt, there is nothing else to tell.
        """
        if pending is None or not result.committed:
            self.tell_details(handled)
        if pending is None:
            return
        _tell_if_unsafe(kept, pending.message_id)
        if result.committed:
            await self._tell_accepted(pending, handled)
        elif not result.in_doubt:
            self.take_back(pending)

    async def _tell_accepted(self, pending: MessagePending, handled: MessageHandled | None) -> None:
        """Tell that the relay took it. What nobody waits for goes first, so to the disk with what is waited for."""
        if handled is not None:
            self._kept(self._spool.along, handled)
        written = self._kept(self._spool.written, accepted(pending))
        if written is not None:
            await written
            _tell_if_unsafe(written, pending.message_id)

    def tell_details(self, event: MessageHandled | None) -> None:
        """Tell what became of a message, whatever it is, where that is kept; no mail waits for that."""
        if event is not None:
            self._mention(event)

    def _mention(self, event: MessageRefused | MessageHandled) -> None:
        self._kept(self._spool.mention, event)

    def _kept(self, keep: Callable[[Tells], T], event: Tells) -> T | None:
        try:
            return keep(event)
        except Exception as error:  # noqa: BLE001 - clicks are worth less than mail
            log(EVENT_NOT_DURABLE, message=event.message_id, cause=repr(error))
            return None


class AheadOfCopy:
    """Tells of one copy after the other while it is being made: the disk is at work while it is signed."""

    __slots__ = ("_events", "_kept", "_pending")

    def __init__(self, events: TrackingEvents) -> None:
        self._events = events
        self._pending: MessagePending | None = None
        self._kept: Kept | None = None

    def tell(self, pending: MessagePending) -> None:
        """Tell of a copy that is not finished; never raises."""
        self.take_back()
        self._pending, self._kept = pending, self._events.tell_pending(pending)

    def finished(self, pending: MessagePending | None) -> Kept | None:
        """Return what `tell_pending` returned of the copy that goes to the relay, or returns now.

        What was told of another, which did not come to be, is taken back.
        """
        if pending is not None and pending is self._pending:
            self._pending = None
            return self._kept
        self.take_back()
        return self._events.tell_pending(pending)

    def take_back(self) -> None:
        """Tell that the copy of which was told last did not come to be, if it was not finished."""
        pending, self._pending = self._pending, None
        if pending is not None:
            self._events.take_back(pending)


def _tell_if_unsafe(kept: Kept | None, message_id: str) -> None:
    """Log that an event is not as safe as it must be: mail does not wait for long."""
    if kept is not None and kept.done() and (error := kept.result()) is not None:
        log(EVENT_NOT_DURABLE, message=message_id, cause=repr(error))


def accepted(pending: MessagePending) -> MessageAccepted:
    """Return the event of a message that the relay took."""
    about = (pending.message_id, pending.at_s, _numbers(pending))
    sent_s, links = pending.sent_s, bool(pending.links)
    return MessageAccepted(*about, links=links, opens=pending.opens, sent_s=sent_s)


def refused(pending: MessagePending) -> MessageRefused:
    """Return the event of a message that the relay did not take, for certain."""
    about = (pending.message_id, pending.at_s, _numbers(pending))
    return MessageRefused(*about, links=bool(pending.links), sent_s=pending.sent_s)


def _numbers(pending: MessagePending) -> tuple[int, ...]:
    return tuple(recipient.number for recipient in pending.recipients)
