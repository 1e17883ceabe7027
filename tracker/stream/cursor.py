"""How far a reader is in a spool, in one word that can be kept with a line: a cursor.

Owns: its form. Does not own: reading (`reader`), or segments (`tracker.spool.segments`).

Several processes write segments at the same time, so a place is an offset in each. A segment is named
by the 64 random bits of its name.
"""

import base64
import binascii
import re
import struct
from collections.abc import Iterable, Mapping

Position = Mapping[str, int]
"""Octets that were read of each segment, by its name."""

_FORM = b"\x01"
_PLACE = struct.Struct(">QI")
_RANDOM = re.compile(r"-([0-9a-f]{16})\.log\Z")


class BadCursor(ValueError):
    """A text that is no cursor."""


def encode(position: Position) -> str:
    """Return a position as letters, digits, `-` and `_`."""
    places = (_PLACE.pack(number, position[name]) for name, number in _numbered(position))
    return base64.urlsafe_b64encode(_FORM + b"".join(places)).decode("ascii").rstrip("=")


def decode(text: str, names: Iterable[str]) -> tuple[dict[str, int], int]:
    """Return the position that a text tells of, in segments of these `names`.

    And how many segments it names besides, which are no more. Raises BadCursor.
    """
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if octets[:1] != _FORM or len(octets[1:]) % _PLACE.size:
        raise BadCursor(f"{text!r} is no cursor of `waypost export --follow`")
    told = dict(_PLACE.iter_unpack(octets[1:]))
    here = dict(_numbered(names))
    known = {name: told[number] for name, number in here.items() if number in told}
    return known, len(told) - len(known)


def _numbered(names: Iterable[str]) -> Iterable[tuple[str, int]]:
    for name in names:
        if found := _RANDOM.search(name):
            yield name, int(found[1], 16)
