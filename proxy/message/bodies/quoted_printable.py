"""Quoted-printable (RFC 2045 §6.7): edits spliced into the encoded text.

Owns: the exact correspondence of decoded and raw octets, and folding what we write to 76 octets a
line with soft breaks that move nothing else. Does not own: what is edited.

A body is cut into clean stretches at the places that are not quoted-printable. In a clean stretch
every `=` begins an escape of three octets or a soft line break, so that counting them gives the
decoded length: offsets are found by counting. Where URLs in quotes begin, decoding tells by the way.
"""

import binascii
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import islice
from operator import itemgetter
from typing import Final, NamedTuple

from proxy.message.bodies.body import (
    Body,
    Change,
    Edit,
    Obstacle,
    line_ending,
    lines_around,
)
from proxy.message.limits import ENCODED_LINE_OCTETS, MAX_HREFS, MAX_MALFORMED_ESCAPES
from proxy.smtp.octets import LINE_OCTETS

# The two commonest escapes come first: fixed text is compared sooner than a set is looked into.
_ODD = re.compile(
    rb"=(?!3D|\r\n|[0-9A-Fa-f][0-9A-Fa-f]|\n)(?:(?P<padded>[ \t]++\r?\n)|(?P<last>\Z))?"
)
# Bounded, not possessive: before Python 3.11.5 a possessive group that fails half-way ends past it.
_SOFT_BREAKS = re.compile(rb"(?:=\r?\n){1,512}")
# Begins with a set, by which `re` goes on octet by octet in a fraction of the time.
_DISPUTED = re.compile(rb"[ \t\r\0](?:(?<=[ \t])\r?\n|(?<=\r)(?!\n)|(?<=\0))")
_NOT_LITERAL = re.compile(rb"[^!-<>-~]")
_ROOM = ENCODED_LINE_OCTETS - 1
_EQUALS = ord("=")
_LF = ord("\n")
_CR = ord("\r")
_QUOTE: Final = b'"'
_QUOTE_OCTET: Final = ord('"')
_URL: Final = b"http"
_QUOTED_URL: Final = _QUOTE + _URL
_SOUGHT_OCTETS = 8
_TRIES = 4
_SOUGHT_FOR_EACH = 4
_SOUGHT_AT_LEAST = 64


def _leaving(octets: bytes) -> bytes:
    """Return a table for `translate` that leaves these octets, and no others, as they are."""
    return bytes([each if each in octets else octets[0] for each in range(256)])


_GRAPHIC: Final = _leaving(bytes(range(0x21, 0x7F)))
_UNQUOTED: Final = _leaving(bytes((0x21, *range(0x23, 0x7F))))
_LITERAL: Final = _leaving(bytes(each for each in range(0x21, 0x7F) if each != _EQUALS))


class _Stretch(NamedTuple):
    """Raw octets from `raw_start` on that decode to those from `start` on."""

    start: int
    raw_start: int
    clean: bool


_Site = tuple[int, int, int, int, Obstacle | None]
"""A raw span, where its first line begins and its last one ends, and what forbids editing it."""
_start_of = itemgetter(0)
_obstacle_of = itemgetter(4)
_text_of = itemgetter(2)
_span_of = itemgetter(0, 1)


