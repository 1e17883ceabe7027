"""Events of one turn of an event loop go together, and nobody waits for long."""

import asyncio
import os
import threading
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from tests.support.feeding import click, eventually
from tracker.spool import segments, turns
from tracker.spool.parcel import Parcel, SpoolError, SpoolFull, framed
from tracker.spool.turns import AwaitedSpool, Kept, Turns, _resolve
from tracker.spool.writer import Spool


class Watched(Spool):
    """A spool that notes what is handed over at one time."""

    handed: list[list[Parcel]]

    def hand_over(self, parcels: list[Parcel]) -> None:  # type: ignore[override]
        """Note it, and go on."""
        self.handed.append(parcels)
        super().hand_over(parcels)


@pytest.fixture
def spool(tmp_path: Path) -> Watched:
    """Return a spool that nothing was handed to."""
    opened = Watched(tmp_path / "spool", "tracker", 1_000_000)
    opened.handed = []
    return opened


def patient(spool: Spool) -> AwaitedSpool:
    """Return one in which nobody's time is over because a busy machine stalls."""
    awaited = AwaitedSpool(spool)
    awaited._turns = Turns(spool, turns._resolve, patience_s=60)
    return awaited


def text(spool: Watched, tmp_path: Path) -> bytes:
    """Return what stands in the spool, once it is closed."""
    spool.close()
    return b"".join(path.read_bytes() for path in segments.listing(tmp_path / "spool"))


async def test_events_of_one_turn_go_to_the_spool_together(spool: Watched) -> None:
    """In one parcel for those who wait for the disk, and one for those who do not."""
    turns = Turns[Kept](spool, _resolve, patience_s=60)
    waiters = [turns.loop.create_future() for _ in range(8)]
    for number, waiter in enumerate(waiters):
        turns.keep_event(click(number), waiter, early=number >= 5)
    assert await asyncio.gather(*waiters) == [None] * 8
    (parcels,) = spool.handed
    assert [(len(each.records), each.early) for each in parcels] == [(5, False), (3, True)]
    await asyncio.to_thread(spool.close)


async def test_what_is_to_be_durable_is_handed_over_at_once(spool: Watched) -> None:
    """With what came before: its giver works on while the disk does."""
    awaited = patient(spool)
    awaited.mention(click(1))
    durable = awaited.durable(click(2))
    (parcels,) = spool.handed
    assert [(len(each.records), each.early) for each in parcels] == [(1, True), (1, False)]
    assert await durable is None
    assert len(spool.handed) == 1
    await asyncio.to_thread(spool.close)


