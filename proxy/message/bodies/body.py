"""A decoded body and the rules that every transfer encoding shares.

Owns: `Edit`, `Change`, `Obstacle`; the `Body` interface; bodies without an encoding (7bit, 8bit,
binary) and those whose encoding is unknown; where lines begin and end (RFC 5322 §2.1.1).
Does not own: quoted-printable and base64, which have files of their own.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from enum import StrEnum
from operator import itemgetter
from typing import NamedTuple

from proxy.smtp.octets import LINE_OCTETS


class Edit(NamedTuple):
    """Put `replacement` in the place of the octets `start:end`."""

    start: int
    end: int
    replacement: bytes


def in_order(edits: Iterable[Edit]) -> list[Edit]:
    """Sort by place; insertions at one place keep the order in which they are given."""
    return sorted(edits, key=_place_of)


_place_of = itemgetter(0, 1)


class Change(NamedTuple):
    """An edit whose text is not known yet: at most `octets` long."""

    start: int
    end: int
    octets: int


class Obstacle(StrEnum):
    """Why a span of a body cannot be edited safely."""

    MALFORMED = "malformed_encoding"
    """The octets there are not what the transfer encoding allows; decoders differ."""
    LONG_LINE = "long_line"
    """The line would grow past 998 octets, or is already longer."""


class NotEditable(ValueError):
    """An edit that `Body.obstacles` would have refused."""


class Body(ABC):
    """The decoded octets of a part, and the way back. Offsets are into `octets`, half open."""

    octets: bytes

    @abstractmethod
    def obstacles(self, changes: Sequence[Change]) -> tuple[Obstacle | None, ...]:
        """Return for each change what forbids it, or None.

        Changes are in ascending order and apart, else ValueError. Each is judged on the
        understanding that those before it that were not refused are made.
        """

    @abstractmethod
    def _place(self, edits: Sequence[Edit]) -> list[Edit]:
        """Return raw edits for edits that were checked."""

    def to_raw(self, edits: Iterable[Edit], *, asked: bool = False) -> list[Edit]:
        """Turn edits of `octets` into edits of the raw message.

        An edit that changes nothing gives none. NotEditable for one that has an obstacle,
        ValueError for edits that overlap or leave the body. `asked`: `obstacles` found none for all of
        these, at least as long.
        """
        ordered, octets = in_order(edits), self.octets
        real = [edit for edit in ordered if octets[edit[0] : edit[1]] != edit[2]]
        if not asked or len(real) != len(ordered):
            self._check(ordered, real)
        return self._place(real) if real else []

    def _check(self, ordered: Sequence[Edit], real: Sequence[Edit]) -> None:
        """Raise what `to_raw` raises for edits in order, some of which are real."""
        changes = [Change(start, end, len(new)) for start, end, new in real]
        if len(real) != len(ordered):
            self.check_order([Change(start, end, len(new)) for start, end, new in ordered])
        for edit, obstacle in zip(real, self.obstacles(changes), strict=True):
            if obstacle is not None:
                raise NotEditable(f"{edit.start}:{edit.end} cannot be edited: {obstacle}")

    def check_order(self, changes: Sequence[Change]) -> None:
        """Raise ValueError unless the changes are in order, apart and inside the body."""
        at, size = 0, len(self.octets)
        for start, end, _ in changes:
            if not at <= start <= end <= size:
                raise ValueError(f"the span {start}:{end} overlaps another or leaves the body")
            at = end


class UnknownBody(Body):
    """A body whose encoding we do not know: to be looked at, never edited."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def obstacles(self, changes: Sequence[Change]) -> tuple[Obstacle | None, ...]:
        """See `Body.obstacles`."""
        self.check_order(changes)
        return (Obstacle.MALFORMED,) * len(changes)

    def _place(self, edits: Sequence[Edit]) -> list[Edit]:
        raise NotEditable(f"{len(edits)} edits of a body in an unknown encoding")


class IdentityBody(Body):
    """7bit, 8bit and binary: the octets stand in the message as they are (RFC 2045 §6.2)."""

    def __init__(self, raw: bytes, start: int, end: int) -> None:
        self._raw = raw
        self._start = start
        self.octets = raw[start:end]

    def obstacles(self, changes: Sequence[Change]) -> tuple[Obstacle | None, ...]:
        """See `Body.obstacles`."""
        self.check_order(changes)
        obstacles: list[Obstacle | None] = []
        offset, done, column = self._start, -1, 0  # text behind `done` comes to stand at `column`
        for start, end, octets in changes:
            at, to = start + offset, end + offset
            obstacle: Obstacle | None = Obstacle.LONG_LINE
            if (lines := lines_around(self._raw, at, to)) is not None:
                line_start, line_end = lines
                reached = (at - line_start if done < line_start else column + at - done) + octets
                if reached + line_end - to <= LINE_OCTETS:
                    done, column, obstacle = to, reached, None
            obstacles.append(obstacle)
        return tuple(obstacles)

    def _place(self, edits: Sequence[Edit]) -> list[Edit]:
        offset = self._start
        return [Edit(start + offset, end + offset, new) for start, end, new in edits]


def lines_around(raw: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Return where the line of `start` begins, and where that of `end` ends before its line ending.

    None when either of them has more than 998 octets.
    """
    floor, ceiling = start - LINE_OCTETS - 1, end + LINE_OCTETS + 2
    before = raw.rfind(b"\n", max(0, floor), start)
    after = raw.find(b"\n", end, ceiling)
    if before < 0 < floor or (after < 0 and ceiling < len(raw)):
        return None
    first = before + 1
    last = len(raw) if after < 0 else after - (after > end and raw[after - 1] == _CR)
    if last - first > LINE_OCTETS:
        head_end, tail_start = line_end(raw, start), line_start(raw, end)
        if head_end is None or head_end - first > LINE_OCTETS:
            return None
        if tail_start is None or last - tail_start > LINE_OCTETS:
            return None
    return first, last


def line_start(raw: bytes, offset: int) -> int | None:
    """Return where the line of `offset` begins; None when that is more than 998 octets before."""
    floor = offset - LINE_OCTETS - 1
    found = raw.rfind(b"\n", max(0, floor), offset)
    return None if found < 0 < floor else found + 1


def line_end(raw: bytes, offset: int) -> int | None:
    """Return where the line of `offset` ends; None when that is more than 998 octets after."""
    ceiling = offset + LINE_OCTETS + 2
    found = raw.find(b"\n", offset, ceiling)
    return None if found < 0 and ceiling < len(raw) else _line_end(raw, offset, found)


def _line_end(raw: bytes, offset: int, newline: int) -> int:
    """Return where the line of `offset` ends whose LF is at `newline`, which is -1 where it has none."""
    if newline < 0:
        return len(raw)
    return newline - (newline > offset and raw[newline - 1] == _CR)


def line_ending(raw: bytes, start: int) -> bytes:
    """Return the line ending in use from `start` on, else in the message."""
    found = raw.find(b"\n", start)
    if found < 0:
        found = raw.find(b"\n")
    return b"\n" if found == 0 or (found > 0 and raw[found - 1] != _CR) else b"\r\n"


_CR = 13
