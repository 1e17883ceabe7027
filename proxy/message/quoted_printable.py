"""Quoted-printable (RFC 2045 §6.7): edits spliced into the encoded text.

Owns: the exact correspondence of decoded and raw octets, and folding what we write to 76 octets a
line with soft breaks that move nothing else. Does not own: what is edited.

A body is cut into clean stretches at the places that are not quoted-printable. In a clean stretch
every `=` begins an escape of three octets or a soft line break, so that counting them gives the
decoded length: offsets are found by counting, without a table.
"""

import binascii
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from proxy.message.body import Body, Change, Edit, LineGrowth, Obstacle, line_ending, lines_around
from proxy.message.limits import ENCODED_LINE_OCTETS, MAX_MALFORMED_ESCAPES

_ODD = re.compile(rb"=(?![0-9A-Fa-f]{2}|\r?\n)(?:(?P<padded>[ \t]++\r?\n)|(?P<last>\Z))?")
# Bounded, not possessive: before Python 3.11.5 a possessive group that fails half-way ends past it.
_SOFT_BREAKS = re.compile(rb"(?:=\r?\n){1,512}")
_DISPUTED = re.compile(rb"[ \t]\r?\n|\r(?!\n)|\0")
_NOT_LITERAL = re.compile(rb"[^!-<>-~]")
_ROOM = ENCODED_LINE_OCTETS - 1
_EQUALS = ord("=")
_LF = ord("\n")
_LITERAL = bytes(octet for octet in range(0x21, 0x7F) if octet != _EQUALS)
_SOUGHT_OCTETS = 8
_TRIES = 4
_SOUGHT_FOR_EACH = 4
_SOUGHT_AT_LEAST = 64


class _Stretch(NamedTuple):
    """Raw octets from `raw_start` on that decode to those from `start` on."""

    start: int
    raw_start: int
    raw_end: int
    clean: bool


class _Site(NamedTuple):
    """A raw span, where its first line begins and its last one ends, and what forbids editing it."""

    start: int
    end: int
    line_start: int
    line_end: int
    obstacle: Obstacle | None = None


