"""Segments that cannot be read, or set right, are no hindrance to the others."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.schema import Config
from tests.support.feeding import click, click_count, eventually, put, running
from tracker.events import encode
from tracker.ingest import ingester as ingester_module
from tracker.ingest.ingester import Ingester
from tracker.spool import segments
from tracker.spool.segments import Record
from tracker.spool.writer import Spool


def named(storing: Config, letters: str) -> Path:
    """Return the path of a segment that comes before all others."""
    storing.store.spool_dir.mkdir(exist_ok=True)
    return storing.store.spool_dir / f"proxy-0000000001-10-00000000000000{letters}.log"


def records(*numbers: int) -> bytes:
    """Return clicks as a segment holds them."""
    return b"".join(segments.frame(encode(click(number))) for number in numbers)


def test_what_is_no_file_does_not_stop_the_others(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """A folder, a pipe or a link that bears the name of a segment stays where it is."""
    named(storing, "aa").mkdir()
    os.mkfifo(named(storing, "bb"))
    named(storing, "cc").symlink_to("/etc/hostname")
    put(spool, 1, 2)
    assert ingester.drain()
    assert click_count(storing) == 2
    assert ingester.trouble().unreadable == {
        named(storing, "aa").name: "Is a directory",
        named(storing, "bb").name: "Not a regular file",
        named(storing, "cc").name: "A symbolic link, which is not followed here",
    }
    assert named(storing, "aa").is_dir()


class BadBlocks:
    """A disk that cannot read one file, beyond an offset."""

    def __init__(self, path: Path, offset: int) -> None:
        self._file, self._offset = path.stat().st_ino, offset
        self._pread = os.pread

    def pread(self, descriptor: int, octets: int, offset: int) -> bytes:
        """Read as far as the disk is well, and then fail."""
        if os.fstat(descriptor).st_ino != self._file:
            return self._pread(descriptor, octets, offset)
        if offset >= self._offset:
            raise OSError(errno.EIO, "Input/output error")
        return self._pread(descriptor, min(octets, self._offset - offset), offset)


def test_segment_is_fed_as_far_as_it_can_be_read_and_further_later(
    storing: Config, spool: Spool, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of its events once."""
    bad = named(storing, "aa")
    bad.write_bytes(records(*range(10, 5010)))
    put(spool, 1, 2)
    monkeypatch.setattr(ingester_module, "CHUNK_OCTETS", 100_000)
    with monkeypatch.context() as disk:
        disk.setattr(os, "pread", BadBlocks(bad, 250_000).pread)
        assert ingester.drain()
        assert ingester.drain()
        assert 2 < click_count(storing) < 5002
        assert ingester.trouble().unreadable == {bad.name: "Input/output error"}
        assert bad.exists()
    with running(ingester):
        eventually(lambda: click_count(storing) == 5002)
        eventually(lambda: not bad.exists())


def test_damage_that_cannot_be_kept_aside_stops_its_own_segment_alone(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """What is not an event must be in quarantine before its segment goes."""
    damaged = named(storing, "aa")
    damaged.write_bytes(records(10) + b"garbage\n" + records(11))
    (storing.store.spool_dir / "quarantine").write_text("in the way")
    put(spool, 1, 2)
    assert ingester.drain()
    assert click_count(storing) == 2
    assert list(ingester.trouble().unreadable) == [damaged.name]
    (storing.store.spool_dir / "quarantine").unlink()
    with running(ingester):
        eventually(lambda: click_count(storing) == 4)
    assert (storing.store.spool_dir / "quarantine" / damaged.name).read_bytes() == b"garbage\n"


def test_segment_that_takes_the_place_of_one_being_fed_is_not_deleted(
    storing: Config, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its writer puts back what was moved away, at any moment."""
    path = named(storing, "aa")
    path.write_bytes(records(1))
    real, octets = segments.read, records(1, 2)

    def replacing(
        descriptor: int, offset: int, limit_octets: int, *, finished: bool
    ) -> list[Record]:
        path.unlink()
        path.write_bytes(octets)
        return real(descriptor, offset, limit_octets, finished=finished)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(segments, "read", replacing)
        assert ingester.drain()
    assert path.read_bytes() == octets
    assert ingester.drain()
    assert click_count(storing) == 2
    assert not path.exists()


@pytest.fixture
def long_spool(storing: Config) -> Iterator[Spool]:
    """Return a spool with events in it that nobody feeds."""
    made = Spool.open(storing.store.spool_dir, "proxy")
    put(made, *range(20))
    yield made
    made.close()


def test_renamed_spool_is_fed_from_its_old_place_no_more_and_nothing_twice(
    storing: Config, long_spool: Spool, ingester: Ingester
) -> None:
    """Its writer puts its segment back under the same name: what was fed of it stays fed."""
    assert ingester.drain()
    storing.store.spool_dir.rename(storing.store.path.with_name("moved"))
    put(long_spool, 20, 21)
    assert ingester.drain()
    assert click_count(storing) == 22
    (segment,) = segments.listing(storing.store.spool_dir)
    assert segment.stat().st_size == len(records(*range(22)))
