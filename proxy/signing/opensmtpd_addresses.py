"""Whether OpenSMTPD completes an address in the value of an address field.

Owns: reading such a value as OpenSMTPD does, for clients on its own machine and those that logged
in: cut at commas, whatever stands between two of them gets its domain unless it has an @, is a
group or has nothing between brackets. Found by trying, in OpenSMTPD 6.8.
Does not own: which fields that concerns, or whether it matters (`relay_alterations`).
"""

import re
from collections.abc import Iterator

_PIECE = re.compile(rb'\\[()"\\]|[()"<>@:,\\]|[^\\()"<>@:,]+')
"""A backslash takes nothing from a comma, an @ or a bracket."""


def opensmtpd_completes(value: bytes) -> bool:
    """Return whether OpenSMTPD would add its domain somewhere in this value of an address field.

    Linear in its length; never raises.
    """
    return any(entry.lacks_domain for entry in _entries(value))


class _Entry:
    """What stands between two commas, but for comments and what is quoted."""

    __slots__ = ("closed", "has_domain", "inside", "named", "opened")

    def __init__(self) -> None:
        self.has_domain = False  # or is a group, which gets none
        self.named = False
        self.opened = self.closed = False
        self.inside = False

    def add(self, piece: bytes) -> None:
        """Add what comes next."""
        if piece in (b"@", b":"):
            self.has_domain = True
        elif piece == b"<" and (self.closed or not self.opened):
            self.opened, self.closed = True, False
        elif piece == b">" and self.opened:
            self.closed = True
        elif piece.strip():
            self.inside = self.inside or (self.opened and not self.closed)
            self.named = True

    @property
    def lacks_domain(self) -> bool:
        """Whether it is completed."""
        return not self.has_domain and (self.inside if self.opened else self.named)


def _entries(value: bytes) -> Iterator[_Entry]:
    """Cut at commas; what it cannot read to the end, OpenSMTPD leaves as it is."""
    entry = _Entry()
    comments, quoted = 0, False
    for piece in _PIECE.findall(value):
        octet = piece[-1:]
        if quoted:
            quoted = octet != b'"'  # a backslash is nothing here, so that what follows it counts
        elif comments:
            comments += (octet == b"(") - (octet == b")")
        elif piece == b",":
            yield entry
            entry = _Entry()
        else:
            quoted, comments = piece == b'"', int(piece == b"(")
            entry.add(piece)
    if not (quoted or comments):
        yield entry
