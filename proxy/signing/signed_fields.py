"""Which header fields a signature of ours covers.

Owns: the names, those that are signed once more than they are there, what a relay's profile leaves
out, and what is left out where a relay would not pass it on as it is.
Does not own: the signature (`signer`), which addresses a relay writes anew (`address_rewriting`), or
what it would alter of what is signed (`relay_alterations`).
"""

from collections.abc import Mapping

from config.schema import RelayProfile
from proxy.message.fields import HeaderBlock
from proxy.signing.address_rewriting import ADDRESS_FIELDS, is_ordinary, rewrites
from proxy.smtp.octets import LINE_OCTETS

SIGNED_FIELDS = (
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "resent-from",
    "resent-sender",
    "resent-to",
    "resent-cc",
    "resent-date",
    "resent-message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
    "content-description",
    "list-id",
    "list-help",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-subscribe",
    "list-post",
    "list-owner",
    "list-archive",
    "feedback-id",
    "auto-submitted",
)
"""Every instance of these is signed (RFC 6376 §5.4.1, RFC 8058 §4). What mail servers add, drop or
change on the way is not among them: Bcc, Resent-Bcc, Return-Path, Received."""

OVERSIGNED_FIELDS = frozenset(
    {
        "from",
        "to",
        "subject",
        "date",
        "content-type",
        "list-unsubscribe",
        "list-unsubscribe-post",
    }
)
"""Signed once more than they are there: a second one, which some readers would show instead,
breaks the signature (RFC 6376 §8.15)."""

PROFILES: Mapping[str, frozenset[str]] = {
    "default": frozenset(),
    "ses": frozenset({"date", "message-id"}),
}
"""What a relay replaces on every message, and so must not be signed, by the name of the relay."""

MAX_SIGNED_FIELDS = 500
"""Names in h=. Real messages have some thirty; a field of 100,000 octets is cut on the way."""

LEFT_OUT_IF_LONG = frozenset({b"to", b"cc", b"references"})
"""Applications write these as long as they like, and no reader is misled where they are not signed."""

LEFT_OUT_IF_REWRITTEN = frozenset(
    {b"sender", b"to", b"cc", b"resent-from", b"resent-sender", b"resent-to", b"resent-cc"}
)
"""Where a relay writes one of these anew, as what is likely to be changed is better not signed
(RFC 6376 §5.4). From has to be signed, and Reply-To says where an answer goes: for them the message is
left alone."""

MAX_FIELD_OCTETS = 100_000
"""Postfix cuts a header field at 102,400 octets (`header_size_limit`)."""


def is_too_long(name: bytes, value: bytes) -> bool:
    """Return whether relays fold a line of a field (RFC 5322 §2.1.1), or cut it."""
    size = len(name) + len(b":") + len(value)
    if size <= LINE_OCTETS:
        return False
    lines = (name + b":" + value).split(b"\r\n")
    return size > MAX_FIELD_OCTETS or max(map(len, lines)) > LINE_OCTETS


def passes_at_sight(header: HeaderBlock, profile: RelayProfile) -> bool:
    """Return whether no field of a header is too long, or rewritten, as in nearly all: a quick look."""
    header_octets = header.body_start - header.start
    if header_octets > LINE_OCTETS and _longest(header) > LINE_OCTETS - _MOST_NAME_OCTETS:
        return False
    if profile == "verbatim":
        return True
    names = header.names
    return profile == "default" and all(
        is_ordinary(header.written[place])
        for name in names.known & ADDRESS_FIELDS
        for place in names.places[name]
    )


_MOST_NAME_OCTETS = max(map(len, SIGNED_FIELDS)) + len(":")


def _longest(header: HeaderBlock) -> int:
    return max(map(len, header.written), default=0)


def left_out(header: HeaderBlock, profile: RelayProfile = "default") -> frozenset[bytes]:
    """Return the names of the fields that are left out of h=, in lower case: what a relay would alter."""
    if passes_at_sight(header, profile):
        return _NONE
    names, octets = set(), 0
    for name, value in header.named():
        if name in LEFT_OUT_IF_LONG and is_too_long(name, value):
            names.add(name)
        elif name in LEFT_OUT_IF_REWRITTEN and name not in names:
            octets += len(value)
            if rewrites(name, value, octets, profile):
                names.add(name)
    return frozenset(names)


_NONE: frozenset[bytes] = frozenset()
