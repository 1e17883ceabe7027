"""What a mail server would change in a message after we signed it, and so break the signature.

Owns: the list of such changes, each seen in a real mail server (docs/alterations.md has the table),
and how they are recognised.
Does not own: what follows from it (`proxy.rewrite.eligibility`: the message is left as it is), which
fields a signature covers (`signed_fields`), which addresses a relay writes anew (`address_rewriting`),
or the signature (`signer`).

Only what is signed counts. A Message-ID and a Date that are missing are added by every server, and
the signature still verifies: h= names none that is absent.
"""

from enum import StrEnum

from config.schema import RelayProfile
from proxy.message.fields import Header, HeaderBlock
from proxy.message.model import Message
from proxy.signing.address_rewriting import ADDRESS_FIELDS, rewrites
from proxy.signing.canonicalization import is_malformed
from proxy.signing.signed_fields import (
    MAX_SIGNED_FIELDS,
    OVERSIGNED_FIELDS,
    SIGNED_FIELDS,
    is_too_long,
    left_out,
    passes_at_sight,
)
from proxy.smtp.octets import has_long_line

MOST_FIELDS = MAX_SIGNED_FIELDS - len(OVERSIGNED_FIELDS)
"""Of a message that can be signed."""

MAX_HEADER_OCTETS = 60_000
"""OpenDKIM verifies no message whose header has over 65,536 octets (`MaximumHeaders`); servers add some."""


class Alteration(StrEnum):
    """What a relay would change, and break a signature with."""

    NO_FROM = "from_missing"
    ADDRESS = "address_rewritten"
    LONG_LINE = "line_too_long"
    LONG_FIELD = "field_too_long"
    EIGHT_BIT = "eight_bit_without_8bitmime"
    MALFORMED_HEADER = "header_malformed"
    CONTROL = "control_character"
    EMPTY = "field_empty"
    BARE_NEWLINE = "bare_newline"
    MANY_FIELDS = "too_many_fields"
    LONG_HEADER = "header_too_long"


_HEADER_CONTROLS = bytes((*range(0x20), 0x7F)).translate(None, b"\t\r\n")
_SIGNED = frozenset(name.encode() for name in SIGNED_FIELDS)


def relay_would_alter(
    message: Message,
    *,
    relay_8bitmime: bool,
    profile: RelayProfile = "default",
    but: Alteration | None = None,
) -> Alteration | None:
    """Return the first thing in `message` (CRLF lines) that a relay would change, or None.

    `relay_8bitmime`: the relay offers 8BITMIME; `profile` says what it does to addresses; what is
    `but` in the body is passed over. Linear in the size of the message; never raises.
    """
    if is_malformed(message.header):
        return Alteration.MALFORMED_HEADER
    return (
        _no_from(message)
        or _obsolete(message.header)
        or _many(message.header)
        or _odd_field(message, profile)
        or _long_header(message)
        or _odd_line(message, but)
        or _eight_bit(message, relay_8bitmime=relay_8bitmime)
    )


def _no_from(message: Message) -> Alteration | None:
    return None if b"from" in message.names else Alteration.NO_FROM


def _many(header: HeaderBlock) -> Alteration | None:
    if len(header.written) <= MOST_FIELDS:
        return None
    signed = sum(name in _SIGNED for name in header.names.lower)
    return Alteration.MANY_FIELDS if signed > MOST_FIELDS else None


def _long_header(message: Message) -> Alteration | None:
    return Alteration.LONG_HEADER if message.body_start > MAX_HEADER_OCTETS else None


def _obsolete(header: HeaderBlock) -> Alteration | None:
    """White space before the colon (RFC 5322 §4.5.8) is mended by some, and unreadable to dkimpy."""
    odd = not header.usual and any(
        value_start - start != len(name) + 1 for name, start, value_start, _ in header.fields
    )
    return Alteration.MALFORMED_HEADER if odd else None


def _odd_field(message: Message, profile: RelayProfile) -> Alteration | None:
    altered = altered_field(message, profile)
    return altered[0] if altered else None


def altered_field(
    message: Message, profile: RelayProfile = "default"
) -> tuple[Alteration, Header] | None:
    """Return the first header field of which a relay would alter what is there, and how; or None."""
    block = message.header
    head = message.raw[block.start : block.body_start]
    controls = len(head.translate(None, _HEADER_CONTROLS)) < len(head)
    if not controls and passes_at_sight(block, profile):
        return None
    unsigned = left_out(block, profile)
    octets = 0
    for header, (name, value) in zip(message.headers, block.named(), strict=True):
        if controls and len(value.translate(None, _HEADER_CONTROLS)) < len(value):
            return Alteration.CONTROL, header
        if name not in _SIGNED or name in unsigned:
            continue
        if is_too_long(name, value):
            return Alteration.LONG_FIELD, header
        if name in ADDRESS_FIELDS:
            octets += len(value)
            if rewrites(name, value, octets, profile):
                return Alteration.ADDRESS, header
        elif profile == "sendmail" and name in _FILLED_IN and not value.strip():
            return Alteration.EMPTY, header
    return None


_FILLED_IN = frozenset({b"date", b"message-id"})
"""Sendmail puts a value into these."""


def unsignable(message: Message) -> Alteration | None:
    """Return why no signature can be made for a message with one From field, whatever the relay does."""
    if is_malformed(message.header):
        return Alteration.MALFORMED_HEADER
    if many := _many(message.header):
        return many
    return Alteration.BARE_NEWLINE if message.facts.bare_newlines else None


def _odd_line(message: Message, but: Alteration | None) -> Alteration | None:
    facts = message.facts
    if facts.nul:
        return Alteration.CONTROL
    if facts.bare_newlines:
        return Alteration.BARE_NEWLINE
    if but is Alteration.LONG_LINE or not facts.long_line:
        return None
    return Alteration.LONG_LINE if has_long_line(message.raw, message.body_start) else None


def _eight_bit(message: Message, *, relay_8bitmime: bool) -> Alteration | None:
    if relay_8bitmime or not message.facts.eight_bit:
        return None
    return None if message.raw[message.body_start :].isascii() else Alteration.EIGHT_BIT
