"""Whether a message may be changed at all, judged by its headers and structure.

Owns: the rules of promise 3 for whole messages: who it is from, reports, signatures and seals of
others, encryption, and what a relay would alter after we signed.
Does not own: parts within a message (`proxy.message.parser`), what signatures and relays are like
(`proxy.signing.existing_signatures`, `proxy.signing.relay_alterations`), or what the session and
the envelope say (`proxy.rewrite.transformer`, `proxy.rewrite.senders`).
"""

import contextlib
from functools import lru_cache
from typing import Final

from proxy.message.editing import Message
from proxy.message.mailbox import Originator, SeveralMailboxesError, domains_named, originator
from proxy.message.mime import content_type
from proxy.policy.reasons import Untouched
from proxy.policy.settings import Policy, Signing
from proxy.signing.existing_signatures import existing_signatures
from proxy.signing.relay_alterations import Alteration, relay_would_alter
from tracker.urls.hosts import ascii_domain, is_below

_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


def originator_of(message: Message) -> Originator | Untouched:
    """Return whose mail it is by its one From field, or why there is none to go by.

    Domains are in lower case, and in punycode as the configuration has them (IDNA 2008).
    """
    values = message.values(b"from")
    if len(values) != 1:
        return Untouched.SEVERAL_FROM if values else Untouched.NO_FROM
    value = values[0]
    return _remembered(value) if len(value) <= _USUAL_OCTETS else _originator(value)


def _originator(value: bytes) -> Originator | Untouched:
    try:
        found = originator(value)
    except SeveralMailboxesError:
        return Untouched.SEVERAL_FROM
    if found is None:
        return Untouched.NO_FROM
    return Originator(_ascii(found.domain), frozenset(map(_ascii, found.mentions)))


# A sender writes the same value in each message.
_USUAL_OCTETS: Final = 200
_remembered = lru_cache(maxsize=256)(_originator)


def domains_in_from(message: Message) -> frozenset[str]:
    """Return the domains of all mailboxes in all From fields, as `originator_of` has them."""
    values = message.values(b"from")
    return frozenset(_ascii(domain) for value in values for domain in domains_named(value))


def from_domain(message: Message) -> str | Untouched:
    """Return the one From-domain, or why there is none to go by."""
    found = originator_of(message)
    return found if isinstance(found, Untouched) else found.domain


def mentions_others(message: Message) -> Untouched | None:
    """Return a reason where From names an address beside its mailbox that has another domain."""
    found = originator_of(message)
    alone = isinstance(found, Untouched) or found.mentions <= {found.domain}
    return None if alone else Untouched.SEVERAL_FROM


def _ascii(domain: str) -> str:
    if not domain.isascii():
        with contextlib.suppress(UnicodeError):  # no domain at all; told as it stands
            return ascii_domain(domain)
    return domain


def reason_untouched(
    message: Message, policy: Policy, *, sender_known: bool = False
) -> Untouched | None:
    """Return why the whole message has to stay as it is; None where links may be changed.

    `sender_known`: `originator_of` was asked already, and told whose it is.
    """
    return (
        _structure(message)
        or _signatures(message, policy.signing)
        or (None if sender_known else _nobodys(message))
        or (_altered(message, policy) if policy.signing.signs else None)
    )


_STRUCTURES = {
    "multipart/report": Untouched.REPORT,
    "multipart/signed": Untouched.SIGNED,
    "multipart/encrypted": Untouched.ENCRYPTED,
    "application/pgp-encrypted": Untouched.ENCRYPTED,
}
_SEALS = frozenset({b"arc-seal", b"arc-message-signature"})


def _structure(message: Message) -> Untouched | None:
    if message.skip is not None:
        return Untouched.MALFORMED
    if message.content_type in _SMIME:
        kind = content_type(message.values(b"content-type"), "text/plain")
        signed = kind.params.get("smime-type", "").lower() in {"signed-data", "certs-only"}
        return Untouched.SIGNED if signed else Untouched.ENCRYPTED
    return _STRUCTURES.get(message.content_type)


def _nobodys(message: Message) -> Untouched | None:
    domain = from_domain(message)
    return domain if isinstance(domain, Untouched) else None


def _signatures(message: Message, signing: Signing) -> Untouched | None:
    if not _SEALS.isdisjoint(message.names):
        return Untouched.ARC_SEALED
    if b"dkim-signature" not in message.names:
        return None
    domains = {signature.domain for signature in existing_signatures(message)}
    # No signature found where there is one: it cannot be read, so it is not ours.
    ours = bool(domains) and all(_replaces(signing, domain, message) for domain in domains)
    return None if ours else Untouched.FOREIGN_SIGNATURE


def _replaces(signing: Signing, domain: str, message: Message) -> bool:
    """Whether our signature can stand in for one of this domain.

    Not for a subdomain's that is From's own domain, as DMARC may ask for exactly that (RFC 7489
    §3.1.1, strict alignment).
    """
    if domain in signing.domains:
        return True
    below = signing.subdomains and is_below(domain, signing.domains)
    return below and from_domain(message) != domain


def _altered(message: Message, policy: Policy) -> Untouched | None:
    """Return whether the relay would change what we sign; lines that we may mend are seen to later."""
    signing = policy.signing
    altered = relay_would_alter(
        message,
        relay_8bitmime=signing.relay_8bitmime,
        profile=signing.relay_profile,
        but=Alteration.LONG_LINE if policy.reencodes else None,
    )
    return Untouched.RELAY_WOULD_ALTER if altered else None
