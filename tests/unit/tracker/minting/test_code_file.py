"""A file of codes: read on from where the last reading ended, appended to beside others."""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.minting.code_file import CodeFile, Reading, settle


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a file that is not there yet."""
    return tmp_path / "codes"


def add(file: CodeFile, **links: str) -> Reading:
    """Append links; return what was read before that."""
    found: list[Reading] = []

    def choose(reading: Reading) -> dict[str, str]:
        found.append(reading)
        return links

    file.extend(choose)
    return found[0]


def test_a_file_that_is_not_there_has_no_codes(path: Path) -> None:
    """And is not made by being read."""
    assert CodeFile(path).read_new() == Reading({}, whole=True)
    assert not path.exists()


def test_what_was_added_is_read_once(path: Path) -> None:
    """The first reading is of the whole file, later ones of what is new."""
    mine, theirs = CodeFile(path), CodeFile(path)
    add(mine, a="one")
    assert theirs.read_new() == Reading({"a": "one"}, whole=True)
    assert theirs.read_new() == Reading()
    add(mine, b="two")
    assert theirs.read_new() == Reading({"b": "two"})


def test_whoever_adds_reads_what_others_added(path: Path) -> None:
    """Under the same lock, so that no code is given away twice."""
    mine, theirs = CodeFile(path), CodeFile(path)
    add(mine, a="one")
    assert add(theirs, b="two").links == {"a": "one"}
    assert add(mine, c="three").links == {"a": "one", "b": "two"}
    assert path.read_text() == "a one\nb two\nc three\n"


@pytest.mark.parametrize("replace", ["rewritten", "renamed"])
def test_another_file_in_its_place_is_read_whole(path: Path, replace: str) -> None:
    """A copy that was put back, in place or by its name."""
    file = CodeFile(path)
    path.write_text("a one\nb two\n")
    assert file.read_new().whole
    if replace == "renamed":
        other = path.with_name("other")
        other.write_text("c three\n")
        other.rename(path)
    else:
        path.write_text("c three\nd four and more\n")
    reading = file.read_new()
    assert (reading.whole, reading.links["c"]) == (True, "three")


def test_a_line_without_its_end_waits_for_it(path: Path) -> None:
    """Whoever writes it may not be done."""
    file = CodeFile(path)
    path.write_text("a one\nb tw")
    assert file.read_new().links == {"a": "one"}
    with path.open("a") as writer:
        writer.write("o\n")
    assert file.read_new().links == {"b": "two"}


def test_a_line_that_was_torn_is_ended_before_the_next(path: Path) -> None:
    """The next code does not become a part of it."""
    path.write_text("a one\nb tw")
    add(CodeFile(path), c="three")
    assert path.read_text() == "a one\nb tw\nc three\n"


def test_damaged_lines_are_counted(path: Path) -> None:
    """Others are read nevertheless; empty lines are none."""
    path.write_bytes(b"a one\nnonsense\n\n\xff\xfe x\nb two\r\n")
    file = CodeFile(path)
    assert file.read_new().links == {"a": "one", "b": "two"}
    assert file.damaged == 2


def test_a_file_that_cannot_be_read_is_tried_again(path: Path) -> None:
    """The trouble is known until it is over."""
    path.mkdir()
    file = CodeFile(path)
    for _ in range(2):
        with pytest.raises(IsADirectoryError):
            file.read_new()
    assert isinstance(file.trouble, IsADirectoryError)
    path.rmdir()
    assert file.read_new() == Reading({}, whole=True)
    assert file.trouble is None


def test_a_new_file_is_for_its_owner_only(path: Path) -> None:
    """Whoever reads it can follow every link."""
    before = os.umask(0)
    try:
        add(CodeFile(path), a="one")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_many_add_side_by_side(path: Path) -> None:
    """No line is lost, none stands within another."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: add(CodeFile(path), **{f"c{n}": f"t{n}"}), range(40)))
    assert CodeFile(path).read_new().links == {f"c{n}": f"t{n}" for n in range(40)}


tokens = st.text("ab", min_size=1, max_size=4)


@given(st.lists(tokens, min_size=1, max_size=6))
def test_a_code_never_changes_its_meaning(said: list[str]) -> None:
    """Whatever comes after, the first token stays, or what it is the beginning of."""
    links: dict[str, str] = {}
    for token in said:
        before = links.get("code", "")
        changed = settle(links, "code", token)
        assert changed == (links["code"] != before)
        assert links["code"].startswith(before)
    assert links["code"].startswith(said[0])


WHOLE = {"x": "abab", "y": "baba"}
torn_or_whole = st.builds(
    lambda code, octets: (code, WHOLE[code][:octets]), st.sampled_from("xy"), st.integers(1, 4)
)


@given(st.lists(torn_or_whole, max_size=6), st.integers(0, 6))
def test_a_file_reads_the_same_in_pieces(lines: list[tuple[str, str]], cut: int) -> None:
    """However much of it was there at the first reading, and however its lines were torn."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "codes"
        written = [f"{code} {token}\n" for code, token in lines]
        path.write_text("".join(written))
        whole = CodeFile(path).read_new().links
        path.write_text("".join(written[:cut]))
        file, links = CodeFile(path), {}
        for rest in (written[cut:], []):
            for code, token in file.read_new().links.items():
                settle(links, code, token)
            with path.open("a") as writer:
                writer.write("".join(rest))
    assert links == whole
