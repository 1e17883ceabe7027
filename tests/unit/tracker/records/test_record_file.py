"""A file and the copy of all that was in it: what is read, and what a file's losses cost."""

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.state import beside
from tracker.decisions.files import DECISIONS
from tracker.decisions.overrides import Decision, Overrides, decision
from tracker.records import jsonl
from tracker.records.record_file import Merged, ParsedLines, merge


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Name a store."""
    return tmp_path / "waypost.db"


def host(name: str) -> Decision:
    """Revoke a host."""
    return decision("revoke", "host", name)


ONE, TWO, THREE = (host(f"{name}.test") for name in ("one", "two", "three"))
MADE = st.lists(st.sampled_from([ONE, TWO, THREE]), max_size=8)


def test_records_come_back_in_their_order(store: Path) -> None:
    """From top to bottom; no file, no records."""
    assert DECISIONS.merged(beside(store)) == Merged()
    DECISIONS.append(beside(store), ONE)
    DECISIONS.append(beside(store), TWO)
    assert DECISIONS.merged(beside(store)) == Merged((ONE, TWO))


def test_damaged_lines_are_passed_over_and_counted(store: Path) -> None:
    """Neither a torn write nor an editor's slip costs what stands beside it."""
    DECISIONS.append(beside(store), ONE)
    with DECISIONS.file_of(beside(store)).open("ab") as opened:
        opened.write(b'nonsense\n\xff\n{"action":"revoke"}\n{"at":"2026-11-23T10:00:00+00:00","by"')
    DECISIONS.append(beside(store), TWO)
    assert DECISIONS.merged(beside(store)) == Merged((ONE, TWO), damaged=4)


def test_what_cannot_be_meant_counts_as_damaged(store: Path) -> None:
    """Somebody may have written it by hand."""
    DECISIONS.append(beside(store), decision("redirect", "host", "one.test", to="https://a.test/"))
    assert DECISIONS.merged(beside(store)) == Merged((), 0, 1)


def test_lines_of_an_older_version_are_read(store: Path) -> None:
    """They say less."""
    line = b'{"at":"2026-11-23T10:00:00+00:00","by":"ann","action":"revoke","kind":"host","value":"one.test"}'
    DECISIONS.file_of(beside(store)).write_bytes(line + b"\n")
    assert Overrides.of(DECISIONS.merged(beside(store)).records).hosts == {"one.test"}


def test_the_files_are_their_owners_and_tell_who_and_when(store: Path) -> None:
    """The file is the audit log."""
    DECISIONS.append(beside(store), host("example.com"))
    DECISIONS.remember(beside(store), DECISIONS.merged(beside(store)).records)
    for file in (DECISIONS.file_of(beside(store)), DECISIONS.copy_of(beside(store))):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        (made,) = DECISIONS.read(file).records
        assert (made.action, made.kind, made.value) == ("revoke", "host", "example.com")
        assert made.by
        assert datetime.fromisoformat(made.at).tzinfo == UTC


def test_what_the_file_lost_is_known_by_the_copy(store: Path) -> None:
    """Whoever asks hears of all that was said, and how much of it the file has no more."""
    DECISIONS.remember(beside(store), (ONE, TWO))
    DECISIONS.append(beside(store), THREE)
    known = DECISIONS.merged(beside(store))
    assert known == Merged((ONE, TWO, THREE), lost=2)
    (complaint,) = DECISIONS.complaints(beside(store), known)
    assert complaint.endswith("waypost.db.overrides.known: 2")


def test_a_copy_forgets_nothing(store: Path) -> None:
    """Of two services, each knows what the other learned; damage is written over."""
    copy = DECISIONS.copy_of(beside(store))
    DECISIONS.remember(beside(store), (ONE,))
    DECISIONS.remember(beside(store), (TWO,))
    assert DECISIONS.read(copy) == ParsedLines((ONE, TWO))
    with copy.open("ab") as file:
        file.write(b"nonsense\n")
    DECISIONS.remember(beside(store), (TWO,))
    assert DECISIONS.read(copy) == ParsedLines((ONE, TWO))


def test_a_copy_of_nothing_is_not_made(store: Path) -> None:
    """At the first start there is nothing to remember."""
    DECISIONS.remember(beside(store), ())
    assert list(store.parent.iterdir()) == []


def test_a_copy_that_has_everything_is_not_written(store: Path) -> None:
    """On a full disk, or one that is read-only, it is as good as ever."""
    DECISIONS.remember(beside(store), (ONE, TWO))
    before = DECISIONS.copy_of(beside(store)).stat()
    DECISIONS.remember(beside(store), (ONE,))
    assert DECISIONS.copy_of(beside(store)).stat().st_ino == before.st_ino


