"""Room behind the records of a segment: blanks that nobody takes for records, whatever happens."""

import errno
import os
import random
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.feeding import click, eventually, metric, put
from tracker.events import decode, encode
from tracker.spool import segments
from tracker.spool.open_segment import OpenSegment
from tracker.spool.writer import Spool

ROOM_OCTETS = 8192
FAILURES = "waypost_spool_failures_total"


def record(number: int) -> bytes:
    """Return a click as it stands in a segment."""
    return segments.frame(encode(click(number)))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return the place of a spool."""
    return tmp_path / "waypost.db.spool"


@pytest.fixture
def spool(directory: Path) -> Iterator[Spool]:
    """Return a spool that makes room."""
    made = Spool.open(directory, "proxy", room_octets=ROOM_OCTETS)
    yield made
    made.close()


@pytest.fixture
def segment(directory: Path) -> Iterator[OpenSegment]:
    """Return a segment that has one record, and room behind it."""
    made = OpenSegment.create(directory, "proxy", None, ROOM_OCTETS)
    made.write(record(1))
    made.sync()
    made.make_room()
    yield made
    made.close()


def numbers(path: Path, *, finished: bool = False, limit_octets: int = 1000) -> list[str | None]:
    """Return the ids of the events of a segment, None for what is damaged."""
    descriptor, offset, found = segments.open_to_read(path), 0, list[str | None]()
    while records := segments.read(descriptor, offset, limit_octets, finished=finished):
        found += [decode(each.payload).event_id if each.payload else None for each in records]  # type: ignore[union-attr]
        offset = records[-1].end
    os.close(descriptor)
    return found


def until_recovered(spool: Spool, before: float) -> None:
    """Wait until a spool has failed once more than `before`, and is well again."""
    eventually(lambda: metric(FAILURES) > before and spool._failure is None)


def only(directory: Path) -> Path:
    """Return the one segment."""
    (path,) = segments.listing(directory)
    return path


def test_room_is_there_once_the_first_event_is_durable(spool: Spool, directory: Path) -> None:
    """What follows is written over it: the file keeps its size and its place."""
    put(spool, 1)
    eventually(lambda: only(directory).stat().st_size == len(record(1)) + ROOM_OCTETS)
    put(spool, 2, 3)
    assert only(directory).read_bytes().rstrip() + b"\n" == record(1) + record(2) + record(3)
    assert only(directory).stat().st_size == len(record(1)) + ROOM_OCTETS
    assert numbers(only(directory)) == ["e1", "e2", "e3"]


def test_a_finished_segment_has_no_room(spool: Spool, directory: Path) -> None:
    """It is as if there never was any."""
    put(spool, 1, 2)
    spool.close()
    assert only(directory).read_bytes() == record(1) + record(2)


def test_a_segment_that_cannot_be_cut_off_is_finished_all_the_same(
    segment: OpenSegment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps its blanks, as that of a process which was killed does."""

    def fails(_descriptor: int, _octets: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "ftruncate", fails)
    segment.close()
    assert segment.is_closed
    descriptor = segments.open_to_read(segment.path)
    assert segments.is_finished(descriptor)
    assert segments.end_of_records(descriptor) == len(record(1))
    os.close(descriptor)
    assert numbers(segment.path, finished=True) == ["e1"]


