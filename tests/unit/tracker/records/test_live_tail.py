"""A file that is read again and again: each line once, and nothing is overlooked."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.records import jsonl, watch
from tracker.records.live import FileTail
from tracker.records.record_file import ParsedLines


class Parser:
    """Reads lines of words, and remembers what it was given."""

    def __init__(self) -> None:
        self.parsed: list[bytes] = []

    def __call__(self, octets: bytes) -> ParsedLines[bytes]:
        """Return the words; what is no word is damaged."""
        self.parsed.append(octets)
        lines = octets.splitlines()
        words = tuple(line for line in lines if re.fullmatch(rb"\w+", line))
        return ParsedLines(words, len(lines) - len(words))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Name a file."""
    return tmp_path / "words"


def test_no_line_is_read_twice_while_the_file_grows(file: Path) -> None:
    """However long it is by then."""
    parser = Parser()
    tail = FileTail(file, parser)
    file.write_bytes(b"one\ntwo\n")
    assert tail.read()
    file.write_bytes(b"one\ntwo\nthree\n")
    assert tail.read()
    assert tail.lines == ParsedLines((b"one", b"two", b"three"))
    assert b"".join(parser.parsed) == b"one\ntwo\nthree\n"
    assert not tail.read()


@pytest.mark.parametrize(
    "becomes",
    [b"", b"on", b"one\n", b"two\none\n", b"xxx\ntwo\nthree\n", b"   \ntwo\n", b"one\ntwo"],
    ids=["emptied", "torn", "cut", "sorted", "changed and longer", "blanked", "without an end"],
)
def test_a_file_that_changed_is_read_anew(file: Path, becomes: bytes) -> None:
    """As whoever reads it for the first time does."""
    tail = FileTail(file, Parser())
    file.write_bytes(b"one\ntwo\n")
    tail.read()
    file.write_bytes(becomes)
    assert tail.read()
    assert tail.lines == Parser()(becomes)


@given(st.lists(st.sampled_from([b"one\n", b"two", b"\n", b"??\n", b" "]), max_size=6), st.data())
def test_what_comes_in_pieces_is_read_as_a_whole(pieces: list[bytes], data: st.DataObject) -> None:
    """A line that is under way is not taken for two."""
    whole = b"".join(pieces)
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=4).map(sorted))
    tail = FileTail(Path("nowhere"), Parser())
    for end in (*cuts, len(whole)):
        tail._take(whole[:end])
        assert tail.lines == Parser()(whole[:end])


def test_a_file_that_is_gone_says_nothing(file: Path) -> None:
    """That is no trouble of the tail's."""
    tail = FileTail(file, Parser())
    file.write_bytes(b"one\n")
    tail.read()
    file.unlink()
    assert tail.read()
    assert (tail.lines, tail.trouble) == (ParsedLines(), None)
    assert not tail.read()


def test_what_cannot_be_read_is_tried_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if nothing shows that it can be read again; until then, the last reading counts."""
    tail = FileTail(file, Parser())
    file.write_bytes(b"one\n")
    tail.read()
    file.write_bytes(b"two\n")
    with monkeypatch.context() as patched:
        patched.setattr(jsonl, "octets_of", lambda _: (_ for _ in ()).throw(OSError(24, "many")))
        for _ in range(2):
            with pytest.raises(OSError, match="many"):
                tail.read()
    assert (tail.lines, tail.trouble is None) == (ParsedLines((b"one",)), False)
    assert tail.read()
    assert (tail.lines, tail.trouble) == (ParsedLines((b"two",)), None)


def test_a_trouble_is_over_when_the_file_is_as_it_was(file: Path) -> None:
    """Though there is nothing to be read then: no file, a folder in its place, no file again."""
    tail = FileTail(file, Parser())
    tail.read()
    file.mkdir()
    with pytest.raises(IsADirectoryError):
        tail.read()
    assert tail.trouble is not None
    file.rmdir()
    assert not tail.read()
    assert tail.trouble is None


def test_what_changes_while_it_is_read_is_read_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is known by what it was before."""
    tail = FileTail(file, Parser())
    identity = watch.file_version

    def then_it_grows(path: Path) -> object:
        before = identity(path)
        file.write_bytes(b"one\ntwo\n")
        return before

    file.write_bytes(b"one\n")
    monkeypatch.setattr(watch, "file_version", then_it_grows)
    tail.read()
    monkeypatch.undo()
    assert tail.read()


def test_equal_records_are_kept_once(file: Path) -> None:
    """File and copy of a hundred thousand persons take the room of one of them."""
    tail = FileTail(file, Parser())
    file.write_bytes(b"long_enough_1\nlong_enough_2\n")
    tail.read()
    made = tuple(bytes(bytearray(each)) for each in (*tail.lines.records, b"more"))
    tail.share(made)
    assert all(mine is theirs for mine, theirs in zip(tail.lines.records, made, strict=False))
    tail.share((b"others", *made))
    assert tail.lines.records == made[:2]
