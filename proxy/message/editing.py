"""A message as offsets into its raw octets, and edits that leave every other octet as it was.

Owns: `parse`, `decode` and `splice`, in terms of which the rest of the proxy sees a message
(RFC 5322, RFC 2045, RFC 2046), and their names gathered in one place.
Does not own: finding fields (`fields`) and parts (`parser`), transfer encodings (`bodies`), or
which message or link to track (`proxy.policy`).
"""

from collections.abc import Iterable

from proxy.message import parser
from proxy.message.bodies.base64 import Base64Body
from proxy.message.bodies.body import (
    Body,
    Change,
    Edit,
    IdentityBody,
    NotEditable,
    Obstacle,
    UnknownBody,
    in_order,
)
from proxy.message.bodies.quoted_printable import QuotedPrintableBody
from proxy.message.fields import Header
from proxy.message.mime import TransferEncoding
from proxy.message.model import Message, Part, Skip
from proxy.smtp.octets import Facts, has_bare_newline

__all__ = [
    "Body",
    "Change",
    "Edit",
    "Header",
    "Message",
    "NotEditable",
    "Obstacle",
    "Part",
    "Skip",
    "TransferEncoding",
    "decode",
    "parse",
    "splice",
]

_LF = ord("\n")


def parse(raw: bytes, facts: Facts | None = None) -> Message:
    """Find the fields and parts of a message. Never raises; CRLF and lone LF both end lines.

    `facts` are those that are known already; else they are looked for where they matter.
    """
    return parser.read(raw, facts)


def decode(message: Message, part: Part) -> Body:
    """Undo the transfer encoding of a part, ready to be edited. Never raises."""
    return body(message.raw, part.body_start, part.body_end, part.encoding)


def splice(raw: bytes, edits: Iterable[Edit]) -> bytes:
    """Replace the octets of each edit; all others stay. ValueError where edits overlap."""
    pieces: list[bytes] = []
    at = 0
    size = len(raw)
    for start, end, replacement in in_order(edits):
        if not at <= start <= end <= size:
            raise ValueError(f"the edit at {start}:{end} overlaps another or leaves the message")
        pieces += (raw[at:start], replacement)
        at = end
    pieces.append(raw[at:])
    return b"".join(pieces)


def keeps_newlines_paired(raw: bytes, edits: Iterable[Edit]) -> bool:
    """Return whether edits of a message without a bare CR or LF leave it one."""
    new: list[bytes] = []
    size = len(raw)
    for start, end, replacement in edits:
        if (0 < start < size and raw[start] == _LF) or (0 < end < size and raw[end] == _LF):
            return False  # its CR is before it
        new.append(replacement)
    return not has_bare_newline(b".".join(new))


def body(raw: bytes, start: int, end: int, encoding: TransferEncoding | None) -> Body:
    """Decode `raw[start:end]`. Never raises: what cannot be decoded cannot be edited."""
    if encoding is None:
        return UnknownBody(raw[start:end])
    if encoding is TransferEncoding.QUOTED_PRINTABLE:
        return QuotedPrintableBody(raw, start, end)
    if encoding is TransferEncoding.BASE64:
        return Base64Body(raw, start, end)
    return IdentityBody(raw, start, end)
