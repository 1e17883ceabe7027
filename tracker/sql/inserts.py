"""An INSERT that is run for each of many rows, written for several rows at once, as SQLite reads it.

Owns: which statements can be, and how they read then. It is sans-IO.
Does not own: running them (`sqlite`), or statements for a server (`bulk`).

To begin and to end a statement is half of what a row costs. What is inserted is the same: rows are taken in
order, and each meets those before it, in an `ON CONFLICT` as well.
"""

import functools
import re
from typing import NamedTuple

AT_ONCE = (64, 8)
"""Rows in one statement, and of those that are left over then; more would be hardly quicker."""
MOST_PARAMETERS = 999
"""Every SQLite takes as many in a statement."""

_INSERT = re.compile(
    r"\s*INSERT\s+INTO\s+\w+(?:\s*\([^()]*\))?\s*VALUES\s*"
    r"\((?P<row>\s*(?:\?(?:\s*,\s*\?)*|:\w+(?:\s*,\s*:\w+)*)\s*)\)\s*(?:ON\s+CONFLICT\b[^?:]*)?",
    re.DOTALL,
)
_NAME = re.compile(r":(\w+)")
_READS = re.compile(r"\b(?:SELECT|RETURNING)\b")
"""What asks something else of the store is asked once a statement, though rows before it may have changed the answer."""


class Several(NamedTuple):
    """A statement that can be for several rows, in two parts between which their parameters go.

    A row has `width` of them; `names` are what they are called, in order, none where a row is a sequence.
    """

    before: str
    after: str
    width: int
    names: tuple[str, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """For how many rows at once, the most first."""
        most = MOST_PARAMETERS // self.width
        return tuple(min(each, most) for each in AT_ONCE)

    def statement(self, rows: int) -> str:
        """Return the statement for so many rows, whose parameters follow each other."""
        places = ", ".join("?" * self.width)
        return f"{self.before}{'), ('.join([places] * rows)}{self.after}"


@functools.lru_cache(maxsize=1024)
def several(sql: str) -> Several | None:
    """Return what a statement is for several rows; None where it asks something, or is no such INSERT."""
    found = _INSERT.fullmatch(sql)
    if found is None or _READS.search(sql):
        return None
    begin, end = found.span("row")
    names, width = tuple(_NAME.findall(found["row"])), found["row"].count(",") + 1
    if len(names) == 1:  # there is no table of one column that such rows go to
        return None
    return Several(sql[:begin], sql[end:], width, names)
