"""Events of one turn of an event loop go together, and nobody waits for long."""

import asyncio
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.feeding import click
from tracker.spool import segments, turns
from tracker.spool.parcel import Parcel, SpoolError, SpoolFull, framed
from tracker.spool.turns import AwaitedSpool, Turns
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


def text(spool: Watched, tmp_path: Path) -> bytes:
    """Return what stands in the spool, once it is closed."""
    spool.close()
    return b"".join(path.read_bytes() for path in segments.listing(tmp_path / "spool"))


async def test_events_of_one_turn_go_to_the_spool_together(spool: Watched) -> None:
    """In one parcel for those who wait for the disk, and one for those who do not."""
    awaited = AwaitedSpool(spool)
    durable = [awaited.durable(click(number)) for number in range(5)]
    written = [awaited.written(click(number)) for number in range(5, 8)]
    await asyncio.gather(*durable, *written)
    (parcels,) = spool.handed
    assert [(len(each.records), each.early) for each in parcels] == [(5, False), (3, True)]
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
    monkeypatch.setattr(turns, "PATIENCE_S", 10)
    awaited = AwaitedSpool(spool)
    durable = asyncio.create_task(awaited.durable(click(1)))
    await awaited.written(click(2))
    assert not durable.done()
    go_on.set()
    await durable
    await asyncio.to_thread(spool.close)


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
    awaited = AwaitedSpool(spool)
    awaited.mention(click(1))
    await awaited.written(click(2))
    (parcels,) = spool.handed
    assert [len(each.records) for each in parcels] == [2]
    assert (await asyncio.to_thread(text, spool, tmp_path)).count(b"\n") == 2


async def test_an_event_that_is_too_large_costs_no_other(
    spool: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It alone is refused."""
    monkeypatch.setattr(turns, "LARGE_OCTETS", 1_000)
    monkeypatch.setattr(segments, "MAX_RECORD_OCTETS", 2_000)
    awaited = AwaitedSpool(spool)
    large = replace(click(1), destination="https://example.com/" + 3_000 * "x")
    came = await asyncio.gather(
        awaited.durable(click(2)), awaited.durable(large), return_exceptions=True
    )
    assert came[0] is None
    assert isinstance(came[1], SpoolFull)
    await asyncio.to_thread(spool.close)


async def test_who_waits_hears_why_an_event_is_not_safe(spool: Watched) -> None:
    """Here, because the spool is closed."""
    spool.close()
    with pytest.raises(SpoolError, match="closed"):
        await AwaitedSpool(spool).durable(click(1))


async def test_who_was_cancelled_costs_no_other(spool: Watched, tmp_path: Path) -> None:
    """And their event is kept."""
    awaited = AwaitedSpool(spool)
    first, second = (asyncio.create_task(awaited.durable(click(n))) for n in (1, 2))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert (await asyncio.to_thread(text, spool, tmp_path)).count(b"event_id") == 2
