"""What the tracker is told of a message on its way: pending, then accepted or refused.

Owns: which event is told when, and for how long mail waits until it is safe (DESIGN P9).
Does not own: the events (`tracker.events`), keeping them (`tracker.spool.writer`), or the message
(`delivery`).

- `pending` is on disk before the message can be read: a click must find whose it is.
- `accepted` is written before the client hears of it, so that it is not lost with this process. A
  power loss may undo that, as mail does not wait for the disk a second time.
- `refused` only says that nothing is in doubt; nobody waits for it.
- `handled` tells what became of any message, for who asks; nobody waits for it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future

from config.telemetry.observe import EVENT_NOT_DURABLE, log
from proxy.relay.session import DataResult
from tracker.events import Event, MessageAccepted, MessageHandled, MessagePending, MessageRefused
from tracker.spool.writer import Spool

PATIENCE_S = 0.25
"""How long mail waits for an event to be safe; then it goes on without."""

Append = Callable[[Event], Future[None]]
"""Appends an event to the spool; the future is done once it is as safe as it must be."""


class TrackingEvents:
    """Tells the tracker of messages; never raises but for cancellation."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    async def tell_pending(self, pending: MessagePending | None) -> None:
        """Tell of a message that is about to go to the relay; None: it is not tracked."""
        if pending is not None:
            await _told(self._spool.append, pending)

    async def tell_result(self, result: DataResult, pending: MessagePending | None) -> None:
        """Tell what became of it. Of a message that is in doubt, there is nothing to tell."""
        if pending is None or result.in_doubt:
            return
        if result.committed:
            await _told(self._spool.append_written, accepted(pending))
        else:
            self._append(refused(pending))

    def tell_details(self, event: MessageHandled) -> None:
        """Tell what became of a message, whatever it is; no mail waits for that."""
        self._append(event)

    def _append(self, event: MessageRefused | MessageHandled) -> None:
        try:
            self._spool.append(event).add_done_callback(Future.exception)
        except Exception as error:  # noqa: BLE001 - clicks are worth less than mail
            log(EVENT_NOT_DURABLE, message=event.message_id, cause=repr(error))


async def _told(append: Append, event: MessagePending | MessageAccepted) -> None:
    """Append an event, and wait until it is safe, if not for long."""
    try:
        await _done(append(event))
    except Exception as error:  # noqa: BLE001 - clicks are worth less than mail
        log(EVENT_NOT_DURABLE, message=event.message_id, cause=repr(error))


async def _done(future: Future[None]) -> None:
    """Wait for a future of another thread; raises what it does, and TimeoutError.

    As `asyncio.wait_for` with `asyncio.wrap_future`, at half of the time: all mail waits twice.
    """
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def hand_over(done: Future[None]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, waiter, done.exception())

    future.add_done_callback(hand_over)
    patience = loop.call_later(PATIENCE_S, _settle, waiter, TimeoutError("the spool is slow"))
    try:
        await waiter
    finally:
        patience.cancel()


def _settle(waiter: asyncio.Future[None], error: BaseException | None) -> None:
    if waiter.done():
        return
    if error is None:
        waiter.set_result(None)
    else:
        waiter.set_exception(error)


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
