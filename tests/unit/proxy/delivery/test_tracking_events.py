"""What the tracker is told of a message, and that mail waits for that as long as the spool asks."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from proxy.delivery.tracking_events import TrackingEvents
from proxy.relay.session import DataResult, Progress
from proxy.smtp import replies
from tests.support.checks.facts import SENT_S, pending, with_pixel
from tracker.events import Event, MessageAccepted, MessageRefused
from tracker.spool.parcel import SpoolError

TAKEN = DataResult(replies.DELIVERED, Progress.COMMITTED, lost=False)
REFUSED = DataResult(replies.OUR_FAULT, Progress.NOTHING, lost=False)
IN_DOUBT = DataResult(replies.OUR_FAULT, Progress.IN_DOUBT, lost=True)


Kept = list[tuple[Event, asyncio.Future[None]]]


@dataclass
class Recording:
    """Stands for a spool whose disk answers when the test says so."""

    kept_durable: Kept = field(default_factory=list)
    kept_written: Kept = field(default_factory=list)
    mentioned: list[Event] = field(default_factory=list)

    async def durable(self, event: Event) -> None:
        """Keep an event that is to be durable."""
        await self._kept(self.kept_durable, event)

    async def written(self, event: Event) -> None:
        """Keep one that is to be written."""
        await self._kept(self.kept_written, event)

    def mention(self, event: Event) -> None:
        """Keep one for which nobody waits."""
        self.mentioned.append(event)

    async def _kept(self, where: Kept, event: Event) -> None:
        where.append((event, asyncio.get_running_loop().create_future()))
        await where[-1][1]


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
    ((event, future),) = spool.kept_durable
    assert (event, telling.done()) == (pending(), False)
    future.set_result(None)
    await asyncio.wait_for(telling, 1)


async def test_what_the_relay_took_waits_until_it_is_written(
    spool: Recording, events: TrackingEvents
) -> None:
    """For the same recipients, links and pixel, and of the same date."""
    for told in (pending(), with_pixel()):
        spool.kept_written.clear()
        telling = asyncio.create_task(events.tell_result(TAKEN, told))
        await asyncio.sleep(0.02)
        ((event, future),) = spool.kept_written
        assert event == MessageAccepted(
            told.message_id, told.at_s, (1, 2), links=bool(told.links), opens=told.opens
        )
        assert not telling.done()
        future.set_result(None)
        await asyncio.wait_for(telling, 1)


async def test_nobody_waits_for_a_refusal(spool: Recording, events: TrackingEvents) -> None:
    """Nor hears that it could not be written."""
    await events.tell_result(REFUSED, pending())
    assert spool.mentioned == [MessageRefused("m1", pending().at_s, (1, 2))]


@pytest.mark.parametrize(
    ("result", "told"), [(IN_DOUBT, pending()), (TAKEN, None), (REFUSED, None)]
)
async def test_of_what_is_in_doubt_or_not_tracked_nothing_is_told(
    result: DataResult, told: Any, spool: Recording, events: TrackingEvents
) -> None:
    """Of a message in doubt, nobody knows."""
    await events.tell_pending(None)
    await events.tell_result(result, told)
    assert (spool.kept_durable, spool.kept_written, spool.mentioned) == ([], [], [])


async def full(_event: Event) -> None:
    """Fail as a disk does that is full."""
    raise SpoolError("full")


async def slow(_event: Event) -> None:
    """Give up on a disk that does not answer."""
    raise TimeoutError("the spool is slow")


async def broken(_event: Event) -> None:
    """Fail as nobody foresaw."""
    raise RuntimeError("broken")


@pytest.mark.parametrize("keep", [full, slow, broken])
async def test_mail_goes_on_and_the_log_says_that_an_event_is_not_safe(
    keep: Callable[[Event], Awaitable[None]],
    spool: Recording,
    events: TrackingEvents,
    monkeypatch: pytest.MonkeyPatch,
    logged: list[dict[str, Any]],
) -> None:
    """Where the spool fails, or is slow."""
    for name in ("durable", "written"):
        monkeypatch.setattr(spool, name, keep)
    await events.tell_pending(pending())
    await events.tell_result(TAKEN, pending())
    told = [line["message"] for line in logged if line["event"] == "event_not_durable"]
    assert told == ["m1"] * 2


async def test_mail_goes_on_where_not_even_a_mention_is_taken(
    spool: Recording,
    events: TrackingEvents,
    monkeypatch: pytest.MonkeyPatch,
    logged: list[dict[str, Any]],
) -> None:
    """The log says so."""

    def broken_mention(_event: Event) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(spool, "mention", broken_mention)
    await events.tell_result(REFUSED, pending())
    assert [line["message"] for line in logged if line["event"] == "event_not_durable"] == ["m1"]


async def test_what_became_of_a_message_is_told_by_the_second_of_its_tokens(
    spool: Recording, events: TrackingEvents
) -> None:
    """By it and by its id the store names the message."""
    told = pending(sent_s=SENT_S - 1)
    for result in (TAKEN, REFUSED):
        task = asyncio.create_task(events.tell_result(result, told))
        await asyncio.sleep(0)
        for _, future in spool.kept_written:
            future.done() or future.set_result(None)
        await task
    (accepted, _), refused = spool.kept_written[0], spool.mentioned[0]
    assert isinstance(accepted, MessageAccepted)
    assert isinstance(refused, MessageRefused)
    assert accepted.sent_s == refused.sent_s == SENT_S - 1
