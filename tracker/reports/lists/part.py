"""Part of a list, and where the next one begins. Does no I/O.

Owns: cutting a part off rows that are in order of their numbers.
Does not own: the rows (`campaigns`, `links`, `people`).

A list goes by the numbers of rows, which never change: whatever is counted meanwhile, no row comes twice,
and none that was there is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Part(Generic[Row]):
    """Rows, and the number behind which the next part goes on: None where there is no more."""

    rows: Sequence[Row]
    next: int | None


def cut(numbers: Sequence[int], limit: int, looked_to: int | None = None) -> Part[int]:
    """Return the first `limit` of row numbers, of which there is one more where the list goes on.

    `looked_to`: up to which row was looked, where there may be others behind it.
    """
    if len(numbers) > limit:
        return Part(numbers[:limit], numbers[limit - 1])
    return Part(numbers, looked_to)
