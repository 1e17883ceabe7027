"""Segments as files: framing, damage, locks."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.spool import segments

PAYLOAD = st.binary(max_size=40).filter(lambda octets: b"\n" not in octets)


@contextmanager
def reading(path: Path) -> Iterator[int]:
    """Open a file to read from."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a place for a segment."""
    return tmp_path / "segment"


def payloads(path: Path, *, finished: bool = True, limit_octets: int = 1000) -> list[bytes | None]:
    """Read all records; None stands for a damaged one."""
    found: list[bytes | None] = []
    offset = 0
    with reading(path) as descriptor:
        while records := segments.read(descriptor, offset, limit_octets, finished=finished):
            found += [record.payload for record in records]
            offset = records[-1].end
    return found


@given(st.lists(PAYLOAD), st.integers(1, 200))
def test_what_was_framed_is_read(
    tmp_path_factory: pytest.TempPathFactory, written: list[bytes], limit_octets: int
) -> None:
    """Whatever the size of the chunks that are read."""
    file = tmp_path_factory.mktemp("segments") / "segment"
    file.write_bytes(b"".join(map(segments.frame, written)))
    assert payloads(file, limit_octets=limit_octets) == written


def test_every_torn_tail_is_told_from_a_record(file: Path) -> None:
    """Wherever the last write broke off, what is before it is read, and the rest is kept as is."""
    first, second = segments.frame(b'{"a":1}'), segments.frame(b'{"b":2}')
    for cut in range(1, len(second)):
        file.write_bytes(first + second[:cut])
        assert payloads(file, finished=False) == [b'{"a":1}']
        assert payloads(file, finished=True) == [b'{"a":1}', None]