class QuotedPrintableBody(Body):
    """A quoted-printable body; editable on lines that are free of malformed escapes."""

    def __init__(self, raw: bytes, start: int, end: int) -> None:
        self._raw = raw
        self._span = (start, end)
        odd = list(islice(_ODD.finditer(raw, start, end), MAX_MALFORMED_ESCAPES + 1))
        self._is_alien = len(odd) > MAX_MALFORMED_ESCAPES
        self._odd_starts = [match.start() for match in odd]
        self._softly = b"=" + line_ending(raw, start)
        self._stretches: list[_Stretch] = []
        self._urls: dict[int, int] = {}
        if odd:
            self.octets = self._decode([] if self._is_alien else odd)
        else:
            self.octets = self._decode_clean()
        self._starts = [stretch.start for stretch in self._stretches]
        self._cursor = (0, 0, start)
        self._asked: tuple[list[tuple[int, int]], list[_Site]] = ([], [])

    def _decode_clean(self) -> bytes:
        """Decode octets without malformed escapes, and note where URLs in quotes begin."""
        at, end = self._span
        self._stretches.append(_Stretch(0, at, clean=True))
        # From the end: `rsplit` looks for a quote, `split` for a "p", of which there are many more.
        encoded = self._raw[at:end].rsplit(_QUOTED_URL, MAX_HREFS)
        pieces = list(map(binascii.a2b_qp, encoded))
        urls, size = self._urls, len(_QUOTED_URL)
        start, place = -len(_URL), at - len(_URL)
        for decoded, taken in zip(map(len, pieces[:-1]), map(len, encoded), strict=False):
            start += decoded + size
            place += taken + size
            urls[start] = place
        return _QUOTED_URL.join(pieces)

    def _decode(self, odd: list[re.Match[bytes]]) -> bytes:
        pieces: list[bytes] = []
        size, (at, end) = 0, self._span
        for match in odd:
            clean = binascii.a2b_qp(self._raw[at : match.start()])
            literal = b"" if match.lastgroup else b"="
            self._stretches.append(_Stretch(size, at, clean=True))
            size += len(clean)
            self._stretches.append(_Stretch(size, match.start(), clean=False))
            size += len(literal)
            pieces += (clean, literal)
            at = match.end()
        pieces.append(binascii.a2b_qp(self._raw[at:end]))
        self._stretches.append(_Stretch(size, at, clean=True))
        return b"".join(pieces)

    def obstacles(self, changes: Sequence[Change]) -> tuple[Obstacle | None, ...]:
        """See `Body.obstacles`."""
        self.check_order(changes)
        if self._is_alien:
            return (Obstacle.MALFORMED,) * len(changes)
        return tuple(map(_obstacle_of, self._sites_of(list(map(_span_of, changes)))))

    def _sites_of(self, spans: list[tuple[int, int]]) -> list[_Site]:
        """Find decoded spans, in order, in the raw octets. Remembered: each copy of a message asks again."""
        if not self._asked[0]:
            self._asked = spans, self._find(spans)
        asked, sites = self._asked
        if spans == asked:
            return sites
        known = dict(zip(asked, sites, strict=True))
        if missing := [span for span in spans if span not in known]:
            known.update(zip(missing, self._find(missing), strict=True))
            self._asked = list(known), list(known.values())
        return [known[span] for span in spans]

    def _find(self, spans: Sequence[tuple[int, int]]) -> list[_Site]:
        """Find where spans stand. Nearly all are URLs in quotes, for which that takes a look, and no call."""
        raw, octets, end_of_body = self._raw, self.octets, self._span[1]
        urls, find, find_last, size = self._urls.get, raw.find, raw.rfind, len(octets)
        texts = b"".join([octets[start:end] for start, end in spans])
        are_plain = texts.translate(_UNQUOTED) == texts
        sites: list[_Site] = []
        near, at = 0, 0
        for start, end in spans:
            first = urls(start)
            if (
                first is not None
                and end < size
                and octets[end] == _QUOTE_OCTET
                and (are_plain or (url := octets[start:end]).translate(_UNQUOTED) == url)
                and (last := find(_QUOTE, first, end_of_body)) > 0
                # Its quote may be escaped; a soft break before that is not to be taken with it.
                and raw[last - 1] != _LF
                and find_last(b"=22", first, last) < 0
            ):
                before = first - LINE_OCTETS if first > LINE_OCTETS else 0
                line_start = find_last(b"\n", before, first) + 1
                line_end = find(b"\n", last, last + LINE_OCTETS)
                if 0 < line_start < line_end <= line_start + LINE_OCTETS:
                    near, at = end, last
                    line_end -= raw[line_end - 1] == _CR
                    sites.append((first, last, line_start, line_end, None))
                    continue
            if at:
                self._cursor, at = (0, near, at), 0
            sites.append(self._sought(start, end))
        return sites

    def _sought(self, start: int, end: int) -> _Site:
        """Find a decoded span that may be any."""
        text = self.octets[start:end]
        first, last = self._raw_span(start, end)
        return self._look_around(first, last, is_graphic=text.translate(_GRAPHIC) == text)

    def _look_around(self, start: int, end: int, *, is_graphic: bool) -> _Site:
        """Find what stands against editing a raw span; one that `is_graphic` is decoded without blanks."""
        lines = lines_around(self._raw, start, end)
        if lines is None:
            return start, end, start, end, Obstacle.LONG_LINE
        is_odd = bool(self._odd_starts) and self._has_odd(*lines)
        disputed = not is_graphic and _DISPUTED.search(self._raw, start, end)
        # What follows may come to stand at the start of a line, which must not begin a delimiter.
        if is_odd or disputed or self._raw.startswith(b"-", end):
            return start, end, *lines, Obstacle.MALFORMED
        return start, end, *lines, None

    def _has_odd(self, start: int, end: int) -> bool:
        odd = bisect_left(self._odd_starts, start)
        return odd < len(self._odd_starts) and self._odd_starts[odd] < end

    def _raw_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the raw span of a decoded one, without soft breaks before and after it."""
        if (soon := self._soon_found(start, end)) is not None:
            return soon
        first = self._offset(start)
        if start == end:
            return first, first
        last = self._offset(end - 1)
        return first, last + self._width(last)

    def _soon_found(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the raw span where its first octets, and the one behind it, are soon found as they are.

        They may stand before it as well: how many octets are decoded up to there tells which it is.
        """
        raw, octets = self._raw, self.octets
        _, size, at = self._cursor
        is_near = len(self._stretches) == 1 and size <= start < end < len(octets)
        sought = octets[start : start + _SOUGHT_OCTETS]
        if not is_near or sought[0] == _EQUALS:
            return None
        until = min(at + _SOUGHT_FOR_EACH * (start - size) + _SOUGHT_AT_LEAST, self._span[1])
        first = at - 1
        for _ in range(_TRIES):
            first = raw.find(sought, first + 1, until)
            if first < 0 or (more := _decoded_octets(raw, at, first)) is None:
                return None
            size, at = size + more, first
            if size >= start:
                break
        if size != start:
            return None
        until = min(first + _SOUGHT_FOR_EACH * (end - start) + _SOUGHT_AT_LEAST, self._span[1])
        last = raw.find(octets[end], first, until)
        if last <= first or raw[last - 1] == _LF:  # perhaps that of a soft break, which stays
            return None
        if _decoded_octets(raw, first, last) != end - start:
            return None
        self._cursor = (0, end, last)
        return first, last

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

    def _after_soft_breaks(self, at: int) -> int:
        while breaks := _SOFT_BREAKS.match(self._raw, at, self._span[1]):
            at = breaks.end()
        return at

    def _place(self, edits: Sequence[Edit]) -> list[Edit]:
        sites = self._sites_of(list(map(_span_of, edits)))
        next_starts = [*map(_start_of, sites[1:]), len(self._raw) + 1]
        softly, texts = self._softly, _encoded(list(map(_text_of, edits)))
        placed, column, at = [], 0, -1
        for (start, end, line_start, line_end, _), text, next_start in zip(
            sites, texts, next_starts, strict=True
        ):
            column = start - line_start if at < line_start else column + start - at
            first, new = start, text
            if column == ENCODED_LINE_OCTETS:
                head = self._crowded(start)
                first, new, column = start - len(head), head + text, column - len(head)
            if (size := len(new)) <= _ROOM - column or not size:
                column += size
            else:
                pieces = _folded(column, new)
                new, column = softly.join(pieces), len(pieces[-1])
            is_shared = next_start <= line_end
            tail = (next_start if is_shared else line_end) - end
            if tail:  # what stays after the edit may reach too far
                needs_break = 0 < column > (_ROOM if is_shared else ENCODED_LINE_OCTETS) - tail
            else:
                needs_break = not text and self._ends_blank(start)
            if needs_break:
                new, column = new + softly, 0
            placed.append(Edit(first, end, new))
            at = end
        return placed

    def _crowded(self, start: int) -> bytes:
        """Return the form before `start`, after which a line of 76 octets has no room for a soft break."""
        size = 3 if self._raw[start - 3] == _EQUALS else 1
        return self._raw[start - size : start]

    def _ends_blank(self, start: int) -> bool:
        """Whether only white space would be left on the line before an edit that leaves nothing."""
        return self._raw[start - 1 : start] in {b" ", b"\t"}


