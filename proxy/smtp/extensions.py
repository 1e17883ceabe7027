"""What our answer to EHLO offers, derived from what the relay offers.

Owns: the allow-list of SMTP extensions, and how each is derived from the relay's: SIZE (RFC 1870),
AUTH (RFC 4954), LIMITS (RFC 9422), PIPELINING (RFC 2920), STARTTLS (RFC 3207).
Does not own: the relay's own list (`proxy.relay.session`), or who may be offered AUTH and XCLIENT
(`proxy.client.identity`).
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from proxy.smtp.envelope import MAX_SIZE_DIGITS

GROWTH_ALLOWANCE_OCTETS = 64 * 1024
"""What tracked links and a signature may add: our SIZE is the relay's less this."""

PASSED_ON = (
    "8BITMIME",
    "SMTPUTF8",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "DELIVERBY",
    "FUTURERELEASE",
    "MT-PRIORITY",
)
"""Offered as the relay offers them, with its parameters: they only add parameters to MAIL and
RCPT, or change what the relay says or takes. Never CHUNKING and BINARYMIME: their octets would
come past DATA."""

_LIMIT = re.compile(r"(?:MAILMAX|RCPTMAX|RCPTDOMAINMAX)=[1-9][0-9]{0,5}", re.IGNORECASE)
_SIZE = re.compile(rf"[0-9]{{1,{MAX_SIZE_DIGITS}}}")
_MECHANISM = re.compile(r"[A-Z0-9_-]{1,20}", re.IGNORECASE)
_NOT_FOR_US = re.compile(
    r".*-PLUS|GSSAPI|GSS-SPNEGO|GS2-.*|KERBEROS_V.|EXTERNAL|ANONYMOUS", re.IGNORECASE
)
"""Mechanisms that look at the connection itself, of which the relay sees ours (RFC 5802 §6), and
the one that tells nothing of the client (RFC 4505): a login is what mail is trusted for."""

XCLIENT_OFFERS = (
    "XCLIENT NAME ADDR PORT PROTO HELO LOGIN",
    "XFORWARD NAME ADDR PORT PROTO HELO SOURCE",
)


def mechanisms(capabilities: Mapping[str, str]) -> tuple[str, ...]:
    """Return the SASL mechanisms of the relay that work through us, in its order."""
    return tuple(
        name
        for name in capabilities.get("AUTH", "").split()
        if _MECHANISM.fullmatch(name) and not _NOT_FOR_US.fullmatch(name)
    )


def size_limit(capabilities: Mapping[str, str], max_size_octets: int) -> int:
    """Limit a message to what we take: ours or the relay's limit, whichever is lower."""
    relay_octets = relay_size(capabilities)
    return max_size_octets if relay_octets is None else min(max_size_octets, relay_octets)


def relay_size(capabilities: Mapping[str, str]) -> int | None:
    """Read the relay's limit in octets; None where it has none (RFC 1870 §4: 0 or nothing)."""
    return _size(capabilities.get("SIZE", ""))


@lru_cache
def _size(text: str) -> int | None:
    return int(text) or None if _SIZE.fullmatch(text) else None


def offered_size(capabilities: Mapping[str, str], max_size_octets: int) -> int:
    """Return our SIZE: what we take, and at most the relay's less what tracking may add."""
    relay_octets = relay_size(capabilities)
    if relay_octets is None:
        return max_size_octets
    allowance_octets = min(GROWTH_ALLOWANCE_OCTETS, relay_octets // 10)
    return min(max_size_octets, relay_octets - allowance_octets)


def offers(
    capabilities: Mapping[str, str],
    *,
    max_size_octets: int,
    starttls: bool,
    auth: bool,
    xclient: bool,
) -> tuple[str, ...]:
    """Return the lines of our EHLO reply after the host name.

    `starttls`: we can and this session has no TLS yet; `auth`: this client may be offered the
    relay's mechanisms; `xclient`: it may tell us who its own client is.
    """
    lines = ["PIPELINING"]
    if "SIZE" in capabilities:
        lines.append(f"SIZE {offered_size(capabilities, max_size_octets)}")
    lines += [f"{name} {capabilities[name]}".rstrip() for name in PASSED_ON if name in capabilities]
    if auth and mechanisms(capabilities):
        lines.append(" ".join(("AUTH", *mechanisms(capabilities))))
    if starttls:
        lines.append("STARTTLS")
    limits = [word for word in capabilities.get("LIMITS", "").split() if _LIMIT.fullmatch(word)]
    if limits:
        lines.append(" ".join(("LIMITS", *limits)))
    return (*lines, *(XCLIENT_OFFERS if xclient else ()))


def keywords(lines: tuple[str, ...]) -> frozenset[str]:
    """Return the keywords alone of the lines of `offers`."""
    return frozenset(line.partition(" ")[0] for line in lines)
