"""Files of one record a line, beside the store."""

import stat
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from tracker.records import jsonl

NUMBERS: TypeAdapter[int] = TypeAdapter(int)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with two records."""
    path = tmp_path / "numbers"
    jsonl.append(path, NUMBERS, 1)
    jsonl.append(path, NUMBERS, 2)
    return path


def read(file: Path) -> list[int | None]:
    """Return what stands in a file."""
    return list(jsonl.parse(jsonl.octets_of(file), NUMBERS))


def test_records_come_back_in_their_order(file: Path) -> None:
    """From top to bottom."""
    assert read(file) == [1, 2]


def test_missing_file_holds_nothing(tmp_path: Path) -> None:
    """It is made when it is needed."""
    assert read(tmp_path / "none") == []


def test_damaged_line_is_told_and_costs_no_other(file: Path) -> None:
    """None stands in its place."""
    file.write_bytes(b"1\nnonsense\n2\n")
    assert read(file) == [1, None, 2]


def test_torn_line_costs_no_later_record(file: Path) -> None:
    """What follows a line without its end stands on a line of its own."""
    file.write_bytes(file.read_bytes() + b'"to')
    jsonl.append(file, NUMBERS, 3)
    assert read(file) == [1, 2, None, 3]


def test_file_is_for_its_owner_alone(file: Path) -> None:
    """It may hold addresses."""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def replaced(file: Path, *also: int) -> list[bytes]:
    """Put 100 more in the place of all below 10, and nothing in that of damaged lines with an x."""
    gone = jsonl.supersede(
        file,
        NUMBERS,
        goes=lambda line: b"x" in line.octets if line.record is None else line.record < 10,
        instead=lambda number: number + 100,
        also=also,
    )
    return [line.octets for line in gone]


def test_records_are_put_in_the_place_of_others(file: Path) -> None:
    """At the end, in their order, each once; where the old ones stood is nothing any more."""
    file.write_bytes(b"1\n20\nx?\ny?\n1\n2\n101\nx")
    assert replaced(file, 7, 2) == [b"1\n", b"x?\n", b"1\n", b"2\n", b"x"]
    assert file.read_bytes() == b" \n20\n  \ny?\n \n \n101\n \n7\n102\n"
    assert replaced(file) == [b"7\n"]
    assert replaced(file) == []


def test_where_nothing_goes_the_file_stays_as_it_is(file: Path) -> None:
    """Even if its last line has no end."""
    file.write_bytes(b"20\n30")
    assert replaced(file) == []
    assert file.read_bytes() == b"20\n30"


def test_what_stands_instead_is_durable_first(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is interrupted has both, never neither."""
    monkeypatch.setattr(jsonl.os, "pwrite", lambda *_: (_ for _ in ()).throw(OSError(5, "broken")))
    with pytest.raises(OSError, match="broken"):
        replaced(file)
    assert read(file) == [1, 2, 101, 102]


def test_who_appends_meanwhile_appends_to_the_same_file(file: Path) -> None:
    """Another program may have opened it before."""
    with file.open("ab", buffering=0) as other:
        replaced(file)
        other.write(b"30\n")
    assert read(file) == [101, 102, 30]