class QuotedPrintableBody(Body):
    """A quoted-printable body; editable on lines that are free of malformed escapes."""

    def __init__(self, raw: bytes, start: int, end: int) -> None:
        self._raw = raw
        self._span = (start, end)
        odd = list(islice(_ODD.finditer(raw, start, end), MAX_MALFORMED_ESCAPES + 1))
        self._is_alien = len(odd) > MAX_MALFORMED_ESCAPES
        self._odd_starts = [match.start() for match in odd]
        self._ending = line_ending(raw, start)
        self._stretches: list[_Stretch] = []
        self.octets = self._decode([] if self._is_alien else odd)
        self._starts = [stretch.start for stretch in self._stretches]
        self._cursor = (-1, 0, 0)
        self._sites: dict[tuple[int, int], _Site] = {}

    def _decode(self, odd: list[re.Match[bytes]]) -> bytes:
        pieces: list[bytes] = []
        size, (at, end) = 0, self._span
        for match in odd:
            clean = binascii.a2b_qp(self._raw[at : match.start()])
            literal = b"" if match.lastgroup else b"="
            self._stretches.append(_Stretch(size, at, match.start(), clean=True))
            size += len(clean)
            self._stretches.append(_Stretch(size, *match.span(), clean=False))
            size += len(literal)
            pieces += (clean, literal)
            at = match.end()
        pieces.append(binascii.a2b_qp(self._raw[at:end]))
        self._stretches.append(_Stretch(size, at, end, clean=True))
        return b"".join(pieces)

    def obstacles(self, changes: Sequence[Change]) -> tuple[Obstacle | None, ...]:
        """See `Body.obstacles`."""
        self.check_order(changes)
        if self._is_alien:
            return (Obstacle.MALFORMED,) * len(changes)
        return tuple(self._site(start, end).obstacle for start, end, _ in changes)

    def _site(self, start: int, end: int) -> "_Site":
        """Find a decoded span in the raw octets. Remembered: each copy of a message asks again."""
        key = (start, end)
        if (known := self._sites.get(key)) is None:
            known = self._sites[key] = self._look_around(*self._raw_span(start, end))
        return known

    def _look_around(self, start: int, end: int) -> "_Site":
        lines = lines_around(self._raw, start, end)
        if lines is None:
            return _Site(start, end, start, end, Obstacle.LONG_LINE)
        odd = bisect_left(self._odd_starts, lines[0])
        is_odd = odd < len(self._odd_starts) and self._odd_starts[odd] < lines[1]
        # What follows may come to stand at the start of a line, which must not begin a delimiter.
        if is_odd or _DISPUTED.search(self._raw, start, end) or self._raw.startswith(b"-", end):
            return _Site(start, end, *lines, Obstacle.MALFORMED)
        return _Site(start, end, *lines)

    def _raw_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the raw span of a decoded one, without soft breaks before and after it."""
        first = self._offset(start)
        if start == end:
            return first, first
        if (ended := self._sought_end(first, start, end)) is not None:
            return first, ended
        last = self._offset(end - 1)
        return first, last + self._width(last)

    def _width(self, at: int) -> int:
        odd = bisect_left(self._odd_starts, at)
        is_odd = self._odd_starts[odd : odd + 1] == [at]
        return 3 if self._raw[at] == _EQUALS and not is_odd else 1

    def _offset(self, wanted: int) -> int:
        """Return the raw offset of the encoded form of the decoded octet `wanted`.

        Each step goes as many raw octets on as decoded ones are missing, which is never too far.
        """
        raw = self._raw
        index = bisect_right(self._starts, wanted) - 1
        stretch = self._stretches[index]
        size, at = stretch.start, stretch.raw_start
        if self._cursor[0] == index and self._cursor[1] <= wanted:
            _, size, at = self._cursor
        if (found := self._sought(wanted, size, at)) is not None:
            size, at = wanted, found
        while size < wanted:
            until = at + wanted - size
            escape = raw.rfind(b"=", max(at, until - 2), until)
            if escape == at:
                after = self._after_soft_breaks(at)
                if after == at:
                    size, after = size + 1, at + 3
                at = after
                continue
            until = until if escape < 0 else escape
            count = raw.count(b"=", at, until)
            if count:
                size -= 2 * count + raw.count(b"=\r\n", at, until)
            size += until - at
            at = until
        at = self._after_soft_breaks(at)
        self._cursor = (index, size, at)
        return at

    def _sought(self, wanted: int, size: int, at: int) -> int | None:
        """Return where the decoded octet `wanted` stands as it is, if that is soon found; `at` is where `size` stands.

        What stands there may stand before it as well; how many octets lie before it tells which it is.
        """
        sought, until = self.octets[wanted : wanted + _SOUGHT_OCTETS], _within(at, wanted - size)
        if sought[:1] in {b"", b"="}:
            return None
        for _ in range(_TRIES):
            found = self._raw.find(sought, at, until)
            if found < 0:
                return None
            decoded = self._decoded_octets(at, found)
            if decoded is None or size + decoded > wanted:
                return None
            if size + decoded == wanted:
                return found
            size, at = size + decoded + 1, found + 1
        return None

    def _sought_end(self, first: int, start: int, end: int) -> int | None:
        """Return where decoded octets from `start`, which stands at `first`, end: where what follows is soon found."""
        raw, octets = self._raw, end - start
        if end == len(self.octets):
            return None
        found = raw.find(self.octets[end], first, _within(first, octets))
        if found <= first or raw[found - 1] == _LF:  # perhaps that of a soft break, which stays
            return None
        if self._decoded_octets(first, found) != octets:
            return None
        self._cursor = (0, end, found)
        return found

    def _decoded_octets(self, at: int, until: int) -> int | None:
        """Return as how many octets those between two places are decoded; None where one of these is amid an escape."""
        raw = self._raw
        if len(self._stretches) > 1 or until > self._span[1]:
            return None
        if raw.rfind(b"=", max(at, until - 2), until) >= 0:
            return None
        count = raw.count(b"=", at, until)
        octets = until - at - 2 * count
        return octets - raw.count(b"=\r\n", at, until) if count else octets

    def _after_soft_breaks(self, at: int) -> int:
        while breaks := _SOFT_BREAKS.match(self._raw, at, self._span[1]):
            at = breaks.end()
        return at

    def _place(self, edits: Sequence[Edit]) -> list[Edit]:
        sites = [self._site(start, end) for start, end, _ in edits]
        next_starts = [site.start for site in sites[1:]] + [len(self._raw) + 1]
        growth = LineGrowth()
        placed = []
        for edit, site, next_start in zip(edits, sites, next_starts, strict=True):
            start, end, line_start, line_end, _ = site
            column = growth.column(start, line_start)
            head = self._crowded(start, column)
            folded = _Folded(column - len(head), head + _encoded(edit.replacement))
            is_shared = next_start <= line_end
            tail = (next_start if is_shared else line_end) - end
            if self._ends_blank(edit.replacement, start) and not tail:
                folded.soften()
            folded.make_room(tail, _ROOM if is_shared else ENCODED_LINE_OCTETS)
            placed.append(Edit(start - len(head), end, self._ending.join(folded.lines)))
            growth.reached(end, folded.column)
        return placed

    def _crowded(self, start: int, column: int) -> bytes:
        """Return the form before `start` where a line of 76 octets leaves no room for a soft break."""
        if column != ENCODED_LINE_OCTETS:
            return b""
        size = 3 if self._raw[start - 3] == _EQUALS else 1
        return self._raw[start - size : start]

    def _ends_blank(self, replacement: bytes, start: int) -> bool:
        """Whether only white space outside the edit would be left before it on the line."""
        return not replacement and self._raw[start - 1 : start] in {b" ", b"\t"}


class _Folded:
    """The encoded text of one edit as lines, all but the last ending in a soft break."""

    __slots__ = ("column", "lines")

    def __init__(self, column: int, text: bytes) -> None:
        """Write encoded text from `column` on, as much on each line as there is room for."""
        self.lines: list[bytes] = []
        at, size, room = 0, len(text), max(0, _ROOM - column)
        while size - at > room:
            cut = at + room
            escape = text.rfind(b"=", max(at, cut - 2), cut)
            cut = cut if escape < 0 else escape
            self.lines.append(text[at:cut] + b"=")
            at, room, column = cut, _ROOM, 0
            if text.startswith(b"--", at):
                text = text[:at] + b"=2D" + text[at + 1 :]
                size += 2
        self.lines.append(text[at:])
        self.column = column + size - at

    def soften(self) -> None:
        """End the line with a soft break."""
        self.lines[-1] += b"="
        self.lines.append(b"")
        self.column = 0

    def make_room(self, octets: int, limit: int) -> None:
        """Break the line where the octets that stay after the edit would reach too far."""
        if octets and self.column and self.column + octets > limit:
            self.soften()


def _encoded(text: bytes) -> bytes:
    """Escape all but the graphic characters, white space too (RFC 2045 §6.7 rules 1 and 2)."""
    if not text.translate(None, _LITERAL):  # as most URLs of ours
        return text
    return _NOT_LITERAL.sub(lambda match: b"=%02X" % ord(match[0]), text)


def _within(at: int, octets: int) -> int:
    """Return up to where so many decoded octets from `at` on are looked for: mostly they end before that."""
    return at + _SOUGHT_FOR_EACH * octets + _SOUGHT_AT_LEAST
