"""The parts of a message whose structure is the usual one, found at sight.

Owns: one part alone, or multiparts (RFC 2046 §5.1), within one another up to a point, whose delimiter
lines and headers are written as nearly all programs write them: CRLF, no padding, nothing on which
readers differ.
Does not own: any other structure; of what is odd in any way, `parser` finds the parts. Both find the
same wherever this one finds any.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from proxy.message.entity import MULTIPART_SKIPS, EntityFacts, header_steps
from proxy.message.fields import HeaderBlock, HeaderNames, read_usual
from proxy.message.limits import MAX_HYPHEN_LINES
from proxy.message.model import Part, Skip
from proxy.message.work_budget import spend

MOST_OCTETS = MAX_HYPHEN_LINES * len(b"\n--")
"""Of a message: shorter ones cannot have too many lines that begin with hyphens."""

MOST_PARTS = 100
"""Of a message."""

_MOST_AROUND = 4
"""Multiparts within one another: each is searched by itself."""

_BOUNDARY_OCTETS = 70
"""RFC 2046 §5.1.1. Searching takes longer the longer they are."""

_HEAD_OCTETS = 1024
_HEADS_KEPT = 256
_REMEMBERED_OCTETS = 256
_CR = 13


class _Head(NamedTuple):
    """What the header of a body part says, wherever it stands, and why the part may not be touched."""

    names: HeaderNames
    written: tuple[bytes, ...]
    facts: EntityFacts
    skip: Skip | None


def usual_parts(raw: bytes, block: HeaderBlock, facts: EntityFacts) -> tuple[Part, ...] | None:
    """Return the parts of a message with this header; None where its structure is not of the usual."""
    kind = facts.kind
    if kind.doubtful or kind.value.startswith("message/"):
        return None
    if not kind.value.startswith("multipart/"):
        start, skip = block.body_start, facts.own_skip(whole=True)
        return (Part("1", block, kind.value, kind.params, facts.encoding, start, len(raw), skip),)
    if len(raw) > MOST_OCTETS:
        return None
    found = _Found(raw)
    if not found.multipart(facts, "", _Inherited(None, ()), block.body_start, len(raw)):
        return None
    return tuple(found.parts)


class _Inherited(NamedTuple):
    """What body parts inherit from the multiparts around them, whose boundaries are `around`."""

    skip: Skip | None
    around: tuple[str, ...]


class _Found:
    """The parts of one message, as far as they are found."""

    __slots__ = ("_raw", "parts")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self.parts: list[Part] = []

    def multipart(
        self, facts: EntityFacts, path: str, ours: _Inherited, start: int, end: int
    ) -> bool:
        """Find the parts of a multipart whose body is at `start:end`; False where it is not of the usual.

        Their paths begin with `path`.
        """
        boundary = _boundary(facts, ours.around)
        if boundary is None:
            return False
        raw, mark = self._raw, b"\n--" + boundary.encode("ascii")
        skip = ours.skip or MULTIPART_SKIPS.get(facts.kind.value)
        inside = _Inherited(skip, (*ours.around, boundary))
        marks = _places(raw, mark, start - 1, end)
        for number, at in enumerate(marks, 1):
            line_end = at + len(mark)
            if not raw.startswith(b"\r\n", line_end):
                return number > 1 and raw.startswith(b"--\r\n", line_end)
            if number == len(marks):
                return False
            start, before = line_end + len(b"\r\n"), marks[number]
            if not self._part(start, before, f"{path}{number}", inside):
                return False
        return False

    def _part(self, start: int, before: int, path: str, ours: _Inherited) -> bool:
        """Find what is in a body part that ends before the delimiter line at `before`."""
        raw = self._raw
        end = raw.find(b"\r\n\r\n", start, start + _HEAD_OCTETS) + len(b"\r\n\r\n")
        octets = raw[start:end]
        spend(header_steps(len(octets)))
        head = _head(octets)
        if head is None or len(self.parts) == MOST_PARTS:
            return False
        header = HeaderBlock(start, end, head.names, head.written)
        kind, encoding = head.facts.kind, head.facts.encoding
        if kind.value.startswith("multipart/"):
            return self.multipart(head.facts, f"{path}.", ours, end, before + len(b"\n"))
        body_end = max(end, before - (raw[before - 1] == _CR))
        skip = ours.skip or head.skip
        self.parts.append(
            Part(path, header, kind.value, kind.params, encoding, end, body_end, skip)
        )
        return True


def _boundary(facts: EntityFacts, around: Sequence[str]) -> str | None:
    """Return the boundary of a multipart; None where that, or what is said of it, is not of the usual."""
    if facts.kind.doubtful or not facts.is_plain or facts.attachment:
        return None
    boundary = facts.kind.params.get("boundary", "")
    usual = boundary.isascii() and 0 < len(boundary.rstrip()) == len(boundary) <= _BOUNDARY_OCTETS
    if not usual or "\n" in boundary or len(around) == _MOST_AROUND:
        return None
    if facts.kind.value == "multipart/digest":
        return None
    alike = any(boundary.startswith(other) or other.startswith(boundary) for other in around)
    return None if alike else boundary


def _places(raw: bytes, mark: bytes, start: int, end: int) -> list[int]:
    """Return where a mark stands in `raw[start:end]`; nothing where it is there too often."""
    found: list[int] = []
    at = raw.find(mark, start, end)
    while at >= 0:
        found.append(at)
        if len(found) > MOST_PARTS:
            return []
        at = raw.find(mark, at + len(mark), end)
    return found


def _head(octets: bytes) -> _Head | None:
    """Read the header of a part; None where it is not of the usual. Boundaries are new each time."""
    again = len(octets) <= _REMEMBERED_OCTETS and octets.find(b"boundary=") < 0
    return _remembered(octets) if again else _read(octets)


def _read(octets: bytes) -> _Head | None:
    block = read_usual(octets)
    if block is None or block.body_start != len(octets):
        return None
    facts = EntityFacts.read(block)
    if facts.kind.value.startswith("message/"):
        return None
    skip = facts.doubt() or facts.own_skip(whole=False)
    return _Head(block.names, block.written, facts, skip)


# An application writes the same headers of parts in each message.
_remembered = lru_cache(maxsize=_HEADS_KEPT)(_read)
