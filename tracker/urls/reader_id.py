"""The opaque, stable id by which a destination is told who clicked.

Owns: what a person's id is, and what it adds to a destination.
Does not own: which links carry one (`proxy.policy.decide`, `tracker.minting.request`), its secret
(`config.keys.token_keys`), or the way back from an id to a person (`tracker.store.rows.persons`).

An id is the application's own, or else a keyed hash (HMAC-SHA256, RFC 2104) of the address, as
addresses must not travel in URLs. Its key never rotates, so that a person is the same in every
message. No table of ids is kept: who is forgotten by the store is forgotten here too.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, cast

from config.keys.token_keys import read_identify_secret
from config.schema import Config
from tracker.persons import is_opaque, normal_address
from tracker.urls.params import Params, added

HASH_OCTETS = 16
ID_CHARACTERS = 22
"""Of base64url (RFC 4648 §5), unpadded."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """Makes ids, and puts them into the parameter `param`; `secret` is never shown."""

    param: str
    secret: bytes = field(repr=False)

    @classmethod
    def load(cls, param: str, key_file: Path) -> Self:
        """Read the secret; raises `config.keys.secret_files.KeyFileError`."""
        return cls(param, read_identify_secret(key_file))

    @classmethod
    def of(cls, config: Config, param: str = "") -> Self:
        """Read the secret of a configuration that has a key file; only marking URLs needs `param`.

        Raises `config.keys.secret_files.KeyFileError`.
        """
        return cls(param, secret_of(config))

    def id_of(self, address: str, person: str | None = None) -> str:
        """Return the id of the person at an address; `person` is the application's own id of them."""
        if person and is_opaque(person):
            return person
        return self.hashed(person or address)

    def hashed(self, name: str) -> str:
        """Return the id of an address; its domain may be written in any case."""
        octets = normal_address(name).encode("utf-8", "surrogatepass")
        digest = hmac.digest(self.secret, octets, "sha256")[:HASH_OCTETS]
        return urlsafe_b64encode(digest)[:ID_CHARACTERS].decode("ascii")

    def marked(self, destination: str, person_id: str) -> str:
        """Return `destination` with the id of the reader who is sent there."""
        return added(destination, ((self.param, person_id),))


def secret_of(config: Config) -> bytes:
    """Return the secret of a configuration that has a key file.

    Raises `config.keys.secret_files.KeyFileError`.
    """
    return read_identify_secret(cast("Path", config.keys.file))


def widest(param: str, person: str | None) -> Params:
    """Return the longest id that a message may carry, as a parameter.

    `person` is the application's own id; copies for several recipients do not carry it.
    """
    own = person if person and is_opaque(person) else ""
    return ((param, max(own, "x" * ID_CHARACTERS, key=_written_octets)),)


def _written_octets(value: str) -> int:
    return len(added("https://x", (("x", value),)))