async def test_who_waits_for_an_event_to_be_written_does_not_wait_for_the_disk(
    spool: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits until it is durable does."""
    go_on, synced = threading.Event(), os.fdatasync

    def slow(descriptor: int) -> None:
        go_on.wait(10)
        synced(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    turns = Turns[Kept](spool, _resolve, patience_s=60)
    durable, written = turns.loop.create_future(), turns.loop.create_future()
    turns.keep_event(click(1), durable)
    turns.keep_event(click(2), written, early=True)
    assert await written is None
    assert not durable.done()
    go_on.set()
    assert await durable is None
    await asyncio.to_thread(spool.close)


async def test_what_is_only_to_be_written_is_written_at_once(
    spool: Watched, tmp_path: Path
) -> None:
    """Where the spool is at rest, with what was mentioned before, and nobody has to wait for it."""
    awaited = patient(spool)
    assert await awaited.durable(click(1)) is None
    await asyncio.to_thread(eventually, lambda: spool.idle)
    awaited.mention(click(2))
    written = awaited.written(click(3))
    assert written.done()
    assert written.result() is None
    await asyncio.sleep(0.01)
    assert [len(parcels) for parcels in spool.handed] == [1, 1]
    assert (await asyncio.to_thread(text, spool, tmp_path)).count(b"event_id") == 3


async def test_what_is_handed_over_at_once_leaves_no_turn_of_the_loop_behind(
    spool: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with what goes along, either."""
    awaited = patient(spool)
    assert await awaited.durable(click(1)) is None
    await asyncio.to_thread(eventually, lambda: spool.idle)
    later = Mock()
    monkeypatch.setattr(Turns, "hand_over_soon", later)
    awaited.along(click(2))
    assert awaited.written(click(3)).done()
    assert not later.called
    assert [[len(each.records) for each in parcels] for parcels in spool.handed] == [[1], [2]]
    assert (await asyncio.to_thread(text, spool, tmp_path)).count(b"event_id") == 3


async def test_what_goes_along_goes_though_the_next_cannot_be_told(
    spool: Watched, tmp_path: Path
) -> None:
    """At the end of the turn, where the spool is at work."""
    awaited = patient(spool)
    durable = awaited.durable(click(1))
    awaited.along(click(2))
    with pytest.raises(KeyError):
        awaited.written(Mock())
    await asyncio.sleep(0.01)
    assert sum(map(len, spool.handed)) == 2
    assert await durable is None
    assert (await asyncio.to_thread(text, spool, tmp_path)).count(b"event_id") == 2


async def test_nobody_waits_longer_than_the_patience(
    spool: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the event is kept all the same, and written when the disk obeys."""
    obeys = threading.Event()
    monkeypatch.setattr(os, "fdatasync", lambda _descriptor: obeys.wait(30))
    heard = asyncio.Event()
    told: list[tuple[list[str], Exception | None]] = []

    def settle(waiters: list[str], error: Exception | None) -> None:
        told.append((waiters, error))
        heard.set()

    Turns(spool, settle, patience_s=0.1).keep(framed(click(1)), "reader")
    await asyncio.wait_for(heard.wait(), 10)
    obeys.set()
    assert b'"event_id":"e1"' in await asyncio.to_thread(text, spool, tmp_path)
    await asyncio.sleep(0.1)
    ((waiters, error),) = told
    assert waiters == ["reader"]
    assert isinstance(error, TimeoutError)


async def test_what_is_mentioned_is_written_and_keeps_nobody(
    spool: Watched, tmp_path: Path
) -> None:
    """It goes along with what others wait for."""
    awaited = patient(spool)
    awaited.mention(click(1))
    assert await awaited.written(click(2)) is None
    (parcels,) = spool.handed
    assert [len(each.records) for each in parcels] == [2]
    assert (await asyncio.to_thread(text, spool, tmp_path)).count(b"\n") == 2


async def test_an_event_that_is_too_large_costs_no_other(
    spool: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It alone is refused."""
    monkeypatch.setattr(turns, "LARGE_OCTETS", 1_000)
    monkeypatch.setattr(segments, "MAX_RECORD_OCTETS", 2_000)
    awaited = patient(spool)
    large = replace(click(1), destination="https://example.com/" + 3_000 * "x")
    came = await asyncio.gather(awaited.durable(click(2)), awaited.durable(large))
    assert came[0] is None
    assert isinstance(came[1], SpoolFull)
    await asyncio.to_thread(spool.close)


async def test_who_waits_hears_why_an_event_is_not_safe(spool: Watched) -> None:
    """Here, because the spool is closed."""
    spool.close()
    why = await AwaitedSpool(spool).durable(click(1))
    assert isinstance(why, SpoolError)
    assert "closed" in str(why)


async def test_a_spool_that_raises_keeps_nobody_from_hearing_of_what_came_before(
    spool: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop is woken for what comes back from the spool's thread, as ever."""
    go_on, synced = threading.Event(), os.fdatasync

    def slow(descriptor: int) -> None:
        go_on.wait(60)
        synced(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    awaited = patient(spool)
    durable = awaited.durable(click(1))
    await asyncio.sleep(0)
    with monkeypatch.context() as patch:
        patch.setattr(Watched, "hand_over", Mock(side_effect=MemoryError))
        patch.setattr(Spool, "idle", True)
        with pytest.raises(MemoryError):
            awaited.written(click(2))
    go_on.set()
    assert await durable is None
    await asyncio.to_thread(spool.close)


async def test_who_was_cancelled_costs_no_other(spool: Watched, tmp_path: Path) -> None:
    """And their event is kept."""
    awaited = patient(spool)
    first, second = (awaited.durable(click(n)) for n in (1, 2))
    first.cancel()
    assert await second is None
    assert (await asyncio.to_thread(text, spool, tmp_path)).count(b"event_id") == 2
