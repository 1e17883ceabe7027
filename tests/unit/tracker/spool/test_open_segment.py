"""The segment being written, on a real disk where somebody moves things about."""

import contextlib
import errno
import os
import shutil
import threading
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.feeding import click, eventually, metric, put
from tracker.events import encode
from tracker.spool import open_segment, segments, writer
from tracker.spool.open_segment import OpenSegment
from tracker.spool.parcel import SpoolError
from tracker.spool.writer import Spool


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return the place of a spool that is not there yet."""
    return tmp_path / "waypost.db.spool"


@pytest.fixture
def spool(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spool]:
    """Return a spool that looks after its segment often, and tries again quickly."""
    monkeypatch.setattr(open_segment, "LOOK_S", 0.02)
    monkeypatch.setattr(writer, "RETRY_S", 0.02)
    made = Spool.open(directory, "tracker")
    yield made
    made.close()


def held(directory: Path) -> bytes:
    """Return all octets of all segments in a folder."""
    return b"".join(path.read_bytes() for path in segments.listing(directory))


def records(*numbers: int) -> bytes:
    """Return what the spool writes of clicks."""
    return b"".join(segments.frame(encode(click(number))) for number in numbers)


def rename_folder(directory: Path) -> None:
    """Move the spool away whole."""
    directory.rename(directory.with_name("moved"))


def swap_folder(directory: Path) -> None:
    """Move it away, and put an empty one in its place."""
    rename_folder(directory)
    directory.mkdir()


def copy_folder(directory: Path) -> None:
    """Move it away, and put a copy in its place; nobody holds the segments of a copy."""
    rename_folder(directory)
    shutil.copytree(directory.with_name("moved"), directory)


def rename_segment(directory: Path) -> None:
    """Rename the segment alone."""
    (segment,) = segments.listing(directory)
    segment.rename(directory / "kept")


def delete_segment(directory: Path) -> None:
    """Delete the segment alone."""
    (segment,) = segments.listing(directory)
    segment.unlink()


AWAY = (
    rename_folder, swap_folder, copy_folder, shutil.rmtree, rename_segment, delete_segment
)  # fmt: skip
"""Ways of taking a segment away from its writer."""


@pytest.mark.parametrize("take_away", AWAY)
def test_segment_that_was_moved_away_is_put_back_with_the_next_event(
    spool: Spool, directory: Path, take_away: Callable[[Path], object]
) -> None:
    """Under its name, with what it held; who appends hears of no failure."""
    put(spool, 1, 2)
    (segment,) = segments.listing(directory)
    take_away(directory)
    put(spool, 3)
    assert segments.listing(directory) == [segment]
    assert segment.read_bytes() == records(1, 2, 3)


@pytest.mark.parametrize("take_away", AWAY)
def test_segment_that_was_moved_away_is_put_back_though_nothing_is_written(
    spool: Spool, directory: Path, take_away: Callable[[Path], object]
) -> None:
    """What was answered is not to wait for the next click."""
    put(spool, 1, 2)
    before = metric("waypost_spool_moved_segments_total")
    take_away(directory)
    eventually(lambda: metric("waypost_spool_moved_segments_total") > before)
    eventually(lambda: held(directory) == records(1, 2))
    put(spool, 3)
    assert held(directory) == records(1, 2, 3)


def test_log_says_where_the_old_one_is(
    spool: Spool, directory: Path, logged: list[MutableMapping[str, Any]]
) -> None:
    """There may be more of use in that folder."""
    put(spool, 1)
    (segment,) = segments.listing(directory)
    rename_folder(directory)
    put(spool, 2)
    told = [line for line in logged if line["event"] == "spool_moved"]
    assert [(line["segment"], line["moved_to"]) for line in told] == [
        (str(segment), str(directory.with_name("moved") / segment.name))
    ]


def test_folder_in_its_place_gives_the_segment_another_name(spool: Spool, directory: Path) -> None:
    """A folder cannot be replaced by a file."""
    put(spool, 1)
    (segment,) = segments.listing(directory)
    segment.unlink()
    segment.mkdir()
    put(spool, 2)
    (other,) = {*segments.listing(directory)} - {segment}
    assert other.read_bytes() == records(1, 2)


def test_what_cannot_be_put_back_is_kept_and_put_back_later(spool: Spool, directory: Path) -> None:
    """Where a file stands in place of the folder, nothing can be written; events wait."""
    put(spool, 1)
    shutil.rmtree(directory)
    directory.write_text("in the way")
    with pytest.raises(SpoolError):
        spool.append(click(2)).result(5)
    directory.unlink()
    eventually(lambda: records(1, 2) in held(directory))


def test_half_a_group_goes_with_its_segment(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other half follows it to its place."""
    segment = OpenSegment.create(directory, "tracker")
    real, room = os.write, [4]

    def filling(descriptor: int, octets: bytes) -> int:
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, octets[: room.pop()])

    with monkeypatch.context() as disk:
        disk.setattr(os, "write", filling)
        with pytest.raises(OSError, match="No space"):
            segment.write(b"half and half")
    assert segment.is_partial
    assert not segment.is_closed
    shutil.rmtree(directory)
    segment.look_after()
    segment.write(b"whatever the caller says")
    assert held(directory) == b"half and half"
    segment.close()


def test_given_up_segment_is_closed_once(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its number may be somebody else's descriptor by then."""
    segment = OpenSegment.create(directory, "tracker")
    real, closed = os.close, []

    def failing(descriptor: int) -> None:
        real(descriptor)
        closed.append(descriptor)
        raise OSError(errno.EIO, "Input/output error")

    def unsynced(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as disk:
        disk.setattr(os, "close", failing)
        disk.setattr(os, "fdatasync", unsynced)
        segment.write(b"octets")
        with pytest.raises(OSError, match="Input/output"):
            segment.sync()
        segment.close()
    assert segment.is_closed
    assert len(closed) == 1
    with pytest.raises(ValueError, match="closed"):
        segment.write(b"more")


def test_events_that_are_appended_meanwhile_do_not_wait(
    spool: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Putting a long segment back takes its time; appending goes on, from any thread."""
    copying, done = threading.Event(), threading.Event()
    real = segments.restore

    def slow(path: Path, moved: int) -> tuple[Path, int]:
        copying.set()
        done.wait(10)
        return real(path, moved)

    monkeypatch.setattr(segments, "restore", slow)
    put(spool, 1)
    rename_folder(directory)
    with contextlib.ExitStack() as ending:
        ending.callback(done.set)
        assert copying.wait(5)
        future = spool.append(click(2))
        assert not future.done()
    future.result(5)
    assert held(directory) == records(1, 2)