def test_where_room_cannot_be_given_back_it_is_written_over(
    spool: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came of it stays behind the records."""
    filled = segments.fill

    def half(descriptor: int, start: int, end: int) -> None:
        filled(descriptor, start, (start + end) // 2)
        raise OSError(errno.ENOSPC, "No space left on device")

    def fails(_descriptor: int, _octets: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(segments, "fill", half)
    monkeypatch.setattr(os, "ftruncate", fails)
    monkeypatch.setattr("tracker.spool.writer.RETRY_S", 0.02)
    before = metric(FAILURES)
    spool.append(click(1)).result(5)
    until_recovered(spool, before)
    put(spool, 2, 3)
    assert numbers(only(directory)) == ["e1", "e2", "e3"]
    spool.close()
    assert numbers(only(directory), finished=True) == ["e1", "e2", "e3"]


def test_room_is_made_before_it_is_gone(spool: Spool, directory: Path) -> None:
    """However many events there are, each is read once, while they are written and afterwards."""
    for number in range(100):
        put(spool, number)
        assert numbers(only(directory))[-1] == f"e{number}"
        assert only(directory).stat().st_size >= (number + 1) * len(record(10)) - 100
    spool.close()
    assert numbers(only(directory), finished=True) == [f"e{number}" for number in range(100)]


def test_a_record_larger_than_the_room_is_appended(segment: OpenSegment) -> None:
    """And there is room behind it."""
    many = b"".join(record(number) for number in range(2, 80))
    segment.write(many)
    segment.sync()
    segment.make_room()
    assert len(many) > ROOM_OCTETS
    assert segment.path.read_bytes() == record(1) + many + b" " * ROOM_OCTETS
    assert numbers(segment.path) == [f"e{number}" for number in range(1, 80)]


def test_room_is_no_reason_for_a_segment_to_be_full(
    segment: OpenSegment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it go beyond where that is full."""
    monkeypatch.setattr("tracker.spool.open_segment.MAX_OCTETS", 3 * ROOM_OCTETS)
    while not segment.is_full:
        segment.write(record(2))
        segment.sync()
        segment.make_room()
        assert segment.path.stat().st_size <= 3 * ROOM_OCTETS + len(record(2))
    assert segment.path.stat().st_size >= 3 * ROOM_OCTETS


@pytest.mark.parametrize("finished", [False, True])
def test_what_is_torn_is_told_from_the_room_behind_it(
    segment: OpenSegment, *, finished: bool
) -> None:
    """Wherever the write broke off: left alone while the writer lives, one damaged record then."""
    for cut in range(1, len(record(2))):
        os.pwrite(segment._open(), record(2)[:cut].ljust(len(record(2))), len(record(1)))
        assert numbers(segment.path, finished=finished) == ["e1", *([None] if finished else [])]


def test_blanks_within_records_are_no_end(segment: OpenSegment) -> None:
    """Once its writer is gone, nothing that stands behind damage is passed over."""
    octets = record(1) + b" " * 70_000 + record(2) + b" " * 70_000
    segment.path.write_bytes(octets)
    descriptor = segments.open_to_read(segment.path)
    assert segments.end_of_records(descriptor) == len(octets) - 70_000
    os.close(descriptor)
    assert numbers(segment.path, finished=True) == ["e1", None]


def test_every_flipped_bit_costs_one_record_at_most_two(segment: OpenSegment) -> None:
    """Also one that makes a blank of the first octet."""
    octets = b"".join(record(number) for number in range(1, 4))
    for bit in range(8 * len(record(1)), 8 * (len(record(1)) + 12)):
        damaged = bytearray(octets + b" " * 100)
        damaged[bit // 8] ^= 1 << bit % 8
        segment.path.write_bytes(damaged)
        found = numbers(segment.path, finished=True)
        assert None in found
        assert "e1" in found
        assert "e3" in found


def test_the_end_is_found_whatever_the_room(tmp_path: Path) -> None:
    """From any record on, of segments with room and without."""
    chance, path = random.Random(44), tmp_path / "segment"
    for _ in range(200):
        records = [record(chance.randrange(1000)) for _ in range(chance.randrange(6))]
        octets = b"".join(records)
        path.write_bytes(octets + b" " * chance.choice([0, 1, 4096, 5000, 65536, 300_000]))
        descriptor = segments.open_to_read(path)
        offset = 0
        for each in (*records, b""):
            for finished in (False, True):
                end = segments.end_of_records(descriptor, offset, finished=finished)
                assert end == len(octets)
            assert segments.unread_octets(path, offset) == len(octets) - offset
            offset += len(each)
        os.close(descriptor)


def test_a_segment_that_was_moved_away_is_put_back_with_its_room(
    spool: Spool, directory: Path
) -> None:
    """What comes then stands where it would have stood."""
    put(spool, 1)
    eventually(lambda: only(directory).stat().st_size > ROOM_OCTETS)
    directory.rename(directory.with_name("moved"))
    put(spool, 2, 3)
    assert numbers(only(directory)) == ["e1", "e2", "e3"]
    spool.close()
    assert only(directory).read_bytes() == record(1) + record(2) + record(3)


def test_where_there_is_no_room_to_be_had_events_are_appended(
    spool: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what was taken of it is given back."""
    calls = []

    def full(descriptor: int, octets: bytes, offset: int) -> int:
        calls.append(len(octets))
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(descriptor, octets[:10], offset)

    written = os.pwrite
    monkeypatch.setattr(os, "pwrite", full)
    put(spool, 1, 2, 3)
    assert len(calls) == 2
    assert only(directory).read_bytes() == record(1) + record(2) + record(3)


def test_a_disk_that_fails_when_room_is_made_ends_the_segment(
    spool: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was answered is in doubt; what comes next goes to another."""
    synced, failed = os.fsync, list[int]()

    def failing(descriptor: int) -> None:
        if failed or not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return synced(descriptor)
        failed.append(descriptor)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    monkeypatch.setattr("tracker.spool.writer.RETRY_S", 0.02)
    before = metric(FAILURES)
    spool.append(click(1)).result(5)
    until_recovered(spool, before)
    put(spool, 2)
    first, second = segments.listing(directory)
    found = [*numbers(first, finished=True), *numbers(second)]
    assert sorted(str(each) for each in found) == ["e1", "e2"]


def test_a_disk_that_always_fails_when_room_is_made_ends_no_further_segment(
    spool: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a server of files does whose quota has room for records alone."""
    synced = os.fsync

    def failing(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EDQUOT, "Disk quota exceeded")
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    monkeypatch.setattr("tracker.spool.writer.RETRY_S", 0.02)
    before = metric(FAILURES)
    spool.append(click(1)).result(5)
    until_recovered(spool, before)
    for number in range(2, 5):
        put(spool, number)
    first, second = segments.listing(directory)
    assert sorted(path.read_bytes() for path in (first, second)) == sorted(
        [record(1), record(2) + record(3) + record(4)]
    )


def test_what_is_torn_elsewhere_each_time_is_never_taken_for_damaged(
    segment: OpenSegment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy writer may be met in another record each time that one is read again."""
    written = [1]

    def tear(_: float = 0.0) -> None:
        """Write what was torn, and the next record with a hole in it."""
        os.pwrite(segment._open(), record(written[0]), (written[0] - 1) * len(record(1)))
        written[0] += 1
        torn = record(written[0])[:20] + b" " * 20 + record(written[0])[40:]
        os.pwrite(segment._open(), torn, (written[0] - 1) * len(record(1)))

    monkeypatch.setattr(time, "sleep", tear)
    tear()
    descriptor, offset = segments.open_to_read(segment.path), 0
    for number in range(1, 9):
        (found,) = segments.read(descriptor, offset, 1000, finished=False)
        assert found.raw == record(number)
        offset = found.end
    os.close(descriptor)


def test_what_stays_damaged_is_read_alone(segment: OpenSegment) -> None:
    """And what stands behind it is read as ever, while its writer lives."""
    octets = b"".join(record(number) for number in range(1, 6))
    broken = octets.replace(record(2), record(2).replace(b"{", b"["))
    broken = broken.replace(record(4), record(4).replace(b"{", b"["))
    os.pwrite(segment._open(), broken, 0)
    assert numbers(segment.path) == ["e1", None, "e3", None, "e5"]
    descriptor = segments.open_to_read(segment.path)
    at = len(record(1))
    (damaged,) = segments.read(descriptor, at, 1000, finished=False)
    assert (damaged.payload, damaged.end) == (None, 2 * at)
    os.close(descriptor)


def test_who_looks_while_it_is_finished_sees_no_room(
    segment: OpenSegment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut off between a look at its size and at its end."""
    read = segments._octets

    def late(descriptor: int, start: int, end: int) -> bytes:
        segment.close()
        return read(descriptor, start, end)

    monkeypatch.setattr(segments, "_octets", late)
    assert segments.unread_octets(segment.path) == len(record(1))


def test_who_reads_while_it_is_written_reads_each_record_whole(
    spool: Spool, directory: Path
) -> None:
    """Nothing is taken for damaged that is being written."""
    put(spool, 0)
    path, found, offset = only(directory), list[str](), 0
    writing = threading.Thread(target=put, args=(spool, *range(1, 600)))
    writing.start()
    descriptor, deadline_s = segments.open_to_read(path), time.monotonic() + 60
    while len(found) < 600 and time.monotonic() < deadline_s:
        for each in segments.read(descriptor, offset, 100_000, finished=False):
            assert each.payload is not None
            found.append(decode(each.payload).event_id)  # type: ignore[union-attr]
            offset = each.end
    os.close(descriptor)
    writing.join()
    assert found == [f"e{number}" for number in range(600)]
