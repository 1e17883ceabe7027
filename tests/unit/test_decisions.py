"""Decisions about links in their files: what is read, and what a file's losses cost."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker import decisions
from tracker.decisions import append, known, merged, read, remember
from tracker.overrides import Decision, Overrides, decision


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Name a store."""
    return tmp_path / "waypost.db"


def host(name: str) -> Decision:
    """Revoke a host."""
    return decision("revoke", "host", name)


ONE, TWO, THREE = (host(f"{name}.test") for name in ("one", "two", "three"))
MADE = st.lists(st.sampled_from([ONE, TWO, THREE]), max_size=8)


def test_decisions_come_back_in_their_order(store: Path) -> None:
    """From top to bottom; no file, no decisions."""
    file = decisions.file_of(store)
    assert read(file).made == ()
    append(file, ONE)
    append(file, TWO)
    assert read(file).made == (ONE, TWO)


def test_damaged_lines_are_passed_over_and_counted(store: Path) -> None:
    """Neither a torn write nor an editor's slip costs what stands beside it."""
    file = decisions.file_of(store)
    append(file, ONE)
    with file.open("ab") as opened:
        opened.write(b'nonsense\n\xff\n{"action":"revoke"}\n{"at":"2026-11-23T10:00:00+00:00","by"')
    append(file, TWO)
    assert (read(file).made, read(file).damaged) == ((ONE, TWO), 4)


def test_what_cannot_be_carried_out_counts_as_damaged(store: Path) -> None:
    """Somebody may have written it by hand."""
    append(decisions.file_of(store), decision("redirect", "host", "one.test", to="https://a.test/"))
    assert known(store) == decisions.Known((), 0, 1)


def test_lines_of_an_older_version_are_read(store: Path) -> None:
    """They say less."""
    line = b'{"at":"2026-11-23T10:00:00+00:00","by":"ann","action":"revoke","kind":"host","value":"one.test"}'
    decisions.file_of(store).write_bytes(line + b"\n")
    assert Overrides.of(known(store).made).hosts == {"one.test"}


def test_the_files_are_their_owners_and_tell_who_and_when(store: Path) -> None:
    """The file is the audit log."""
    append(decisions.file_of(store), host("example.com"))
    remember(decisions.copy_of(store), read(decisions.file_of(store)).made)
    for file in (decisions.file_of(store), decisions.copy_of(store)):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        (made,) = read(file).made
        assert (made.action, made.kind, made.value) == ("revoke", "host", "example.com")
        assert made.by
        assert datetime.fromisoformat(made.at).tzinfo == UTC


def test_what_the_file_lost_is_known_by_the_copy(store: Path) -> None:
    """Whoever asks hears of all decisions, and how many the file has no more."""
    remember(decisions.copy_of(store), (ONE, TWO))
    append(decisions.file_of(store), THREE)
    assert known(store) == decisions.Known((ONE, TWO, THREE), lost=2)


def test_a_copy_forgets_nothing(store: Path) -> None:
    """Of two trackers, each knows what the other learned; damage is written over."""
    copy = decisions.copy_of(store)
    assert remember(copy, (ONE,)) == (ONE,)
    assert remember(copy, (TWO,)) == (ONE, TWO)
    with copy.open("ab") as file:
        file.write(b"nonsense\n")
    assert remember(copy, (TWO,)) == (ONE, TWO)
    assert read(copy) == decisions.Lines((ONE, TWO))


def test_a_copy_of_nothing_is_not_made(store: Path) -> None:
    """At the first start there is nothing to remember."""
    assert remember(decisions.copy_of(store), ()) == ()
    assert not decisions.copy_of(store).exists()


def test_a_copy_that_has_everything_is_not_written(store: Path) -> None:
    """On a full disk, or one that is read-only, it is as good as ever."""
    copy = decisions.copy_of(store)
    remember(copy, (ONE, TWO))
    before = copy.stat()
    remember(copy, (ONE,))
    assert copy.stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    ("known", "told", "expected"),
    [
        ([], [ONE, TWO], [ONE, TWO]),
        ([ONE], [ONE, TWO], [ONE, TWO]),
        ([ONE, TWO], [], [ONE, TWO]),
        ([ONE, TWO], [ONE], [ONE, TWO]),
        ([ONE, TWO], [THREE], [ONE, TWO, THREE]),
        ([ONE, TWO], [ONE, THREE], [ONE, TWO, THREE]),
        ([ONE, THREE], [ONE, TWO, THREE], [ONE, TWO, THREE]),
        ([ONE, TWO], [TWO, ONE], [ONE, TWO]),
        ([ONE, ONE], [ONE, ONE, ONE], [ONE, ONE, ONE]),
    ],
    ids=["new", "appended", "emptied", "an old copy", "made anew", "an old copy goes on",
         "a line mended", "sorted anew", "the same words"],
)  # fmt: skip
def test_what_is_known_and_what_a_file_says(
    known: list[Decision], told: list[Decision], expected: list[Decision]
) -> None:
    """What was made after a loss follows what was lost."""
    assert merged(known, told) == tuple(expected)


def _stands_in(part: list[Decision], whole: tuple[Decision, ...]) -> bool:
    left = iter(whole)
    return all(each in left for each in part)


@given(MADE, MADE)
def test_nothing_known_is_lost_or_moved_and_nothing_told_is_missed(
    known: list[Decision], told: list[Decision]
) -> None:
    """The known keep their order; every word is there as often as either says, and told once."""
    everything = merged(known, told)
    assert _stands_in(known, everything)
    for each in (ONE, TWO, THREE):
        assert everything.count(each) == max(known.count(each), told.count(each))
    assert merged(everything, told) == everything


@given(MADE, MADE, st.sampled_from([ONE, TWO, THREE]))
def test_the_latest_decision_comes_last(
    known: list[Decision], kept: list[Decision], latest: Decision
) -> None:
    """Whatever the file lost before: what is appended now is the last word."""
    before = merged(known, kept)
    now = decision("restore", latest.kind, latest.value)
    assert merged(before, [*kept, now]) == (*before, now)


def test_a_long_file_is_put_together_in_good_time() -> None:
    """Steps grow with the lines, not with their square."""
    many = [host(f"{number}.test") for number in range(20_000)]
    assert merged(many, many[10_000:]) == tuple(many)
    assert len(merged(many[:10_000], many[::-1])) == 20_000
