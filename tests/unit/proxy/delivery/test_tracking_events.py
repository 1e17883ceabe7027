"""What the tracker is told of a message, and how long mail waits for that."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pytest

from proxy.delivery import tracking_events
from proxy.delivery.tracking_events import TrackingEvents
from proxy.relay.session import DataResult, Progress
from proxy.smtp import replies
from tests.support.checks.facts import SENT_S, pending, with_pixel
from tracker.events import Event, MessageAccepted, MessageRefused
from tracker.spool.parcel import SpoolError

TAKEN = DataResult(replies.DELIVERED, Progress.COMMITTED, lost=False)
REFUSED = DataResult(replies.OUR_FAULT, Progress.NOTHING, lost=False)
IN_DOUBT = DataResult(replies.OUR_FAULT, Progress.IN_DOUBT, lost=True)


@dataclass
class Recording:
    """Stands for a spool whose disk answers when the test says so."""

    durable: list[tuple[Event, Future[None]]] = field(default_factory=list)
    written: list[tuple[Event, Future[None]]] = field(default_factory=list)

    def append(self, event: Event) -> Future[None]:
        """Append an event that is to be durable."""
        return self._kept(self.durable, event)

    def append_written(self, event: Event) -> Future[None]:
        """Append one that is to be written."""
        return self._kept(self.written, event)

    def _kept(self, where: list[tuple[Event, Future[None]]], event: Event) -> Future[None]:
        future: Future[None] = Future()
        where.append((event, future))
        return future


@pytest.fixture
def spool() -> Recording:
    """Return a spool in which nothing is safe yet."""
    return Recording()


@pytest.fixture
def events(spool: Recording) -> TrackingEvents:
    """Return what tells the tracker."""
    return TrackingEvents(spool)  # type: ignore[arg-type]


async def test_a_message_waits_until_its_event_is_durable(
    spool: Recording, events: TrackingEvents
) -> None:
    """Then, and not before, it may go."""
    telling = asyncio.create_task(events.tell_pending(pending()))
    await asyncio.sleep(0.02)
    ((event, future),) = spool.durable
    assert (event, telling.done()) == (pending(), False)
    await asyncio.to_thread(future.set_result, None)
    await asyncio.wait_for(telling, 1)


async def test_what_the_relay_took_waits_until_it_is_written(
    spool: Recording, events: TrackingEvents
) -> None:
    """For the same recipients, links and pixel, and of the same date."""
    for told in (pending(), with_pixel()):
        spool.written.clear()
        telling = asyncio.create_task(events.tell_result(TAKEN, told))
        await asyncio.sleep(0.02)
        ((event, future),) = spool.written
        assert event == MessageAccepted(
            told.message_id, told.at_s, (1, 2), links=bool(told.links), opens=told.opens
        )
        assert not telling.done()
        future.set_result(None)
        await asyncio.wait_for(telling, 1)


async def test_nobody_waits_for_a_refusal(spool: Recording, events: TrackingEvents) -> None:
    """Nor hears that it could not be written."""
    await events.tell_result(REFUSED, pending())
    ((event, future),) = spool.durable
    assert event == MessageRefused("m1", pending().at_s, (1, 2))
    future.set_exception(SpoolError("full"))


@pytest.mark.parametrize(
    ("result", "told"), [(IN_DOUBT, pending()), (TAKEN, None), (REFUSED, None)]
)
async def test_of_what_is_in_doubt_or_not_tracked_nothing_is_told(
    result: DataResult, told: Any, spool: Recording, events: TrackingEvents
) -> None:
    """Of a message in doubt, nobody knows."""
    await events.tell_pending(None)
    await events.tell_result(result, told)
    assert (spool.durable, spool.written) == ([], [])


def failing(*_: object) -> Future[None]:
    """Return what a disk that is full answers."""
    done: Future[None] = Future()
    done.set_exception(SpoolError("full"))
    return done


def broken(*_: object) -> Future[None]:
    """Fail as nobody foresaw."""
    raise RuntimeError("broken")


@pytest.mark.parametrize("append", [failing, broken, lambda *_: Future()])
async def test_mail_goes_on_and_the_log_says_that_an_event_is_not_safe(
    append: Callable[..., Any],
    spool: Recording,
    events: TrackingEvents,
    monkeypatch: pytest.MonkeyPatch,
    logged: list[dict[str, Any]],
) -> None:
    """Where the spool fails, or is slow."""
    monkeypatch.setattr(tracking_events, "PATIENCE_S", 0.02)
    for name in ("append", "append_written"):
        monkeypatch.setattr(spool, name, append)
    async with asyncio.timeout(2):
        await events.tell_pending(pending())
        await events.tell_result(TAKEN, pending())
        await events.tell_result(REFUSED, pending())
    told = [line["message"] for line in logged if line["event"] == "event_not_durable"]
    assert told == ["m1"] * (3 if append is broken else 2)


async def test_what_is_safe_too_late_disturbs_nobody(
    spool: Recording, events: TrackingEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it where who waited was cancelled."""
    monkeypatch.setattr(tracking_events, "PATIENCE_S", 0.02)
    await events.tell_pending(pending())
    cancelled = asyncio.create_task(events.tell_pending(pending()))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    for _, future in spool.durable:
        await asyncio.to_thread(future.set_result, None)
    await asyncio.sleep(0.02)
    assert cancelled.cancelled()


async def test_what_became_of_a_message_is_told_by_the_second_of_its_tokens(
    spool: Recording, events: TrackingEvents
) -> None:
    """By it and by its id the store names the message."""
    told = pending(sent_s=SENT_S - 1)
    for result in (TAKEN, REFUSED):
        task = asyncio.create_task(events.tell_result(result, told))
        await asyncio.sleep(0)
        for _, future in spool.written:
            future.done() or future.set_result(None)
        await task
    (accepted, _), (refused, _) = spool.written[0], spool.durable[0]
    assert isinstance(accepted, MessageAccepted)
    assert isinstance(refused, MessageRefused)
    assert accepted.sent_s == refused.sent_s == SENT_S - 1
