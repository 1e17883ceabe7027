"""Where decisions about links are kept: a file beside the store, and a copy of all that was ever in it.

Owns: the two files, and how their decisions are put together.
Does not own: what a decision makes of a link (`overrides`), the form of the lines (`ledger`), or what
is in force while the tracker runs (`kill_list`).

The file holds one decision a line, as JSON, and is only ever appended to: it is its own audit log.
Only another decision takes one back, never the loss of a line (P8): what was read once is remembered,
in memory and in the copy, which the tracker writes whenever it learns something. So a file that was
deleted, emptied, damaged or made anew revives nothing, and breaks no repair, also after a restart.
Neither depends on the database. Where there are none, nothing is withdrawn. See docs/adr/0008.
"""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from config.files import locked, write_secret
from tracker import ledger
from tracker.overrides import Decision
from tracker.segments import inherit_owner

_ADAPTER = TypeAdapter(Decision)


def file_of(store: Path) -> Path:
    """Give the file that keeps the decisions about links of the store at `store`."""
    return store.with_name(f"{store.name}.overrides")


def copy_of(store: Path) -> Path:
    """Give the tracker's copy of all decisions that it ever read there."""
    return store.with_name(f"{store.name}.overrides.known")


def append(path: Path, made: Decision) -> None:
    """Write a decision down durably; raises OSError."""
    ledger.append(path, _ADAPTER, made)


@dataclass(frozen=True, slots=True)
class Lines:
    """What stands in one file: its decisions, and how many lines are none."""

    made: tuple[Decision, ...] = ()
    damaged: int = 0


def read(path: Path) -> Lines:
    """Read a file, nothing where there is none; raises OSError."""
    found = [
        each if each is not None and each.makes_sense else None
        for each in ledger.read(path, _ADAPTER)
    ]
    made = tuple(each for each in found if each is not None)
    return Lines(made, len(found) - len(made))


def merged(known: Iterable[Decision], told: Iterable[Decision]) -> tuple[Decision, ...]:
    """Give the decisions of both, each once, in an order that keeps that of `known`.

    What only `told` has follows what stood before it there, and all that is missing at that place:
    a file that lost its lines was appended to later. Repeated words are told apart by their number.
    """
    remembered, said = _numbered(known), _numbered(told)
    left, in_both = deque(remembered), set(remembered) & set(said)
    order: dict[tuple[Decision, int], None] = {}
    for each in said:
        if each in order:  # somebody has sorted the file anew
            continue
        if each in in_both:
            while left[0] != each:
                order[left.popleft()] = None
            left.popleft()
        else:
            while left and left[0] not in in_both:
                order[left.popleft()] = None
        order[each] = None
    order |= dict.fromkeys(left)
    return tuple(made for made, _ in order)


def _numbered(made: Iterable[Decision]) -> list[tuple[Decision, int]]:
    seen: Counter[Decision] = Counter()
    numbered = []
    for each in made:
        numbered.append((each, seen[each]))
        seen[each] += 1
    return numbered


@dataclass(frozen=True, slots=True)
class Known:
    """All decisions, the oldest first; how many the file lost, and how many of its lines are none."""

    made: tuple[Decision, ...]
    lost: int = 0
    damaged: int = 0


def known(store: Path) -> Known:
    """Give what the file says and the copy remembers; raises OSError."""
    return compared(read(copy_of(store)).made, read(file_of(store)))


def compared(remembered: Sequence[Decision], file: Lines) -> Known:
    """Give what the file says beside what is remembered."""
    made = merged(remembered, file.made)
    return Known(made, len(made) - len(file.made), file.damaged)


def remember(copy: Path, made: Sequence[Decision]) -> tuple[Decision, ...]:
    """Make sure that the copy has these decisions, and give all that it has; raises OSError.

    Whole or not at all, and beside other trackers on the same store.
    """
    with locked(copy):
        there = read(copy)
        everything = merged(there.made, made)
        if everything != there.made or there.damaged:
            lines = (_ADAPTER.dump_json(each) + b"\n" for each in everything)
            write_secret(copy, b"".join(lines), replace=True)
            inherit_owner(copy)
    return everything
