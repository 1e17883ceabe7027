"""Records of the spool are overwritten in place, and stay records."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.facts import accepted, clicked
from tracker.events import Clicked, Event, decode, encode, erased
from tracker.spool import overwrite, segments
from tracker.spool.segments import Record

PAYLOADS = st.binary(max_size=40).filter(lambda octets: b"\n" not in octets)


def written(path: Path, *payloads: bytes) -> list[Record]:
    """Write a segment, and return its records."""
    path.write_bytes(b"".join(map(segments.frame, payloads)))
    return records(path)


def records(path: Path) -> list[Record]:
    """Read a segment."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return segments.read(descriptor, 0, 1_000_000, finished=True)
    finally:
        os.close(descriptor)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name a segment."""
    return tmp_path_factory.mktemp("spool") / "segment"


@given(st.lists(PAYLOADS, min_size=1, max_size=4), PAYLOADS, st.data())
def test_only_one_record_changes_and_none_moves(
    file: Path, payloads: list[bytes], new: bytes, data: st.DataObject
) -> None:
    """A payload that is too long is refused; one that is shorter is followed by blanks."""
    before = written(file, *payloads)
    index = data.draw(st.integers(0, len(payloads) - 1))
    with file.open("r+b", buffering=0) as opened:
        fits = overwrite.overwrite(opened.fileno(), before[index], new)
    after = records(file)
    assert fits == (len(new) <= len(payloads[index]))
    assert [each.end for each in after] == [each.end for each in before]
    expected = [*payloads]
    if fits:
        expected[index] = new.ljust(len(payloads[index]))
    assert [each.payload for each in after] == expected


def test_a_damaged_record_is_left_alone(file: Path) -> None:
    """Nobody knows what it was."""
    file.write_bytes(b"00000000 damaged\n")
    (record,) = records(file)
    with file.open("r+b", buffering=0) as opened:
        assert not overwrite.overwrite(opened.fileno(), record, b"")
    assert file.read_bytes() == b"00000000 damaged\n"


def test_clicks_are_erased_by_their_ids(file: Path) -> None:
    """And nothing else, whatever stands between them."""
    mine = clicked("c1", destination="https://example.net/for/ann?uid=7", ip="192.0.2.0")
    others: list[Event] = [accepted(), clicked("c2")]
    found = written(file, encode(mine), b"no event", *map(encode, others))
    overwrite.erase_clicks(file, found, {"c1", "c9"})
    first, damaged, *rest = [each.payload or b"" for each in records(file)]
    click = decode(first)
    assert isinstance(click, Clicked)
    assert click == erased(mine)
    assert damaged == b"no event"
    assert [decode(each) for each in rest] == others


def test_what_an_event_says_is_read_as_json_holds_it() -> None:
    """By the names of its fields; what is no event says nothing."""
    told = overwrite.fields_of(encode(clicked("c1")))
    assert told is not None
    assert (told["kind"], told["event_id"]) == ("clicked", "c1")
    assert overwrite.fields_of(b'{"kind": "clicked"}') is None
    assert overwrite.fields_of(b"no JSON") is None