def test_what_comes_on_top_is_added_to_the_copy(store: Path) -> None:
    """Among a hundred thousand lines, each new one costs one."""
    DECISIONS.remember(beside(store), (ONE, TWO))
    before = DECISIONS.copy_of(beside(store)).stat()
    DECISIONS.remember(beside(store), (ONE, TWO, THREE))
    assert DECISIONS.copy_of(beside(store)).stat().st_ino == before.st_ino
    DECISIONS.remember(beside(store), (host("between.test"), ONE))
    assert DECISIONS.copy_of(beside(store)).stat().st_ino != before.st_ino


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_a_copy_that_root_made_is_the_services(store: Path) -> None:
    """`sudo waypost forget` must leave nothing that the services cannot open."""
    os.chown(store.parent, 12345, 12345)
    for made in ((ONE,), (ONE, TWO)):
        DECISIONS.remember(beside(store), made)
        assert DECISIONS.copy_of(beside(store)).stat().st_uid == 12345


DIE_WRITING = """
import os, sys
from config.schema import StoreConfig
from tracker.decisions.files import DECISIONS
from tracker.decisions.overrides import decision
store = StoreConfig(url=f"sqlite:///{sys.argv[1]}")
os.replace = lambda *_, **__: os._exit(9)
DECISIONS.remember(store.file, (decision("revoke", "host", "one.test"),))
"""


def test_who_died_writing_a_copy_leaves_nothing(store: Path) -> None:
    """What lies beside it would outlive everything that is erased in the copy."""
    died = subprocess.run([sys.executable, "-c", DIE_WRITING, store], check=False)
    assert (died.returncode, len(list(store.parent.iterdir()))) == (9, 1)
    DECISIONS.remember(beside(store), ())
    assert list(store.parent.iterdir()) == []


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
    assert merge(known, told) == tuple(expected)


def _stands_in(part: list[Decision], whole: tuple[Decision, ...]) -> bool:
    left = iter(whole)
    return all(each in left for each in part)


@given(MADE, MADE)
def test_nothing_known_is_lost_or_moved_and_nothing_told_is_missed(
    known: list[Decision], told: list[Decision]
) -> None:
    """The known keep their order; every word is there as often as either says, and told once."""
    everything = merge(known, told)
    assert _stands_in(known, everything)
    for each in (ONE, TWO, THREE):
        assert everything.count(each) == max(known.count(each), told.count(each))
    assert merge(everything, told) == everything


@given(MADE, MADE, st.sampled_from([ONE, TWO, THREE]))
def test_the_latest_decision_comes_last(
    known: list[Decision], kept: list[Decision], latest: Decision
) -> None:
    """Whatever the file lost before: what is appended now is the last word."""
    before = merge(known, kept)
    now = decision("restore", latest.kind, latest.value)
    assert merge(before, [*kept, now]) == (*before, now)


def test_a_long_file_is_put_together_in_good_time() -> None:
    """Steps grow with the lines, not with their square."""
    many = [host(f"{number}.test") for number in range(20_000)]
    assert merge(many, many[10_000:]) == tuple(many)
    assert len(merge(many[:10_000], many[::-1])) == 20_000


def shared_lines(*decisions: Decision) -> bytes:
    """Return the lines of decisions as they stand in the log of all nodes."""
    lines = jsonl.dump(decisions, DECISIONS.adapter).splitlines()
    return b"".join(b'{"seq":%d,%b\n' % (at, line[1:]) for at, line in enumerate(lines, 1))


def test_what_all_nodes_said_comes_first_in_the_order_of_their_log(store: Path) -> None:
    """Nodes that have heard the same say the same; what the log lacks follows."""
    DECISIONS.append(beside(store), ONE)
    DECISIONS.append(beside(store), THREE)
    DECISIONS.shared_of(beside(store)).write_bytes(shared_lines(TWO, ONE))
    assert DECISIONS.merged(beside(store)) == Merged((TWO, ONE, THREE))


def test_what_others_said_is_not_lost_by_the_file_of_this_node(store: Path) -> None:
    """It never was in it; but it is in the copy, should all else be gone."""
    DECISIONS.shared_of(beside(store)).write_bytes(shared_lines(TWO, ONE))
    known = DECISIONS.merged(beside(store))
    assert (known.lost, known.damaged) == (0, 0)
    DECISIONS.remember(beside(store), known.records)
    DECISIONS.shared_of(beside(store)).unlink()
    assert DECISIONS.merged(beside(store)) == Merged((TWO, ONE), lost=2)


def test_the_copy_has_the_order_of_the_log(store: Path) -> None:
    """So that nothing is written again while nothing changes."""
    DECISIONS.remember(beside(store), (ONE, TWO))
    DECISIONS.shared_of(beside(store)).write_bytes(shared_lines(TWO, ONE))
    DECISIONS.remember(beside(store), DECISIONS.merged(beside(store)).records)
    assert DECISIONS.read(DECISIONS.copy_of(beside(store))).records == (TWO, ONE)
