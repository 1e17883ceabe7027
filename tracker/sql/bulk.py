"""A statement that is run for each of many rows, as one statement for all of them.

Owns: which statements of the store can be, how they read then, and that what they do is the same. It is
sans-IO.
Does not own: how values are written (`arrays`), or statements that cannot be (`postgresql` runs these row
by row).

A server reads, plans and answers each statement: that is most of what a row costs it. The rows go as
arrays, one of each column, and stand as a table `given` where the statement had its parameters:

    UPDATE t SET n = n + ? WHERE id = ?
    UPDATE t SET n = n + given.c0 FROM unnest(…) AS given (c0, c1) WHERE id = given.c1

Row by row, each statement sees what the one before it did. So only these are put together:

- `INSERT … VALUES`, also with `ON CONFLICT DO NOTHING`; with `DO UPDATE` where no two rows have the same
  key, as PostgreSQL refuses to change a row twice in one statement.
- `UPDATE` of rows that it names by columns which it does not change, where no two rows name the same.
- `DELETE`, which asks nothing of the table that it deletes from but of the row itself.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from tracker.sql.arrays import Array, array
from tracker.sql.db import Value

AT_ONCE = 5000
"""Rows in one statement, so that none needs much memory."""

Row = Sequence[Value]
_PLACE = re.compile(r"'(?:[^']|'')*'|(?<![:\w]):(?P<name>[a-z_]\w*)|(?P<mark>\?)")
_INSERT = re.compile(
    r"\s*(?P<head>INSERT\s+INTO\s+\w+(?:\s*\((?P<columns>[^()]*)\))?)\s*"
    r"VALUES\s*\((?P<values>[^()]*)\)\s*(?P<rest>ON\s+CONFLICT\b.*)?\s*",
    re.DOTALL,
)
_KEY = re.compile(r"ON\s+CONFLICT\s*\((?P<columns>[^()]*)\)\s*DO\s+UPDATE\b")
_UPDATE = re.compile(
    r"\s*(?P<head>UPDATE\s+\w+\s+SET\s+(?P<set>.*?))\s+WHERE\s+(?P<where>.*)", re.DOTALL
)
_DELETE = re.compile(
    r"\s*(?P<head>DELETE\s+FROM\s+(?P<table>\w+))\s+WHERE\s+(?P<where>.*)", re.DOTALL
)
_READS = re.compile(r"\b(?:SELECT|RETURNING)\b")
_ANSWERS = re.compile(r"\bRETURNING\b")
_GIVEN = re.compile(r"given\.c(\d+)")
_NAMED_BY = re.compile(r"(?:\w+\.)?(?P<column>\w+)\s*=\s*given\.c(?P<place>\d+)")
_IN_BRACKETS = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
_SET = re.compile(r"(\w+)\s*=")


class Bulk(NamedTuple):
    """A statement, in two parts between which the table of rows goes.

    `parameters` are the names of those of a row, in order; none where it is a sequence. `width` is how
    many there are. Of those at the places `key` no two rows may have the same; None: they may be alike.
    """

    before: str
    after: str
    parameters: tuple[str, ...]
    width: int
    key: tuple[int, ...] | None = None

    def rows(self, given: Sequence[Any]) -> Sequence[Row]:
        """Return the values of each row, in order."""
        if not self.parameters:
            return given
        values = itemgetter(*self.parameters)
        return [*map(values, given)] if self.width > 1 else [(values(each),) for each in given]

    def groups(self, rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
        """Yield rows, in order, in groups that one statement each is for."""
        for begin in range(0, len(rows), AT_ONCE):
            group = rows[begin : begin + AT_ONCE]
            yield from [group] if self._are_distinct(group) else self._distinct(group)

    def statement(self, rows: Sequence[Row]) -> tuple[str, dict[str, str]] | None:
        """Return the statement for a group of rows, and its parameters; None where it cannot be written."""
        arrays: dict[str, Array] = {}
        empty: list[int] = []
        for place, values in enumerate(zip(*rows, strict=True)):
            if written := array(values):
                arrays[f"c{place}"] = written
            elif any(each is not None for each in values):
                return None
            else:
                empty.append(place)
        if not arrays:
            return None
        given = ", ".join(f"CAST(:{name} AS {each.type}[])" for name, each in arrays.items())
        sql = f"{self.before} unnest({given}) AS given ({', '.join(arrays)}) {self.after}"
        for place in empty:
            sql = re.sub(rf"\bgiven\.c{place}\b", "NULL", sql)
        return sql, {name: each.text for name, each in arrays.items()}

    def _are_distinct(self, rows: Sequence[Row]) -> bool:
        return self.key is None or len(set(map(itemgetter(*self.key), rows))) == len(rows)

    def _distinct(self, rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
        """Yield rows in groups in which no two have the same key."""
        group: list[Row] = []
        keys: set[object] = set()
        key_of = itemgetter(*(self.key or (0,)))
        for row in rows:
            key = key_of(row)
            if key in keys:
                yield group
                group, keys = [], set()
            group.append(row)
            keys.add(key)
        yield group


@functools.lru_cache(maxsize=1024)
def bulk(sql: str) -> Bulk | None:
    """Return a statement for many rows at once; None where it has to be run row by row."""
    names: list[str] = []
    marks = 0

    def place(found: re.Match[str]) -> str:
        nonlocal marks
        if found["mark"]:
            marks += 1
            return f"given.c{marks - 1}"
        if not found["name"]:
            return found[0]
        if found["name"] not in names:
            names.append(found["name"])
        return f"given.c{names.index(found['name'])}"

    text = _PLACE.sub(place, sql)
    if not (names or marks) or (names and marks):
        return None
    shape = tuple(names), len(names) or marks
    return _insert(text, *shape) or _update(text, *shape) or _delete(text, *shape)


def _insert(text: str, names: tuple[str, ...], width: int) -> Bulk | None:
    found = _INSERT.fullmatch(text)
    if found is None:
        return None
    rest = found["rest"] or ""
    if _GIVEN.search(rest) or _READS.search(rest):
        return None
    before, values = f"{found['head']} SELECT {found['values']} FROM", found["values"].split(",")
    changes = _KEY.match(rest)
    if changes is None:
        return Bulk(before, rest, names, width)
    of_columns = dict(zip(_names(found["columns"]), map(str.strip, values), strict=False))
    places = [_GIVEN.fullmatch(of_columns.get(each, "")) for each in _names(changes["columns"])]
    key = tuple(int(place[1]) for place in places if place)
    # A part of the key that is the same for all rows tells none apart.
    return Bulk(before, rest, names, width, key) if key else None


def _update(text: str, names: tuple[str, ...], width: int) -> Bulk | None:
    found = _UPDATE.fullmatch(text)
    if found is None or _READS.search(text):
        return None
    named_by = {each["column"]: int(each["place"]) for each in _conditions(found["where"])}
    if not named_by or named_by.keys() & set(_SET.findall(found["set"])):
        return None
    return Bulk(
        f"{found['head']} FROM", f"WHERE {found['where']}", names, width, (*named_by.values(),)
    )


def _delete(text: str, names: tuple[str, ...], width: int) -> Bulk | None:
    found = _DELETE.fullmatch(text)
    if found is None or _ANSWERS.search(text):
        return None
    if re.search(rf"\b(?:FROM|JOIN)\s+{found['table']}\b", found["where"]):
        return None
    return Bulk(f"{found['head']} USING", f"WHERE {found['where']}", names, width)


def _conditions(where: str) -> Iterator[re.Match[str]]:
    """Yield which of the conditions that all have to hold say what a column is."""
    alone = _IN_BRACKETS.sub("()", where)
    if re.search(r"\bOR\b|\(\(", alone):
        return
    for each in re.split(r"\s+AND\s+", alone):
        if found := _NAMED_BY.fullmatch(each.strip()):
            yield found


def _names(columns: str | None) -> list[str]:
    return [each.strip() for each in (columns or "").split(",")]
