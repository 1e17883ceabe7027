"""DKIM signatures (RFC 6376, RFC 8463): relaxed/relaxed, RSA-SHA256 or Ed25519-SHA256.

Owns: the DKIM-Signature field that is added.
Does not own: which header fields are signed (`signed_fields`), the private key and its record
(`config.keys.dkim_keys`), the canonical form (`canonicalization`), signatures that a message brought along (`existing_signatures`), what a relay
would change after signing (`relay_alterations`), or whether a message is signed at all
(`proxy.rewrite.render`).

Signing is the hot path and done with `cryptography`; `self_check` has dkimpy verify the outcome at
start.
"""

import base64
import functools
import hashlib
import re
import textwrap
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from config.keys.dkim_keys import algorithm_of, load_dkim_key, record_of
from config.schema import DkimAlgorithm, RelayProfile
from proxy.signing.canonicalization import (
    Field,
    MalformedHeader,
    fields_of,
    read_header,
    relaxed_pieces,
    relaxed_value,
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

_DOMAIN = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}"
)


class SigningError(ValueError):
    """The message cannot be signed. Says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Signable:
    """A finished message as signatures see it, read once for all keys that sign it.

    `fields` are those of its header that may be signed, by lower-case name, `body_hash` is the
    SHA-256 of its relaxed body.
    """

    fields: Mapping[bytes, Sequence[Field]]
    body_hash: bytes

    @classmethod
    def read(
        cls,
        message: bytes,
        relay_profile: RelayProfile = "default",
        *,
        newlines_paired: bool = False,
    ) -> Self:
        """Read a message (CRLF lines); what a relay of this profile would write anew is left out.

        `newlines_paired`: it is known that no CR or LF stands alone.
        Raises SigningError: bare CR or LF, a header block that is none, not exactly one From.
        """
        if not newlines_paired and has_bare_newline(message):
            raise SigningError("a CR or LF stands alone; lines end with CRLF")
        try:
            block = read_header(message)
        except MalformedHeader as error:
            raise SigningError(str(error)) from error
        fields = _by_name(fields_of(message, block))
        if len(fields.get(b"from", ())) != 1:
            raise SigningError("a message to be signed has exactly one From field")
        for name in left_out(message, block, relay_profile):
            fields.pop(name, None)
        return cls(fields, _body_hash(message, block.body_start))


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
        )
        self._left_out = PROFILES.get(profile, PROFILES["default"])
        self._candidates = tuple(
            (name, name.encode(), int(name in OVERSIGNED_FIELDS))
            for name in SIGNED_FIELDS
            if name not in self._left_out
        )

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
        names = self._names(message.fields)
        if len(names) > MAX_SIGNED_FIELDS:
            raise SigningError(f"{len(names)} header fields would have to be signed")
        now_s = int(time.time()) if now_s is None else now_s
        unsigned = self._field(names, message.body_hash, now_s)
        hashed = [field.relaxed() for field in _in_order(message.fields, names)]
        hashed.append(b"dkim-signature:" + relaxed_value(unsigned))
        value = base64.b64encode(self._sign(b"\r\n".join(hashed)))
        return b"DKIM-Signature:" + unsigned + _wrapped(value, len("\tb=")) + b"\r\n"

    def _names(self, present: Mapping[bytes, Sequence[Field]]) -> list[str]:
        names: list[str] = []
        for name, key, more in self._candidates:
            if found := present.get(key):
                names += [name] * (len(found) + more)
        return names

    def _field(self, names: Sequence[str], body_hash: bytes, now_s: int) -> bytes:
        """Return the value of the field, ending in an empty b= tag."""
        return "\r\n\t".join(
            (
                f"{self._begin}{now_s};",
                _names_tag(tuple(names)),
                f"bh={base64.b64encode(body_hash).decode()};",
                "b=",
            )
        ).encode("ascii")

    def _sign(self, octets: bytes) -> bytes:
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(hashlib.sha256(octets).digest())
        return self._key.sign(octets, _PADDING, _HASH)


def _body_hash(message: bytes, start: int) -> bytes:
    hashed = hashlib.sha256()
    for piece in relaxed_pieces(message, start):
        hashed.update(piece)
    return hashed.digest()


def _by_name(found: Iterable[Field]) -> dict[bytes, list[Field]]:
    present: dict[bytes, list[Field]] = {}
    for field in found:
        present.setdefault(field.name, []).append(field)
    return present


def _in_order(present: Mapping[bytes, Sequence[Field]], names: Iterable[str]) -> Iterable[Field]:
    """Return the fields as h= names them: the n-th mention of a name is its n-th from the bottom."""
    left = {name: list(instances) for name, instances in present.items()}
    for name in names:
        instances = left.get(name.encode())
        if instances:
            yield instances.pop()


@functools.lru_cache(maxsize=256)
def _names_tag(names: tuple[str, ...]) -> str:
    """Return the h= tag, folded. Most applications send the same fields every time."""
    tag = "h=" + " ".join(f"{name}:" for name in names).removesuffix(":") + ";"
    return "\r\n\t".join(textwrap.wrap(tag, LINE_OCTETS, break_on_hyphens=False))


def _wrapped(value: bytes, indent: int) -> bytes:
    first = LINE_OCTETS - indent
    rest = range(first, len(value), LINE_OCTETS)
    return b"\r\n\t".join((value[:first], *(value[i : i + LINE_OCTETS] for i in rest)))