def test_every_flipped_bit_costs_one_record_at_most_two(file: Path) -> None:
    """A flipped line feed joins two lines; anything else stays within its own."""
    records = [segments.frame(b'{"n":%d}' % n) for n in range(3)]
    octets = b"".join(records)
    for bit in range(8 * len(octets)):
        damaged = bytearray(octets)
        damaged[bit // 8] ^= 1 << bit % 8
        file.write_bytes(damaged)
        found = payloads(file)
        assert None in found
        assert len([payload for payload in found if payload is not None]) >= 1


def test_hole_of_zeros_is_one_damaged_record(file: Path) -> None:
    """As a power cut may leave behind a file that had grown."""
    file.write_bytes(segments.frame(b"{}") + bytes(5000))
    assert payloads(file) == [b"{}", None]


def test_endless_line_is_stepped_over(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Garbage without a line feed does not hold up a segment that is still written."""
    monkeypatch.setattr(segments, "MAX_RECORD_OCTETS", 2000)
    file.write_bytes(bytes(2500) + b"\n" + segments.frame(b"{}"))
    assert payloads(file, finished=False)[-1] == b"{}"


def test_segment_is_finished_when_its_writer_closes_it(tmp_path: Path) -> None:
    """The lock is the sign, and it ends with the file descriptor."""
    path, writer = segments.create(tmp_path / "spool", "tracker")
    with reading(path) as descriptor:
        assert not segments.is_finished(descriptor)
    os.close(writer)
    with reading(path) as descriptor:
        assert segments.is_finished(descriptor)


def test_spool_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Segments hold addresses of people."""
    path, writer = segments.create(tmp_path / "spool", "proxy")
    os.close(writer)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_listing_gives_segments_only_oldest_first(tmp_path: Path) -> None:
    """Other files in the folder are none of our business."""
    for name in (
        "tracker-0000000002-10-00000000000000aa.log",
        "proxy-0000000003-10-00000000000000aa.log",
        "proxy-0000000001-10-00000000000000aa.log",
        ".proxy-0000000001-10-00000000000000aa.log",
        "ingester.lock",
        "notes.log",
    ):
        (tmp_path / name).touch()
    assert [path.name[:18] for path in segments.listing(tmp_path)] == [
        "proxy-0000000001-1",
        "tracker-0000000002",
        "proxy-0000000003-1",
    ]
    assert segments.listing(tmp_path / "missing") == []


def test_sweeping_removes_empty_files_that_never_got_a_name(tmp_path: Path) -> None:
    """Only when they are old: a process may be about to name its segment; records get a name."""
    name = ".proxy-0000000001-10-00000000000000aa.log"
    (tmp_path / name).touch()
    (tmp_path / name.replace("aa", "bb")).write_bytes(b"x")
    (tmp_path / name[1:]).touch()
    (tmp_path / ".other.log").touch()
    now_s = (tmp_path / name).stat().st_mtime
    segments.sweep(tmp_path, now_s - 10)
    assert len(list(tmp_path.iterdir())) == 4
    segments.sweep(tmp_path, now_s + 10)
    (restored,) = {*segments.listing(tmp_path)} - {tmp_path / name[1:]}
    assert restored.read_bytes() == b"x"
    assert {*tmp_path.iterdir()} == {restored, tmp_path / name[1:], tmp_path / ".other.log"}


def test_sweeping_is_not_stopped_by_what_it_cannot_remove(tmp_path: Path) -> None:
    """A folder of such a name, for one."""
    for each in ("aa", "bb"):
        (tmp_path / f".proxy-0000000001-10-00000000000000{each}.log").mkdir()
        (tmp_path / f".proxy-0000000001-10-00000000000000{each}.log" / "file").touch()
    empty = tmp_path / ".proxy-0000000001-10-00000000000000cc.log"
    empty.touch()
    segments.sweep(tmp_path, empty.stat().st_mtime + 10)
    assert not empty.exists()


def test_restored_segment_is_where_it_was_with_all_it_held(tmp_path: Path) -> None:
    """However large; the old one is as it was, and so is who holds it."""
    path, moved = segments.create(tmp_path / "spool", "proxy")
    octets = os.urandom(2 * segments.COPY_OCTETS + 7)
    os.write(moved, octets)
    (tmp_path / "spool").rename(tmp_path / "moved")
    assert not segments.is_in_place(path, moved)
    assert segments.place_of(moved) == str(tmp_path / "moved" / path.name)
    restored_path, restored = segments.restore(path, moved)
    assert restored_path == path
    assert segments.is_in_place(path, restored)
    assert path.read_bytes() == octets == (tmp_path / "moved" / path.name).read_bytes()
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    with reading(path) as descriptor:
        assert not segments.is_finished(descriptor)
    os.close(moved)
    os.close(restored)


def test_what_cannot_be_restored_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up meanwhile is not filled with copies."""
    path, moved = segments.create(tmp_path / "spool", "proxy")
    os.write(moved, b"octets")
    path.unlink()

    def full(_descriptor: int, _octets: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            segments.restore(path, moved)
    assert list(path.parent.iterdir()) == []
    _, restored = segments.restore(path, moved)
    assert path.read_bytes() == b"octets"
    os.close(moved)
    os.close(restored)


def test_place_that_cannot_be_looked_at_is_taken_for_the_right_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is made anew because of an error of the disk; nor is its place guessed."""
    path, descriptor = segments.create(tmp_path, "proxy")

    def failing(*_: object, **__: object) -> os.stat_result:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as disk:
        disk.setattr(os, "stat", failing)
        assert segments.is_in_place(path, descriptor)
    os.close(descriptor)
    assert segments.place_of(descriptor) == ""


@pytest.mark.parametrize(
    "put", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/etc/hostname")]
)
def test_what_is_no_file_is_not_opened(file: Path, put: Callable[[Path], object]) -> None:
    """A pipe would keep us waiting, and a symbolic link may lead anywhere."""
    put(file)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match=r"Is a directory|Not a regular file|symbolic link"):
        segments.open_to_read(file)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