def _folded(column: int, text: bytes) -> list[bytes]:
    """Return encoded text that is written from `column` on, in pieces between which there are soft breaks.

    There is as much on each line as there is room for, and more than one piece.
    """
    at, size, room = 0, len(text), _ROOM - column if column < _ROOM else 0
    if _EQUALS not in text and text.rfind(b"--") < 0:  # as most URLs of ours
        pieces = [text[:room]]
        for at in range(room, size, _ROOM):
            pieces.append(text[at : at + _ROOM])
        return pieces
    pieces = []
    while size - at > room:
        cut = at + room
        escape = text.rfind(b"=", max(at, cut - 2), cut)
        cut = cut if escape < 0 else escape
        pieces.append(text[at:cut])
        at, room = cut, _ROOM
        if text.startswith(b"--", at):
            text = text[:at] + b"=2D" + text[at + 1 :]
            size += 2
    pieces.append(text[at:])
    return pieces


def _encoded(texts: Sequence[bytes]) -> Sequence[bytes]:
    """Return these texts as they are encoded, each by itself."""
    whole = b"".join(texts)
    is_literal = whole.translate(_LITERAL) == whole  # as most URLs of ours
    return texts if is_literal else list(map(_escaped, texts))


def _escaped(text: bytes) -> bytes:
    """Escape all but the graphic characters, white space too (RFC 2045 §6.7 rules 1 and 2)."""
    if text.translate(_LITERAL) == text:
        return text
    return _NOT_LITERAL.sub(lambda match: b"=%02X" % ord(match[0]), text)


def _decoded_octets(raw: bytes, at: int, until: int) -> int | None:
    """Return as how many octets those between two places are decoded; None where one of these is amid an escape."""
    if until > at and (raw[until - 1] == _EQUALS or raw[until - 2] == _EQUALS):
        return None
    return len(binascii.a2b_qp(raw[at:until]))  # takes less time than to count escapes
