"""Base64 (RFC 2045 §6.8): encoded anew from the first edit on, and no octet before it.

Owns: telling canonical base64 from what decoders read differently, and keeping the length of lines
and their endings. Does not own: what is edited.

An edit moves all that follows by a number of octets that is rarely a multiple of three, so the text
after it must be encoded anew; the text before it, and what stands after the last character, stays.
"""

import binascii
import re
from collections.abc import Iterator, Sequence

from proxy.message.bodies.body import Body, Change, Edit, Obstacle, line_ending, line_start
from proxy.message.limits import ENCODED_LINE_OCTETS
from proxy.smtp.octets import LINE_OCTETS

_WHITE = b" \t\r\n"
_BLANKS = re.compile(rb"[ \t\r\n]*+")
_JUNK = re.compile(rb"[^A-Za-z0-9+/]+")
_SAMPLE_OCTETS = 8192
_FILLED_OCTETS = 32  # nobody fills lines to less


class Base64Body(Body):
    """A base64 body; editable when it is canonical but for white space."""

    def __init__(self, raw: bytes, start: int, end: int) -> None:
        self._raw = raw
        self._start = start
        encoded = raw[start:end]
        self._end = start + len(encoded.rstrip(_WHITE))
        self._line_octets = _line_octets(encoded[:_SAMPLE_OCTETS])
        self.octets, self._canonical = _decode(encoded.translate(None, _WHITE))

    def obstacles(self, changes: Sequence[Change]) -> tuple[Obstacle | None, ...]:
        """See `Body.obstacles`."""
        self.check_order(changes)
        obstacle = None
        if not self._canonical:
            obstacle = Obstacle.MALFORMED
        elif self._line_octets > LINE_OCTETS:
            obstacle = Obstacle.LONG_LINE
        return (obstacle,) * len(changes)

    def _place(self, edits: Sequence[Edit]) -> list[Edit]:
        quantum = edits[0].start // 3
        pieces: list[bytes] = []
        at = quantum * 3
        for start, end, new in edits:
            pieces += (self.octets[at:start], new)
            at = end
        pieces.append(self.octets[at:])
        encoded = binascii.b2a_base64(b"".join(pieces), newline=False)
        start = self._offset(quantum * 4)
        filled = start - (line_start(self._raw, start) or 0)
        return [Edit(start, self._end, self._wrap(encoded, filled))]

    def _offset(self, characters: int) -> int:
        """Return the raw offset of the character that so many others precede."""
        raw, at, missing = self._raw, self._start, characters
        while missing:
            at = self._skip_blanks(at)
            until = at + missing
            missing = sum(raw.count(blank, at, until) for blank in (b"\n", b"\r", b" ", b"\t"))
            at = until
        return min(self._skip_blanks(at), self._end)

    def _skip_blanks(self, at: int) -> int:
        blanks = _BLANKS.match(self._raw, at)
        return blanks.end() if blanks else at

    def _wrap(self, encoded: bytes, filled: int) -> bytes:
        """Break into lines, the first of which already holds `filled` octets."""
        return line_ending(self._raw, self._start).join(self._lines(encoded, filled))

    def _lines(self, encoded: bytes, filled: int) -> Iterator[bytes]:
        size = self._line_octets
        room = max(0, size - filled)
        yield encoded[:room]
        for at in range(room, len(encoded), size):
            yield encoded[at : at + size]


def _decode(characters: bytes) -> tuple[bytes, bool]:
    """Decode; and whether encoding the result gives the same characters again.

    Decoders do not agree on junk, on what follows padding, or on bits left over at the end.
    """
    try:
        octets = binascii.a2b_base64(characters, strict_mode=True)
    except binascii.Error:
        return _decode_somehow(characters), False
    last = octets[len(octets) - (len(octets) % 3 or 3) :]
    return octets, binascii.b2a_base64(last, newline=False) == characters[-4:]


def _decode_somehow(characters: bytes) -> bytes:
    """Decode up to the first padding, without junk and without a character left over."""
    plain = _JUNK.sub(b"", characters.partition(b"=")[0])
    usable = plain[:-1] if len(plain) % 4 == 1 else plain
    return binascii.a2b_base64(usable + b"==")


def _line_octets(sample: bytes) -> int:
    """Return the length to which lines are filled. One line alone does not tell, if it is short."""
    lengths = [len(line) for line in map(bytes.strip, sample.split(b"\n")) if line]
    longest = max(lengths, default=0)
    if longest < (_FILLED_OCTETS if len(lengths) > 1 else ENCODED_LINE_OCTETS):
        return ENCODED_LINE_OCTETS
    return longest
