"""Whether a message may be changed at all, judged by its headers and structure.

Owns: the rules of promise 3 for whole messages: who it is from, reports, signatures and seals of
others, encryption, and what a relay would alter after we signed.
Does not own: parts within a message (`proxy.message.parser`), what signatures and relays are like
(`proxy.signing.existing_signatures`, `proxy.signing.relay_alterations`), or what the session and
the envelope say (`proxy.rewrite.transformer`, `proxy.rewrite.senders`).
"""

import re
from email.utils import getaddresses

from proxy.message.editing import Message
from proxy.message.mime import content_type
from proxy.policy.reasons import Untouched
from proxy.policy.settings import Policy, Signing
from proxy.signing.existing_signatures import existing_signatures
from proxy.signing.relay_alterations import relay_would_alter

MAX_FROM = 10_000
"""Octets of a From header that is read; real ones stay below 500."""

_PLAIN_ADDRESS = re.compile(
    rb'\s*(?:"[^"\\]*"\s*|[^"<>(),;:@\\\[\]]*)<[^<>@\s,"]+@([^<>@\s,"]+)>\s*'
    rb"|\s*[^<>@\s,;:()\"]+@([^<>@\s,;:()\"]+)\s*"
)
_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


def from_domain(message: Message) -> str | Untouched:
    """Return the one From-domain in lower case, or why there is none to go by."""
    values = message.values(b"from")
    if len(values) != 1:
        return Untouched.SEVERAL_FROM if values else Untouched.NO_FROM
    if len(values[0]) > MAX_FROM:
        return Untouched.NO_FROM
    if plain := _PLAIN_ADDRESS.fullmatch(values[0]):
        return (plain[1] or plain[2]).decode("utf-8", "replace").rstrip(".").lower()
    addresses = _addresses(values[0].decode("utf-8", "replace"))
    if len(addresses) > 1:
        return Untouched.SEVERAL_FROM
    domain = addresses[0].rpartition("@")[2] if addresses and "@" in addresses[0] else ""
    return domain.strip().rstrip(".").lower() or Untouched.NO_FROM


def _addresses(text: str) -> list[str]:
    """Read a header of addresses (RFC 5322 §3.4); none where it is beyond all reason."""
    try:
        return [address for _, address in getaddresses([text]) if address]
    except RecursionError:  # comments within comments
        return []


def reason_untouched(message: Message, policy: Policy) -> Untouched | None:
    """Return why the whole message has to stay as it is; None where links may be changed."""
    domain = from_domain(message)
    return (
        _structure(message)
        or _signatures(message, policy.signing)
        or (domain if isinstance(domain, Untouched) else None)
        or (_altered(message, policy.signing) if policy.signing.signs else None)
    )


_STRUCTURES = {
    "multipart/report": Untouched.REPORT,
    "multipart/signed": Untouched.SIGNED,
    "multipart/encrypted": Untouched.ENCRYPTED,
    "application/pgp-encrypted": Untouched.ENCRYPTED,
}


def _structure(message: Message) -> Untouched | None:
    if message.skip is not None:
        return Untouched.MALFORMED
    if message.content_type in _SMIME:
        kind = content_type(message.values(b"content-type"), "text/plain")
        signed = kind.params.get("smime-type", "").lower() in {"signed-data", "certs-only"}
        return Untouched.SIGNED if signed else Untouched.ENCRYPTED
    return _STRUCTURES.get(message.content_type)


def _signatures(message: Message, signing: Signing) -> Untouched | None:
    if message.values(b"arc-seal") or message.values(b"arc-message-signature"):
        return Untouched.ARC_SEALED
    if not message.values(b"dkim-signature"):
        return None
    domains = {signature.domain for signature in existing_signatures(message)}
    # No signature found where there is one: it cannot be read, so it is not ours.
    return None if domains and domains <= signing.domains else Untouched.FOREIGN_SIGNATURE


def _altered(message: Message, signing: Signing) -> Untouched | None:
    """Return whether the relay would change what we sign."""
    if relay_would_alter(message, relay_8bitmime=signing.relay_8bitmime):
        return Untouched.RELAY_WOULD_ALTER
    return None
