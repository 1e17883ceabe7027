"""A 7bit or 8bit body that goes on as quoted-printable, where its lines are too long to be edited.

Owns: writing decoded octets as quoted-printable (RFC 2045 §6.7) so that every decoder gives them
back, and the Content-Transfer-Encoding field that says so.
Does not own: when that is done (`proxy.rewrite.part_planner`, where the operator asks for it), or
editing what is quoted-printable already (`quoted_printable`).
"""

import re
from collections.abc import Sequence

from proxy.message.bodies.body import Body, Change, Edit, Obstacle
from proxy.message.fields import Header
from proxy.message.limits import ENCODED_LINE_OCTETS

FIELD = b"Content-Transfer-Encoding: quoted-printable\r\n"
_NAME = b"content-transfer-encoding"
_ESCAPED = re.compile(rb"[^\t -<>-~]|[\t ]\Z")


class ReencodedBody(Body):
    """The body `octets` that stand at `start:end`, below header fields: edited, it is encoded anew."""

    def __init__(self, octets: bytes, start: int, end: int, headers: Sequence[Header]) -> None:
        self.octets = octets
        self.start, self.end = start, end
        self._field = _field_edit(headers)

    def obstacles(self, changes: Sequence[Change]) -> tuple[Obstacle | None, ...]:
        """See `Body.obstacles`: there is none."""
        self.check_order(changes)
        return (None,) * len(changes)

    def growth_octets(self) -> int:
        """Return by how much it grows without any edit."""
        return len(encoded(self.octets)) - len(self.octets)

    def _place(self, edits: Sequence[Edit]) -> list[Edit]:
        pieces: list[bytes] = []
        at = 0
        for start, end, new in edits:
            pieces += (self.octets[at:start], new)
            at = end
        pieces.append(self.octets[at:])
        return [self._field, Edit(self.start, self.end, encoded(b"".join(pieces)))]


def _field_edit(headers: Sequence[Header]) -> Edit:
    """Return the edit that puts the field in the place of the one that is there, else at the end."""
    for header in headers:
        if header.name.lower() == _NAME:
            return Edit(header.start, header.end, FIELD)
    return Edit(headers[-1].end, headers[-1].end, FIELD)


def encoded(octets: bytes) -> bytes:
    """Return octets as quoted-printable; CRLF ends lines, a CR or LF alone is data."""
    return b"\r\n".join(_encoded_line(line) for line in octets.split(b"\r\n"))


def _encoded_line(line: bytes) -> bytes:
    """Write a line as one or several of at most 76 octets; none begins a delimiter, or with `From `."""
    text = _ESCAPED.sub(lambda match: b"=%02X" % ord(match[0]), line)
    pieces: list[bytes] = []
    at = 0
    while True:
        first = b""
        if text.startswith((b"--", b"From "), at):
            first, at = b"=%02X" % text[at], at + 1
        room = ENCODED_LINE_OCTETS - len(first)
        if len(text) - at <= room:
            return b"\r\n".join((*pieces, first + text[at:]))
        cut = at + room - 1
        escape = text.rfind(b"=", cut - 2, cut)
        cut = cut if escape < 0 else escape
        pieces.append(first + text[at:cut] + b"=")
        at = cut
