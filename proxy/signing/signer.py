"""DKIM signatures (RFC 6376, RFC 8463): relaxed/relaxed, RSA-SHA256 or Ed25519-SHA256.

Owns: the DKIM-Signature field that is added.
Does not own: which header fields are signed (`signed_fields`), the private key and its record
(`config.keys.dkim_keys`), the canonical form (`canonicalization`), signatures that a message brought along (`existing_signatures`), what a relay
would change after signing (`relay_alterations`), or whether a message is signed at all
(`proxy.rewrite.render`).

Signing is the hot path and done with `cryptography`; `self_check` has dkimpy verify the outcome at
start.
"""

import functools
import hashlib
import re
import textwrap
import time
from binascii import b2a_base64
from typing import NamedTuple, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from config.keys.dkim_keys import algorithm_of, load_dkim_key, record_of
from config.schema import DkimAlgorithm, RelayProfile
from config.value_objects import value
from proxy.message.fields import HeaderBlock
from proxy.signing.canonicalization import (
    MalformedHeader,
    read_header,
    relaxed_fields,
    relaxed_pieces,
)
from proxy.signing.signed_fields import (
    MAX_SIGNED_FIELDS,
    OVERSIGNED_FIELDS,
    PROFILES,
    SIGNED_FIELDS,
    left_out,
)
from proxy.smtp.octets import has_bare_newline

LINE_OCTETS = 76
_PADDING, _HASH = padding.PKCS1v15(), hashes.SHA256()
_SELECTIONS_KEPT = 64
"""Most applications send the same fields every time. What is signed of so few and short names is kept."""

_DOMAIN = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}"
)


class SigningError(ValueError):
    """The message cannot be signed. Says what is wrong with it."""


@value
class Signable:
    """A finished message as signatures see it, read once for all keys that sign it.

    `unsigned` are the names of those fields of its `header` that are left out, in lower case,
    `body_hash` is the SHA-256 of its relaxed body.
    """

    header: HeaderBlock
    unsigned: frozenset[bytes]
    body_hash: bytes

    @classmethod
    def read(
        cls,
        message: bytes,
        relay_profile: RelayProfile = "default",
        *,
        newlines_paired: bool = False,
        header: HeaderBlock | None = None,
    ) -> Self:
        """Read a message (CRLF lines); what a relay of this profile would write anew is left out.

        `newlines_paired`: it is known that no CR or LF stands alone. `header` is its header, where that
        is known.
        Raises SigningError: bare CR or LF, a header block that is none, not exactly one From.
        """
        if not newlines_paired and has_bare_newline(message):
            raise SigningError("a CR or LF stands alone; lines end with CRLF")
        if header is None:
            try:
                header = read_header(message)
            except MalformedHeader as error:
                raise SigningError(str(error)) from error
        if len(header.names.places.get(b"from", ())) != 1:
            raise SigningError("a message to be signed has exactly one From field")
        return cls(header, left_out(header, relay_profile), _body_hash(message, header.body_start))


class Signer:
    """Signs for one domain with one key, parsed once. Safe to use from several threads.

    `profile` names the relay's habits (PROFILES; any other name means "default").
    Raises KeyUnusable for a key, ValueError for a domain or selector, that cannot be used.
    """

    def __init__(
        self, domain: str, selector: str, private_key_pem: bytes, profile: str = "default"
    ) -> None:
        for name in (domain, selector):
            if not _DOMAIN.fullmatch(name.lower()):
                raise ValueError(f"not a name of DNS labels: {name!r}")
        self.domain = domain.lower()
        self.selector = selector
        self._key = load_dkim_key(private_key_pem)
        self._begin = (
            f" v=1; a={self.algorithm}; c=relaxed/relaxed; d={self.domain};"
            f"\r\n\ts={self.selector}; t="
        ).encode("ascii")
        unsigned = PROFILES.get(profile, PROFILES["default"])
        self._left_out = frozenset([name.encode() for name in unsigned])

    @property
    def algorithm(self) -> DkimAlgorithm:
        """The a= tag: `rsa-sha256` or `ed25519-sha256`."""
        return algorithm_of(self._key)

    @property
    def record_name(self) -> str:
        """Where the public key has to be published in DNS."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """The TXT record that publishes the public key (RFC 6376 §3.6.1)."""
        return record_of(self._key)

    def sign(self, message: bytes, now_s: int | None = None) -> bytes:
        """Return `message` (CRLF lines) with a DKIM-Signature field before it.

        Raises SigningError, as `Signable.read` does.
        """
        return self.signature(Signable.read(message), now_s) + message

    def signature(self, message: "Signable", now_s: int | None = None) -> bytes:
        """Return the DKIM-Signature field for a message, CRLF included.

        Raises SigningError where it has more fields than can be named.
        """
        names = message.header.names
        select = _selected if names.usual else _select
        unsigned_names = self._left_out | message.unsigned if message.unsigned else self._left_out
        tag, covered, places = select(names.lower, unsigned_names)
        now_s = int(time.time()) if now_s is None else now_s
        body_hash = b2a_base64(message.body_hash, newline=False)
        unsigned = b"%b%d;\r\n\t%b\r\n\tbh=%b;\r\n\tb=" % (self._begin, now_s, tag, body_hash)
        own = b"\r\ndkim-signature:" + unsigned[1:].replace(
            b"\r\n\t", b" "
        )  # as relaxed, so written
        signed = zip(covered, map(message.header.written.__getitem__, places), strict=True)
        value = b2a_base64(self._sign(relaxed_fields(signed) + own), newline=False)
        return b"DKIM-Signature:" + unsigned + _wrapped(value, len("\tb=")) + b"\r\n"

    def _sign(self, octets: bytes) -> bytes:
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(hashlib.sha256(octets).digest())
        return self._key.sign(octets, _PADDING, _HASH)


def _body_hash(message: bytes, start: int) -> bytes:
    hashed = hashlib.sha256()
    for piece in relaxed_pieces(message, start):
        hashed.update(piece)
    return hashed.digest()


class _Selection(NamedTuple):
    """The h= tag, folded, and names and places of the fields that it covers, in its order."""

    tag: bytes
    names: tuple[bytes, ...]
    places: tuple[int, ...]


def _select(names: tuple[bytes, ...], unsigned: frozenset[bytes]) -> _Selection:
    """Return what is signed of a header's fields with these names, but for those `unsigned`.

    The n-th mention of a name is its n-th field from the bottom. Raises SigningError.
    """
    found: dict[bytes, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(name, []).append(place)
    mentioned: list[str] = []
    places: list[int] = []
    for each in SIGNED_FIELDS:
        if (of_name := found.get(each.encode())) and each.encode() not in unsigned:
            mentioned += [each] * (len(of_name) + (each in OVERSIGNED_FIELDS))
            places += reversed(of_name)
    if len(mentioned) > MAX_SIGNED_FIELDS:
        raise SigningError(f"{len(mentioned)} header fields would have to be signed")
    tag = "h=" + " ".join(f"{name}:" for name in mentioned).removesuffix(":") + ";"
    lines = textwrap.wrap(tag, LINE_OCTETS, break_on_hyphens=False)
    of_places = tuple([names[place] for place in places])
    return _Selection("\r\n\t".join(lines).encode("ascii"), of_places, tuple(places))


_selected = functools.lru_cache(maxsize=_SELECTIONS_KEPT)(_select)


def _wrapped(value: bytes, indent: int) -> bytes:
    first = LINE_OCTETS - indent
    return b"\r\n\t".join([value[:first], *_LINES.findall(value, first)])


_LINES = re.compile(rb".{1,%d}" % LINE_OCTETS)
