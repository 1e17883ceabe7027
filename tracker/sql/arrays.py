"""Values as PostgreSQL reads an array of them, in text (PostgreSQL's manual, 8.15.2).

Owns: how arrays of whole numbers, floats, texts and octets are written, and of which type they are. It is
sans-IO.
Does not own: where they stand in a statement (`bulk`, `dialect`), or sending them (`postgresql`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tracker.sql.db import Value


class Array(NamedTuple):
    """The type of an array's elements, and the array in text."""

    type: str
    text: str


def array(values: Sequence[Value]) -> Array | None:
    """Return values as an array, None as NULL; None where nothing is in it, or what no array can hold."""
    kinds = set(map(type, values))
    some = values if type(None) not in kinds else [each for each in values if each is not None]
    kinds.discard(type(None))
    for type_, (members, written) in _TYPES.items() if kinds else ():
        if all(issubclass(kind, members) for kind in kinds):
            elements = written(some)
            return Array(
                type_, _joined(elements if some is values else _with_nulls(values, elements))
            )
    return None


def _with_nulls(values: Sequence[Value], elements: Iterable[str]) -> list[str]:
    """Return what is written for all values, given what is for those that are not None."""
    rest = iter(elements)
    return ["NULL" if each is None else next(rest) for each in values]


def _numbers(values: Sequence[Any]) -> Iterable[str]:
    """Write whole numbers; a boolean is 0 or 1."""
    return map(str, map(int, values))


def _floats(values: Sequence[Any]) -> Iterable[str]:
    return map(repr, map(float, values))


def _octets(values: Sequence[Any]) -> Iterable[str]:
    return [rf'"\\x{each}"' for each in map(bytes.hex, values)]


def _texts(values: Sequence[Any]) -> Iterable[str]:
    return map(_quoted, values)


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _joined(elements: Iterable[str]) -> str:
    return f"{{{','.join(elements)}}}"


_TYPES: Mapping[str, tuple[tuple[type, ...], Callable[[Sequence[Any]], Iterable[str]]]] = {
    "bigint": ((int,), _numbers),
    "double precision": ((int, float), _floats),
    "bytea": ((bytes,), _octets),
    "text": ((str,), _texts),
}
