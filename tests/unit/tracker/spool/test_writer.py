"""The spool of one process, on a real disk that sometimes refuses."""

import errno
import itertools
import os
import resource
import signal
import threading
import time
from collections.abc import Iterator, MutableMapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from tests.support.feeding import click, eventually, metric, put
from tests.support.waiting import until
from tracker.events import Clicked, decode
from tracker.spool import open_segment, segments, writer
from tracker.spool.open_segment import OpenSegment
from tracker.spool.parcel import Parcel, SpoolError, SpoolFull, framed
from tracker.spool.writer import Spool


def stored(directory: Path) -> list[str]:
    """Return the ids of all events in the spool, in order."""
    found = []
    for path in segments.listing(directory):
        descriptor = os.open(path, os.O_RDONLY)
        for record in segments.read(descriptor, 0, 10_000_000, finished=True):
            if record.payload is not None:
                event = decode(record.payload)
                assert isinstance(event, Clicked)
                found.append(event.event_id)
        os.close(descriptor)
    return found


def wait_for_events(directory: Path, count: int) -> None:
    """Wait until the spool has tried again, with success."""
    until(
        lambda: (
            len(stored(directory)) >= count
            and not metric("waypost_spool_waiting_octets", role="tracker")
        )
    )


def handed_over(spool: Spool, records: list[bytes]) -> Future[None]:
    """Hand over events that came at one time; return what comes of them."""
    future: Future[None] = Future()

    def told(error: SpoolError | None) -> None:
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    spool.hand_over([Parcel(records, told)])
    return future


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return the place of a spool that is not there yet."""
    return tmp_path / "waypost.db.spool"


@pytest.fixture
def opened(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spool]:
    """Return a spool that tries again quickly."""
    monkeypatch.setattr(writer, "RETRY_S", 0.02)
    made = Spool.open(directory, "tracker")
    yield made
    made.close()


@contextmanager
def largest_file(octets: int) -> Iterator[None]:
    """Let no file of this process grow beyond `octets`: writes fail with EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_event_is_on_disk_when_its_future_resolves(opened: Spool, directory: Path) -> None:
    """Every time."""
    for number in range(5):
        opened.append(click(number)).result(5)
        assert stored(directory)[-1] == f"e{number}"


def test_events_that_came_together_are_on_disk_together(opened: Spool, directory: Path) -> None:
    """In their order, each counted, when their one future resolves."""
    before = metric("waypost_spool_events_total")
    handed_over(opened, [framed(click(number)) for number in range(5)]).result(5)
    assert stored(directory) == [f"e{number}" for number in range(5)]
    assert metric("waypost_spool_events_total") - before == 5


