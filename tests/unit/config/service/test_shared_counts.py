"""Counts that several processes keep together."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.service import shared_counts
from config.service.shared_counts import ALONE, SharedCounts
from tests.support.repository import ROOT
from tests.support.waiting import until

KILLED = """
import os, sys, time
from pathlib import Path
from config.service.shared_counts import SharedCounts

folder = Path(sys.argv[1])
counts = SharedCounts(2)
child = os.fork()
if not child:
    mine = counts.of(1)
    mine.add("sessions", 7)
    mine.add("sessions of 192.0.2.1", 3)
    (folder / "pid").write_text(str(os.getpid()))
    time.sleep(60)
mine = counts.of(0)
while not (folder / "pid").exists() or not (folder / "pid").read_text():
    time.sleep(0.01)
print(mine.others("sessions"), mine.others("sessions of 192.0.2.1"), flush=True)
os.waitpid(child, 0)
counts.forget(1)
print(mine.others("sessions"), mine.others("sessions of 192.0.2.1"))
again = counts.of(1)
again.add("sessions")
print(mine.others("sessions"))
"""


def test_each_sees_what_the_others_hold() -> None:
    """And not its own, which it knows."""
    counts = SharedCounts(3)
    first, second, third = (counts.of(index) for index in range(3))
    first.add("a", 2)
    second.add("a", 3)
    assert [each.others("a") for each in (first, second, third)] == [3, 2, 5]
    assert first.others("b") == 0


def test_whoever_is_alone_counts_with_nobody() -> None:
    """As without workers."""
    ALONE.add("a", 5)
    assert (ALONE.others("a"), ALONE.shared, SharedCounts(2).of(0).shared) == (0, False, True)


def test_what_a_killed_process_held_is_given_back(tmp_path: Path) -> None:
    """`kill -9` leaves it no time to do so itself; the process in its place begins at nothing."""
    parent = subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = tmp_path / "pid"
    until(lambda: pid.exists() and bool(pid.read_text()))
    assert parent.stdout is not None
    assert parent.stdout.readline() == "7 3\n"
    os.kill(int(pid.read_text()), signal.SIGKILL)
    assert parent.stdout.read() == "0 0\n1\n"
    assert parent.wait(60) == 0
    parent.stdout.close()


def test_what_finds_no_place_counts_here_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded memory; and a place that is given back is used again."""
    monkeypatch.setattr(shared_counts, "PLACES", 2)
    monkeypatch.setattr(shared_counts, "_PART_WORDS", 5)
    counts = SharedCounts(2)
    mine, other = counts.of(0), counts.of(1)
    for name in "abc":
        mine.add(name)
    assert [other.others(name) for name in "abc"] == [1, 1, 0]
    mine.add("c", -1)
    mine.add("a", -1)
    mine.add("d")
    assert [other.others(name) for name in "abcd"] == [0, 1, 0, 1]


def test_what_found_no_place_is_never_taken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though there is one by the time it is given back: others would let in one more for ever."""
    monkeypatch.setattr(shared_counts, "PLACES", 1)
    monkeypatch.setattr(shared_counts, "_PART_WORDS", 3)
    counts = SharedCounts(2)
    mine, other = counts.of(0), counts.of(1)
    mine.add("a")
    mine.add("b")
    mine.add("a", -1)
    mine.add("b", -1)
    assert other.others("b") == 0
    mine.add("b")
    assert other.others("b") == 1


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from("abcdef"), st.integers(-3, 3)), max_size=60
    )
)
def test_sums_are_those_of_what_was_counted(steps: list[tuple[int, str, int]]) -> None:
    """In whatever order, with names that come and go."""
    counts = SharedCounts(3)
    each = [counts.of(index) for index in range(3)]
    held = {(index, name): 0 for index in range(3) for name in "abcdef"}
    for index, name, change in steps:
        each[index].add(name, change)
        held[index, name] += change
    for index in range(3):
        for name in "abcdef":
            others = sum(held[other, name] for other in range(3) if other != index)
            assert each[index].others(name) == others
