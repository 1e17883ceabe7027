"""What a mail server would change in a message after we signed it, and so break the signature.

Owns: the list of such changes, each seen in a default Postfix, and how they are recognised.
Does not own: what follows from it (`proxy.rewrite.eligibility`: the message is left as it is), or
the signature (`signer`).
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from proxy.message.limits import LINE_OCTETS
from proxy.message.model import Message
from proxy.signing.canonicalization import Field, fields_of, is_malformed, relaxed_value

MAX_FIELD_OCTETS = 100_000
"""Postfix cuts a header field at 102,400 octets (`header_size_limit`)."""

REQUIRED_FIELDS = (b"date", b"from", b"message-id")
"""A mail server adds these where they are missing (RFC 6409 §8)."""

ADDRESS_FIELDS = frozenset(
    {
        b"from",
        b"sender",
        b"reply-to",
        b"to",
        b"cc",
        b"resent-from",
        b"resent-sender",
        b"resent-to",
        b"resent-cc",
    }
)
"""A mail server completes addresses in these (RFC 6409 §6.2)."""


class Alteration(StrEnum):
    """What a relay would change, and break a signature with."""

    NO_DATE = "date_missing"
    NO_FROM = "from_missing"
    NO_MESSAGE_ID = "message_id_missing"
    UNQUALIFIED = "address_unqualified"
    LONG_LINE = "line_too_long"
    LONG_FIELD = "field_too_long"
    EIGHT_BIT = "eight_bit_without_8bitmime"
    MALFORMED_HEADER = "header_malformed"
    CONTROL = "control_character"
    BARE_NEWLINE = "bare_newline"


_MISSING = dict(
    zip(
        REQUIRED_FIELDS,
        (Alteration.NO_DATE, Alteration.NO_FROM, Alteration.NO_MESSAGE_ID),
        strict=True,
    )
)
_HEADER_CONTROLS = re.compile(rb"[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")

# Nothing possessive holds an alternative here: Python before 3.11.5 matches that wrongly.
_QUOTED = rb'"[^"\\]*(?:\\.[^"\\]*)*'
_PIECE = re.compile(rb'%b"?|[()\\]|[^"()\\]+' % _QUOTED, re.DOTALL)
_CLOSED = re.compile(rb'%b"' % _QUOTED, re.DOTALL)
_ATOM = rb"[^\s@<>%!:;,()\[\]\\\".]+"
_QUALIFIED = re.compile(
    rb"%(atom)b(?:\.%(atom)b)*@(?:%(atom)b(?:\.%(atom)b)+|\[[^\[\]\\\s]+\])" % {b"atom": _ATOM}
)
"""A quoted local part is no match: mail servers quote as they see fit."""


def relay_would_alter(message: Message, *, relay_8bitmime: bool) -> Alteration | None:
    """Return the first thing in `message` (CRLF lines) that a relay would change, or None.

    `relay_8bitmime`: the relay offers 8BITMIME. Linear in the size of the message; never raises.
    """
    if is_malformed(message.header):
        return Alteration.MALFORMED_HEADER
    found = fields_of(message.raw, message.header)
    return (
        _missing(found)
        or _obsolete(message.raw, found)
        or _odd_field(found)
        or _odd_line(message.raw)
        or _eight_bit(message.raw, message.body_start, relay_8bitmime=relay_8bitmime)
    )


def qualified(value: bytes) -> bool:
    """Whether every address in the value of an address field has a full domain.

    Strict on purpose: what cannot be read with certainty counts as one that a relay may rewrite.
    """
    bare = _bare(relaxed_value(value))
    if bare is None:
        return False
    *groups, rest = bare.split(b";")
    return all(_list_qualified(group, names=1) for group in groups) and _list_qualified(
        rest, names=0
    )


def _bare(value: bytes) -> bytes | None:
    """Take comments away, and what stands between quotes; None where nesting is wrong."""
    kept: list[bytes] = []
    depth = 0
    for piece in _PIECE.findall(value):
        if piece in (b"(", b")"):
            depth += 1 if piece == b"(" else -1
            if depth < 0:
                return None
        elif piece.startswith((b'"', b"\\")):
            # Within a comment these are read differently, outside a backslash is nothing.
            if depth or not _CLOSED.fullmatch(piece):
                return None
            kept.append(b'""')
        elif not depth:
            kept.append(piece)
    return b"".join(kept) if depth == 0 else None


def _list_qualified(entries: bytes, names: int) -> bool:
    """Judge a list of mailboxes (RFC 5322 §3.4), in which so many groups begin."""
    begun = 0
    for entry in entries.split(b","):
        name, colon, first = entry.partition(b":")
        begins = bool(colon) and b"<" not in name and b"@" not in name
        begun += begins
        mailbox = (first if begins else entry).strip()
        if mailbox and not _mailbox_qualified(mailbox):
            return False
    return begun == names


def _mailbox_qualified(mailbox: bytes) -> bool:
    name, angle, rest = mailbox.partition(b"<")
    if not angle:
        return _QUALIFIED.fullmatch(mailbox) is not None
    address, closed, after = rest.partition(b">")
    return (
        bool(closed)
        and not after.strip()
        and b"@" not in name
        and _QUALIFIED.fullmatch(address) is not None
    )


def _missing(found: Iterable[Field]) -> Alteration | None:
    names = {field.name for field in found}
    return next((_MISSING[name] for name in REQUIRED_FIELDS if name not in names), None)


def _obsolete(message: bytes, found: Iterable[Field]) -> Alteration | None:
    """White space before the colon (RFC 5322 §4.5.8) is mended by some, and unreadable to dkimpy."""
    odd = any(not message.startswith(b":", f.start + len(f.name)) for f in found)
    return Alteration.MALFORMED_HEADER if odd else None


def _odd_field(found: Iterable[Field]) -> Alteration | None:
    for field in found:
        if field.end - field.start > MAX_FIELD_OCTETS:
            return Alteration.LONG_FIELD
        if _HEADER_CONTROLS.search(field.value):
            return Alteration.CONTROL
        if field.name in ADDRESS_FIELDS and not qualified(field.value):
            return Alteration.UNQUALIFIED
    return None


def _odd_line(message: bytes) -> Alteration | None:
    lines = message.split(b"\r\n")
    if message.count(b"\n") != len(lines) - 1 or message.count(b"\r") != len(lines) - 1:
        return Alteration.BARE_NEWLINE
    return Alteration.LONG_LINE if max(map(len, lines)) > LINE_OCTETS else None


def _eight_bit(message: bytes, body_start: int, *, relay_8bitmime: bool) -> Alteration | None:
    if relay_8bitmime or message.isascii() or message[body_start:].isascii():
        return None
    return Alteration.EIGHT_BIT
