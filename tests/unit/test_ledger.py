"""Files of one record a line, beside the store."""

import stat
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from tracker import ledger

NUMBERS: TypeAdapter[int] = TypeAdapter(int)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file with two records."""
    path = tmp_path / "numbers"
    ledger.append(path, NUMBERS, 1)
    ledger.append(path, NUMBERS, 2)
    return path


def test_records_come_back_in_their_order(file: Path) -> None:
    """From top to bottom."""
    assert list(ledger.read(file, NUMBERS)) == [1, 2]


def test_missing_file_holds_nothing(tmp_path: Path) -> None:
    """It is made when it is needed."""
    assert list(ledger.read(tmp_path / "none", NUMBERS)) == []


def test_damaged_line_is_told_and_costs_no_other(file: Path) -> None:
    """None stands in its place."""
    file.write_bytes(b"1\nnonsense\n2\n")
    assert list(ledger.read(file, NUMBERS)) == [1, None, 2]


def test_torn_line_costs_no_later_record(file: Path) -> None:
    """What follows a line without its end stands on a line of its own."""
    file.write_bytes(file.read_bytes() + b'"to')
    ledger.append(file, NUMBERS, 3)
    assert list(ledger.read(file, NUMBERS)) == [1, 2, None, 3]


def test_file_is_for_its_owner_alone(file: Path) -> None:
    """It may hold addresses."""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
