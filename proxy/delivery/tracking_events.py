"""What the tracker is told of a message on its way: pending, then accepted or refused.

Owns: which event is told when, and that mail waits until it is safe, or goes on without (DESIGN P9).
Does not own: the events (`tracker.events`), keeping them and how long that may take
(`tracker.spool.turns`), or the message (`delivery`).

- `pending` is on disk before the message can be read: a click must find whose it is.
- `accepted` is written before the client hears of it, so that it is not lost with this process. A
  power loss may undo that, as mail does not wait for the disk a second time.
- `refused` only says that nothing is in doubt; nobody waits for it.
- `handled` tells what became of any message, for who asks; nobody waits for it.
"""

from collections.abc import Awaitable

from config.telemetry.observe import EVENT_NOT_DURABLE, log
from proxy.relay.session import DataResult
from tracker.events import MessageAccepted, MessageHandled, MessagePending, MessageRefused
from tracker.spool.turns import AwaitedSpool


class TrackingEvents:
    """Tells the tracker of messages; never raises but for cancellation."""

    def __init__(self, spool: AwaitedSpool) -> None:
        self._spool = spool

    async def tell_pending(self, pending: MessagePending | None) -> None:
        """Tell of a message that is about to go to the relay; None: it is not tracked."""
        if pending is not None:
            await _told(self._spool.durable(pending), pending)

    async def tell_result(self, result: DataResult, pending: MessagePending | None) -> None:
        """Tell what became of it. Of a message that is in doubt, there is nothing to tell."""
        if pending is None or result.in_doubt:
            return
        if result.committed:
            await _told(self._spool.written(accepted(pending)), pending)
        else:
            self._mention(refused(pending))

    def tell_details(self, event: MessageHandled) -> None:
        """Tell what became of a message, whatever it is; no mail waits for that."""
        self._mention(event)

    def _mention(self, event: MessageRefused | MessageHandled) -> None:
        try:
            self._spool.mention(event)
        except Exception as error:  # noqa: BLE001 - clicks are worth less than mail
            log(EVENT_NOT_DURABLE, message=event.message_id, cause=repr(error))


async def _told(keeping: Awaitable[None], pending: MessagePending) -> None:
    """Wait until an event of this message is as safe as it must be, if not for long."""
    try:
        await keeping
    except Exception as error:  # noqa: BLE001 - clicks are worth less than mail
        log(EVENT_NOT_DURABLE, message=pending.message_id, cause=repr(error))


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
