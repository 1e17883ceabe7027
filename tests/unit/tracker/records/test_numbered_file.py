"""A file of lines with numbers."""

from pathlib import Path

import pytest

from tracker.records.numbered_file import NumberedFile, blank


def number_in(line: bytes) -> int | None:
    """Return what stands before the first space."""
    number = line.partition(b" ")[0]
    return int(number) if number.isdigit() else None


@pytest.fixture
def file(tmp_path: Path) -> NumberedFile:
    """Return a file that is not there yet."""
    return NumberedFile(tmp_path / "lines", number_in)


def test_lines_are_read_with_their_numbers(file: NumberedFile) -> None:
    """What is none of ours is passed over."""
    assert list(file.lines()) == []
    file.append([b"1 one", b"two", b"3 three"])
    assert list(file.lines()) == [(1, b"1 one"), (3, b"3 three")]


def test_a_line_after_a_torn_one_stands_alone(file: NumberedFile) -> None:
    """As after a loss of power."""
    file.path.write_bytes(b"1 one\n2 tw")
    file.append([b"3 three"])
    assert file.path.read_bytes() == b"1 one\n2 tw\n3 three\n"


def test_other_lines_take_the_place_of_all(file: NumberedFile) -> None:
    """Whole or not at all."""
    file.append([b"1 one"])
    file.replace([b"2 two"])
    assert list(file.lines()) == [(2, b"2 two")]


def test_lines_are_blanked_in_place(file: NumberedFile) -> None:
    """Who appends meanwhile appends to the same file."""
    file.append([b"1 one", b"2 two"])
    before = file.path.stat()
    assert blank(file.path, lambda line: b"one" in line) == 1
    assert file.path.read_bytes() == b"     \n2 two\n"
    assert file.path.stat().st_ino == before.st_ino
    assert blank(file.path.with_name("none"), lambda _line: True) == 0
