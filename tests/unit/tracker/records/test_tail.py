"""A file that is read again and again: each line once, and nothing is overlooked."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.records import watch
from tracker.records.record_file import ParsedLines
from tracker.records.tail import FileTail


class Parser:
    """Reads lines of words, and remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[bytes] = []

    def __call__(self, octets: bytes) -> ParsedLines[bytes]:
        """Give the words; what is no word is damaged."""
        self.given.append(octets)
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
    source = FileTail(file, parser)
    file.write_bytes(b"one\ntwo\n")
    assert source.look()
    file.write_bytes(b"one\ntwo\nthree\n")
    assert source.look()
    assert source.lines == ParsedLines((b"one", b"two", b"three"))
    assert b"".join(parser.given) == b"one\ntwo\nthree\n"
    assert not source.look()


@pytest.mark.parametrize(
    "becomes",
    [b"", b"on", b"one\n", b"two\none\n", b"xxx\ntwo\nthree\n", b"   \ntwo\n", b"one\ntwo"],
    ids=["emptied", "torn", "cut", "sorted", "changed and longer", "blanked", "without an end"],
)
def test_a_file_that_changed_is_read_anew(file: Path, becomes: bytes) -> None:
    """As whoever reads it for the first time does."""
    source = FileTail(file, Parser())
    file.write_bytes(b"one\ntwo\n")
    source.look()
    file.write_bytes(becomes)
    assert source.look()
    assert source.lines == Parser()(becomes)


@given(st.lists(st.sampled_from([b"one\n", b"two", b"\n", b"??\n", b" "]), max_size=6), st.data())
def test_what_comes_in_pieces_is_read_as_a_whole(pieces: list[bytes], data: st.DataObject) -> None:
    """A line that is under way is not taken for two."""
    whole = b"".join(pieces)
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=4).map(sorted))
    source = FileTail(Path("nowhere"), Parser())
    for end in (*cuts, len(whole)):
        source._take(whole[:end])
        assert source.lines == Parser()(whole[:end])


def test_a_file_that_is_gone_says_nothing(file: Path) -> None:
    """That is no trouble of the source's."""
    source = FileTail(file, Parser())
    file.write_bytes(b"one\n")
    source.look()
    file.unlink()
    assert source.look()
    assert (source.lines, source.trouble) == (ParsedLines(), None)
    assert not source.look()


def test_what_cannot_be_read_is_tried_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if nothing shows that it can be read again; until then, the last reading counts."""
    source = FileTail(file, Parser())
    file.write_bytes(b"one\n")
    source.look()
    file.write_bytes(b"two\n")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", lambda _: (_ for _ in ()).throw(OSError(24, "many")))
        for _ in range(2):
            with pytest.raises(OSError, match="many"):
                source.look()
    assert (source.lines, source.trouble is None) == (ParsedLines((b"one",)), False)
    assert source.look()
    assert (source.lines, source.trouble) == (ParsedLines((b"two",)), None)


def test_what_changes_while_it_is_read_is_read_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is known by what it was before."""
    source = FileTail(file, Parser())
    identity = watch.file_version

    def then_it_grows(path: Path) -> object:
        before = identity(path)
        file.write_bytes(b"one\ntwo\n")
        return before

    file.write_bytes(b"one\n")
    monkeypatch.setattr(watch, "file_version", then_it_grows)
    source.look()
    monkeypatch.undo()
    assert source.look()


def test_equal_records_are_kept_once(file: Path) -> None:
    """File and copy of a hundred thousand persons take the room of one of them."""
    source = FileTail(file, Parser())
    file.write_bytes(b"long_enough_1\nlong_enough_2\n")
    source.look()
    made = tuple(bytes(bytearray(each)) for each in (*source.lines.made, b"more"))
    source.share(made)
    assert all(mine is theirs for mine, theirs in zip(source.lines.made, made, strict=False))
    source.share((b"others", *made))
    assert source.lines.made == made[:2]
