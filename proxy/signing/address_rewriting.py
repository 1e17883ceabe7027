"""Which address fields a relay writes anew, by what it is (`[relay] profile`).

Owns: the fields, how each profile reads them, and how many octets of them are read.
Does not own: how each server reads addresses (`postfix_addresses`, `opensmtpd_addresses`,
`sendmail_addresses`), which fields are signed (`signed_fields`), or what follows for a message
(`relay_alterations`).
"""

import functools
from collections.abc import Callable, Mapping

from config.schema import RelayProfile
from proxy.signing import postfix_addresses
from proxy.signing.opensmtpd_addresses import opensmtpd_completes
from proxy.signing.postfix_addresses import postfix_rewrites
from proxy.signing.sendmail_addresses import sendmail_may_rewrite

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

MAX_READ_OCTETS = 20_000
"""Of the address fields of a message. Beyond, those that are not of the most ordinary forms count as
ones that are rewritten: to read them as Postfix does takes long."""

_READINGS_KEPT = 64
"""The copies of a message to each of its recipients have the same fields."""


def rewrites(name: bytes, value: bytes, octets: int, profile: RelayProfile) -> bool:
    """Return whether a relay of this profile writes an address field anew.

    `name` is in lower case; the value ends so many `octets` of values. Linear in its length; never raises.
    """
    return name in ADDRESS_FIELDS and _REWRITES[profile](name, value, octets)


def is_ordinary(value: bytes) -> bool:
    """Return whether a value is of the forms that nearly all applications write.

    No server but Sendmail rewrites them.
    """
    ordinary = postfix_addresses.is_ordinary if len(value) > _USUAL_OCTETS else _is_ordinary
    return ordinary(value)


_USUAL_OCTETS = 200
_ORDINARY_KEPT = 256
"""A sender writes the same From in each message, and each is asked of when it is signed, too."""
_is_ordinary = functools.lru_cache(_ORDINARY_KEPT)(postfix_addresses.is_ordinary)


def _by_default(name: bytes, value: bytes, octets: int) -> bool:
    if is_ordinary(value):
        return False
    completed = name in _OPENSMTPD_FIELDS and opensmtpd_completes(value)
    return octets > MAX_READ_OCTETS or completed or _postfix_rewrites(value)


_postfix_rewrites = functools.lru_cache(_READINGS_KEPT)(postfix_rewrites)
_OPENSMTPD_FIELDS = frozenset({b"from", b"to", b"cc"})

_REWRITES: Mapping[RelayProfile, Callable[[bytes, bytes, int], bool]] = {
    "default": _by_default,
    "sendmail": lambda _name, value, _octets: sendmail_may_rewrite(value),
    "verbatim": lambda _name, _value, _octets: False,
}