def test_an_event_may_be_told_of_when_it_is_written(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the disk takes its time to make it durable, for which others wait."""
    go_on = threading.Event()
    synced = os.fdatasync

    def slow(descriptor: int) -> None:
        go_on.wait(5)
        synced(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    opened.append_written(click(1)).result(5)
    assert stored(directory) == ["e1"]
    durable, written = opened.append(click(2)), opened.append_written(click(3))
    assert not durable.done()
    go_on.set()
    durable.result(5)
    written.result(5)
    assert stored(directory) == ["e1", "e2", "e3"]


def count_syncs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets an entry with each fdatasync."""
    synced, done = os.fdatasync, list[int]()

    def counting(descriptor: int) -> None:
        synced(descriptor)
        done.append(descriptor)

    monkeypatch.setattr(os, "fdatasync", counting)
    return done


def test_what_nobody_waits_for_is_made_durable_with_what_comes_next(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events that are told of once they are written do not cost the disk anything of their own."""
    monkeypatch.setattr(writer, "SYNC_LATER_S", 60)
    syncs, before = count_syncs(monkeypatch), metric("waypost_spool_events_total")
    for number in range(3):
        opened.append_written(click(number)).result(5)
    assert not syncs
    opened.append(click(3)).result(5)
    assert len(syncs) == 1
    assert metric("waypost_spool_events_total") - before == 4


def test_what_nobody_waits_for_is_made_durable_soon(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though nothing comes behind it, and when the spool is closed."""
    syncs = count_syncs(monkeypatch)
    opened.append_written(click(1)).result(5)
    eventually(lambda: len(syncs) == 1)
    monkeypatch.setattr(writer, "SYNC_LATER_S", 60)
    opened.append_written(click(2)).result(5)
    opened.close()
    assert len(syncs) == 2


def at_rest(spool: Spool) -> None:
    """Wait until the spool's thread has nothing to do."""
    eventually(lambda: spool.idle)


@pytest.fixture
def writers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the threads that write, in the order of their writes."""
    plain, names = OpenSegment.write, []

    def noted(segment: OpenSegment, octets: bytes) -> None:
        names.append(threading.current_thread().name)
        plain(segment, octets)

    monkeypatch.setattr(OpenSegment, "write", noted)
    return names


def test_what_is_only_to_be_written_is_written_where_it_comes_from(
    opened: Spool, directory: Path, writers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the spool's thread is at rest; it makes it durable soon."""
    opened.append(click(1)).result(5)
    at_rest(opened)
    syncs = count_syncs(monkeypatch)
    assert opened.append_written(click(2)).done()
    assert writers == ["spool", threading.current_thread().name]
    eventually(lambda: len(syncs) == 1)
    assert stored(directory) == ["e1", "e2"]


def test_what_is_written_after_a_long_rest_is_made_durable_soon(
    opened: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread is woken for it."""
    opened.append(click(1)).result(5)
    monkeypatch.setattr(open_segment, "LOOK_S", 60)
    eventually(lambda: opened.idle and opened._idle_until_s > time.monotonic() + 10)  # type: ignore[operator]
    syncs = count_syncs(monkeypatch)
    opened.append_written(click(2)).result(0)
    eventually(lambda: len(syncs) == 1)


def test_what_is_to_be_durable_is_left_to_the_spools_thread(
    opened: Spool, writers: list[str]
) -> None:
    """With all that waits by then."""
    for number in (1, 2):
        opened.append(click(number)).result(5)
        at_rest(opened)
    assert writers == ["spool"] * 2


def test_where_the_disk_refuses_all_is_left_to_the_spools_thread(
    opened: Spool, directory: Path, writers: list[str]
) -> None:
    """From the first failure on; each is told of, and kept."""
    opened.append(click(1)).result(5)
    at_rest(opened)
    (path,) = segments.listing(directory)
    with largest_file(path.stat().st_size + 5):
        for number in (2, 3):
            with pytest.raises(SpoolError):
                opened.append_written(click(number)).result(5)
    wait_for_events(directory, 3)
    assert sorted(stored(directory)) == ["e1", "e2", "e3"]
    assert writers.count(threading.current_thread().name) == 1


def test_no_fault_reaches_the_giver(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is, it is told of as what the disk refuses, and the event is kept."""
    opened.append(click(1)).result(5)
    at_rest(opened)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", Mock(side_effect=MemoryError))
        written = opened.append_written(click(2))
    with pytest.raises(SpoolError):
        written.result(5)
    wait_for_events(directory, 2)


def test_events_from_many_threads_are_whole(opened: Spool, directory: Path) -> None:
    """Those that are only written, and those that have to be durable, among each other."""

    def work(first: int) -> None:
        for number in range(first, first + 100):
            append = opened.append if number % 3 else opened.append_written
            append(click(number)).result(10)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 400, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened.close()
    assert sorted(stored(directory)) == sorted(f"e{number}" for number in range(400))


def test_what_was_written_and_not_made_durable_goes_to_the_next_segment(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the fdatasync fails that would have been for it."""
    monkeypatch.setattr(writer, "SYNC_LATER_S", 60)
    opened.append_written(click(1)).result(5)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", _fails)
        with pytest.raises(SpoolError):
            opened.append(click(2)).result(5)
    wait_for_events(directory, 2)
    (path,) = segments.listing(directory)
    assert stored(directory) == ["e1", "e2"]
    assert path.stat().st_size


def _fails(_descriptor: int) -> None:
    raise OSError(errno.EIO, "Input/output error")


def test_an_event_that_cannot_be_written_is_told_of_once(opened: Spool, directory: Path) -> None:
    """And kept, whatever its caller waits for."""
    opened.append(click(1)).result(5)
    (path,) = segments.listing(directory)
    with largest_file(path.stat().st_size + 5), pytest.raises(SpoolError):
        opened.append_written(click(2)).result(5)
    wait_for_events(directory, 2)
    assert sorted(stored(directory)) == ["e1", "e2"]


def test_nothing_is_made_before_the_first_event(opened: Spool, directory: Path) -> None:
    """A process that has nothing to tell leaves no trace."""
    assert not directory.exists()
    opened.append(click(1)).result(5)
    assert len(segments.listing(directory)) == 1


def test_many_threads_append_in_groups(opened: Spool, directory: Path) -> None:
    """Nothing is lost or mixed up, and there are far fewer syncs than events."""
    before = metric("waypost_spool_sync_seconds_count")

    def work(first: int) -> None:
        futures = [opened.append(click(number)) for number in range(first, first + 250)]
        for future in futures:
            future.result(10)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 1000, 250)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stored(directory)) == sorted(f"e{number}" for number in range(1000))
    assert metric("waypost_spool_sync_seconds_count") - before < 500


def test_segments_rotate_by_size(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finished segment can be fed and deleted while the process lives on."""
    monkeypatch.setattr(open_segment, "MAX_OCTETS", 600)
    for number in range(10):
        opened.append(click(number)).result(5)
    assert len(segments.listing(directory)) > 2
    assert sorted(stored(directory)) == sorted(f"e{number}" for number in range(10))


def test_idle_segment_is_finished_for_its_age(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it holds need not wait for the process to end."""
    monkeypatch.setattr(open_segment, "MAX_AGE_S", 0.05)
    opened.append(click(1)).result(5)
    (path,) = segments.listing(directory)
    descriptor = os.open(path, os.O_RDONLY)
    for _ in range(100):
        if finished := segments.is_finished(descriptor):
            break
        threading.Event().wait(0.02)
    os.close(descriptor)
    assert finished


def test_refused_events_are_kept_and_written_later(opened: Spool, directory: Path) -> None:
    """While files cannot grow, futures fail at once; afterwards everything is there, once read."""
    with largest_file(100):
        for number in range(20):
            with pytest.raises(SpoolError):
                opened.append(click(number)).result(5)
    wait_for_events(directory, 20)
    opened.append(click(99)).result(5)
    assert set(stored(directory)) == {*(f"e{number}" for number in range(20)), "e99"}
    assert metric("waypost_spool_waiting_octets", role="tracker") == 0


def test_group_goes_on_where_a_full_disk_stopped_it(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a record is followed by its other half, and nothing is there twice."""
    real, calls = os.write, []

    def filling(descriptor: int, octets: bytes) -> int:
        calls.append(len(octets))
        if len(calls) == 1:
            return real(descriptor, octets[:50])
        if len(calls) < 4:
            raise OSError(28, "No space left on device")
        return real(descriptor, octets)

    monkeypatch.setattr(os, "write", filling)
    with pytest.raises(SpoolError):
        opened.append(click(1)).result(5)
    wait_for_events(directory, 1)
    assert len(calls) == 4
    assert stored(directory) == ["e1"]


def test_failed_sync_gives_the_segment_up(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second fdatasync would call octets safe that the first one lost."""
    put(opened, 0)
    real, files = os.fdatasync, []

    def failing(descriptor: int) -> None:
        files.append(os.fstat(descriptor).st_ino)
        if len(files) <= 3:
            raise OSError(5, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", failing)
    with pytest.raises(SpoolError):
        opened.append(click(1)).result(5)
    wait_for_events(directory, 3)
    assert sorted(stored(directory)) == ["e0", "e1", "e1"]
    assert len(files) == 4
    assert all(file != next_ for file, next_ in itertools.pairwise(files))


def unsynced(_descriptor: int) -> None:
    """Fail as the kernel does where a write did not reach the disk."""
    raise OSError(errno.EIO, "Input/output error")


def test_segment_that_cannot_be_begun_leaves_nothing(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often that is tried."""
    put(opened, 0)
    before = metric("waypost_spool_failures_total")
    with monkeypatch.context() as disk:
        disk.setattr(os, "fdatasync", unsynced)
        disk.setattr(segments, "sync_directory", unsynced)
        opened.append(click(1)).exception(5)
        eventually(lambda: metric("waypost_spool_failures_total") > before + 5)
        assert {*stored(directory)} == {"e0", "e1"}
        assert len(list(directory.iterdir())) == 1
    wait_for_events(directory, 3)


def test_disk_that_refuses_for_long_is_not_filled_with_copies(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was never durable is written in place of the last attempt."""
    put(opened, 0)
    before = metric("waypost_spool_failures_total")
    with monkeypatch.context() as disk:
        disk.setattr(os, "fdatasync", unsynced)
        with pytest.raises(SpoolError):
            opened.append(click(1)).result(5)
        eventually(lambda: metric("waypost_spool_failures_total") > before + 20)
        assert len(segments.listing(directory)) == 2
    wait_for_events(directory, 3)
    put(opened, 2)
    assert sorted(stored(directory)) == ["e0", "e1", "e1", "e2"]


def test_memory_for_refused_events_is_bounded(directory: Path) -> None:
    """What is beyond it is dropped, and counted."""
    directory.parent.joinpath("waypost.db.spool").write_text("a file where the folder should be")
    opened = Spool.open(directory, "tracker", max_waiting_octets=2000)
    before = metric("waypost_spool_dropped_events_total")
    failures = [opened.append(click(number)).exception(5) for number in range(20)]
    dropped = [failure for failure in failures if isinstance(failure, SpoolFull)]
    assert 10 < len(dropped) < 20
    assert metric("waypost_spool_dropped_events_total") - before == len(dropped)
    opened.close()
    assert metric("waypost_spool_dropped_events_total") - before == 20


def test_events_that_came_together_are_dropped_together(directory: Path) -> None:
    """Each is counted, those that were kept until the end as well."""
    opened = Spool.open(directory, "tracker", max_waiting_octets=2000)
    records = [framed(click(number)) for number in range(20)]
    before = metric("waypost_spool_dropped_events_total")
    assert isinstance(handed_over(opened, records).exception(5), SpoolFull)
    assert metric("waypost_spool_dropped_events_total") - before == 20
    handed_over(opened, records[:2]).result(5)
    opened.close()
    assert stored(directory) == ["e0", "e1"]


def test_close_writes_what_is_waiting(opened: Spool, directory: Path) -> None:
    """And what comes after it is refused."""
    futures = [opened.append(click(number)) for number in range(100)]
    opened.close()
    assert all(future.exception() is None for future in futures)
    assert len(stored(directory)) == 100
    with pytest.raises(SpoolFull):
        opened.append(click(101)).result(5)


def test_close_tries_once_more_when_a_write_fails_meanwhile(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk refused what was tried before; by now it may have room."""
    real, tried, closing = os.write, threading.Event(), threading.Event()

    def late(descriptor: int, octets: bytes) -> int:
        if tried.is_set():
            return real(descriptor, octets)
        tried.set()
        closing.wait(5)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", late)
    opened.append(click(1))
    assert tried.wait(5)
    closer = threading.Thread(target=opened.close)
    closer.start()
    while not opened._closing:
        threading.Event().wait(0.01)
    closing.set()
    closer.join(10)
    assert stored(directory) == ["e1"]


def test_cancelled_wait_does_not_lose_the_event(opened: Spool, directory: Path) -> None:
    """A caller that gives up waiting has not withdrawn anything."""
    assert opened.append(click(1)).cancel() is False
    opened.close()
    assert stored(directory) == ["e1"]


def test_role_is_part_of_a_file_name(directory: Path) -> None:
    """So not every word will do."""
    with pytest.raises(ValueError, match="lower-case"):
        Spool.open(directory, "../proxy")


def test_whatever_goes_wrong_the_writer_lives_on(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what no disk would say."""
    real, calls = segments.create, []

    def failing(where: Path, role: str) -> tuple[Path, int]:
        if where == directory:  # spools of other tests may be at work still
            calls.append(role)
        if where == directory and len(calls) == 1:
            raise RuntimeError("a fault of ours")
        return real(where, role)

    monkeypatch.setattr(segments, "create", failing)
    with pytest.raises(SpoolError, match="a fault of ours"):
        opened.append(click(1)).result(5)
    wait_for_events(directory, 1)
    assert stored(directory) == ["e1"]


class BadDisk:
    """A disk whose syncs fail while it `is_bad`, and with them what closes the file after them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_bad = False
        self._fdatasync, self._close = os.fdatasync, os.close
        monkeypatch.setattr(os, "fdatasync", self.fdatasync)
        monkeypatch.setattr(os, "close", self.close)

    def fdatasync(self, descriptor: int) -> None:
        """Fail as the kernel does where a write did not reach the disk."""
        if self.is_bad:
            raise OSError(errno.EIO, "Input/output error")
        self._fdatasync(descriptor)

    def close(self, descriptor: int) -> None:
        """Give the descriptor back and fail, as Linux does."""
        self._close(descriptor)
        if self.is_bad and threading.current_thread().name == "spool":
            raise OSError(errno.EIO, "Input/output error")


def test_failed_close_after_a_failed_sync_loses_nothing(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread lives on, and what was held is written when the disk is well again."""
    disk = BadDisk(monkeypatch)
    put(opened, 0, 1, 2)
    disk.is_bad = True
    for number in range(3, 8):
        with pytest.raises(SpoolError):
            opened.append(click(number)).result(5)
    disk.is_bad = False
    wait_for_events(directory, 8)
    put(opened, *range(8, 12))
    assert set(stored(directory)) == {f"e{number}" for number in range(12)}


def test_nothing_ends_the_thread_but_closing_the_spool(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even what is meant to end a process, and not twice in a row."""
    real, calls = os.fdatasync, []

    def failing(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) <= 2:
            raise SystemExit
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", failing)
    with pytest.raises(SpoolError):
        opened.append(click(1)).result(5)
    wait_for_events(directory, 1)
    put(opened, 2)
    assert {*stored(directory)} == {"e1", "e2"}


def test_event_is_kept_until_there_is_a_thread_to_write_it(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system may have none to give at that moment."""

    def refusing(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as system:
        system.setattr(threading.Thread, "start", refusing)
        with pytest.raises(SpoolError, match="can't start new thread"):
            opened.append(click(1)).result(5)
    put(opened, 2)
    assert stored(directory) == ["e1", "e2"]


def test_what_is_dropped_is_logged(directory: Path, logged: list[MutableMapping[str, Any]]) -> None:
    """The first at once, the others in one line with their number."""
    directory.parent.joinpath("waypost.db.spool").write_text("a file where the folder should be")
    opened = Spool.open(directory, "tracker", max_waiting_octets=100)
    for number in range(3):
        opened.append(click(number)).exception(5)
    opened.close()
    told = [(line["events"], line["why"]) for line in logged if line["event"] == "spool_dropped"]
    assert told == [(1, "too many events are waiting"), (2, "too many events are waiting")]


def test_spool_does_not_cross_a_fork(opened: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child has no writer thread: its events would wait for ever."""
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(RuntimeError, match="belongs to the process"):
        opened.append(click(1))


def test_what_came_at_one_time_may_be_larger_together_than_one_event_may_be(
    opened: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound is on each; one that is past it costs all that came with it."""
    record = framed(click(1))
    monkeypatch.setattr(segments, "MAX_RECORD_OCTETS", len(record))
    handed_over(opened, [record, framed(click(2)), framed(click(3))]).result(5)
    assert len(stored(directory)) == 3
    monkeypatch.setattr(segments, "MAX_RECORD_OCTETS", len(record) - 1)
    with pytest.raises(SpoolFull, match=f"an event of {len(record)} octets"):
        handed_over(opened, [record]).result(5)
