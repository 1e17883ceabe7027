"""Segments as files: framing, damage, locks."""

import os
from collections.abc import Iterator
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


def test_sweeping_removes_only_empty_files_that_never_got_a_name(tmp_path: Path) -> None:
    """And only when they are old: a process may be about to name its segment."""
    name = ".proxy-0000000001-10-00000000000000aa.log"
    (tmp_path / name).touch()
    (tmp_path / name.replace("aa", "bb")).write_bytes(b"x")
    (tmp_path / name[1:]).touch()
    (tmp_path / ".other.log").touch()
    now_s = (tmp_path / name).stat().st_mtime
    segments.sweep(tmp_path, now_s - 10)
    assert len(list(tmp_path.iterdir())) == 4
    segments.sweep(tmp_path, now_s + 10)
    assert {path.name for path in tmp_path.iterdir()} == {
        name.replace("aa", "bb"),
        name[1:],
        ".other.log",
    }
