"""What the tracker is told of a message, and that mail waits for that as long as the spool asks."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from proxy.delivery.tracking_events import TrackingEvents
from proxy.relay.session import DataResult, Progress
from proxy.smtp import replies
from tests.support.checks.facts import SENT_S, pending, with_pixel
from tracker.events import Event, MessageAccepted, MessageHandled, MessageRefused
from tracker.spool.parcel import SpoolError
from tracker.spool.turns import Kept

TAKEN = DataResult(replies.DELIVERED, Progress.COMMITTED, lost=False)
REFUSED = DataResult(replies.OUR_FAULT, Progress.NOTHING, lost=False)
IN_DOUBT = DataResult(replies.OUR_FAULT, Progress.IN_DOUBT, lost=True)
HANDLED = MessageHandled("m1", 1, 1, "news@example.com", "delivered", "250 2.0.0 Ok")


Told = list[tuple[Event, Kept]]


@dataclass
class Recording:
    """Stands for a spool whose disk answers when the test says so."""

    kept_durable: Told = field(default_factory=list)
    kept_written: Told = field(default_factory=list)
    mentioned: list[Event] = field(default_factory=list)
    went_along: list[Event] = field(default_factory=list)

    def durable(self, event: Event) -> Kept:
        """Keep an event that is to be durable."""
        return self._kept(self.kept_durable, event)

    def written(self, event: Event) -> Kept:
        """Keep one that is to be written."""
        return self._kept(self.kept_written, event)

    def mention(self, event: Event) -> None:
        """Keep one for which nobody waits."""
        self.mentioned.append(event)

    def along(self, event: Event) -> None:
        """Keep one that goes along with the next."""
        assert not self.kept_written
        self.went_along.append(event)

    def _kept(self, where: Told, event: Event) -> Kept:
        where.append((event, asyncio.get_running_loop().create_future()))
        return where[-1][1]


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
    """Then, and not before, its final dot may go."""
    before_dot = events.tell_pending(pending())
    assert spool.kept_durable == [(pending(), before_dot)]


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
    assert events.tell_pending(None) is None
    await events.tell_result(result, told)
    assert (spool.kept_durable, spool.kept_written, spool.mentioned) == ([], [], [])


async def test_details_go_along_with_what_is_waited_for(
    spool: Recording, events: TrackingEvents
) -> None:
    """Before it; they are told once."""
    telling = asyncio.create_task(events.tell_result(TAKEN, pending(), None, HANDLED))
    await asyncio.sleep(0.02)
    assert (spool.went_along, spool.mentioned) == ([HANDLED], [])
    spool.kept_written[0][1].set_result(None)
    await asyncio.wait_for(telling, 1)


@pytest.mark.parametrize(
    ("result", "told", "also"),
    [
        (REFUSED, pending(), [MessageRefused("m1", pending().at_s, (1, 2))]),
        (IN_DOUBT, pending(), []),
        (TAKEN, None, []),
        (REFUSED, None, []),
    ],
)
async def test_details_are_told_whatever_became_of_it(
    result: DataResult, told: Any, also: list[Event], spool: Recording, events: TrackingEvents
) -> None:
    """Once, where nothing is waited for."""
    await events.tell_result(result, told, None, HANDLED)
    assert spool.mentioned == [HANDLED, *also]
    assert (spool.went_along, spool.kept_written) == ([], [])


def full(_event: Event) -> Kept:
    """Fail as a disk does that is full."""
    return failed(SpoolError("full"))


def slow(_event: Event) -> Kept:
    """Give up on a disk that does not answer."""
    return failed(TimeoutError("the spool is slow"))


def failed(why: Exception) -> Kept:
    """Return what is known of an event that is not safe."""
    kept: Kept = asyncio.get_running_loop().create_future()
    kept.set_result(why)
    return kept


def broken(_event: Event) -> Kept:
    """Fail as nobody foresaw."""
    raise RuntimeError("broken")


@pytest.mark.parametrize("keep", [full, slow, broken])
async def test_mail_goes_on_and_the_log_says_that_an_event_is_not_safe(
    keep: Callable[[Event], Kept],
    spool: Recording,
    events: TrackingEvents,
    monkeypatch: pytest.MonkeyPatch,
    logged: list[dict[str, Any]],
) -> None:
    """Where the spool fails, or is slow."""
    for name in ("durable", "written"):
        monkeypatch.setattr(spool, name, keep)
    await events.tell_result(TAKEN, pending(), events.tell_pending(pending()))
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


async def test_a_copy_of_which_was_told_ahead_is_told_of_once(
    spool: Recording, events: TrackingEvents
) -> None:
    """Its final dot waits for what was told then."""
    ahead, told = events.ahead(), pending()
    ahead.tell(told)
    ((event, before_dot),) = spool.kept_durable
    assert event is told
    assert ahead.finished(told) is before_dot
    assert (len(spool.kept_durable), spool.mentioned) == (1, [])


async def test_a_copy_of_which_nothing_was_told_is_told_of_when_it_is_finished(
    spool: Recording, events: TrackingEvents
) -> None:
    """And of one that is not tracked, nothing is."""
    ahead = events.ahead()
    assert ahead.finished(None) is None
    before_dot = ahead.finished(pending())
    assert spool.kept_durable == [(pending(), before_dot)]
    assert spool.mentioned == []


@pytest.mark.parametrize("other", [None, pending(sent_s=SENT_S - 1)])
async def test_what_was_told_of_a_copy_that_did_not_come_to_be_is_taken_back(
    other: Any, spool: Recording, events: TrackingEvents
) -> None:
    """Once; what goes out in its place is told of by itself."""
    ahead = events.ahead()
    ahead.tell(pending())
    ahead.finished(other)
    ahead.take_back()
    assert spool.mentioned == [MessageRefused("m1", pending().at_s, (1, 2))]
    assert [event for event, _ in spool.kept_durable] == [pending(), *([other] if other else [])]


async def test_each_copy_may_be_told_of_ahead(spool: Recording, events: TrackingEvents) -> None:
    """One that is told of after another that was not finished takes that back."""
    ahead = events.ahead()
    first, second = pending(), pending(sent_s=SENT_S - 1)
    ahead.tell(first)
    ahead.tell(second)
    assert [event.sent_s for event in spool.mentioned] == [first.sent_s]  # type: ignore[union-attr]
    assert ahead.finished(second) is spool.kept_durable[1][1]
    assert len(spool.mentioned) == 1
