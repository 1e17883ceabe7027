"""The token of a tracked link: a destination that only we can write and only we can read.

Owns: the keys that mint and read tokens, sealing, the text of a token, and the limits of both.
Does not own: what is sealed (`token_payload`), the file that holds the keys (`config.keys.token_keys`),
which links are tracked (`proxy.policy`), or what happens when a token is clicked
(`tracker.redirect.redirector`).

A token is the unpadded, canonical base64url (RFC 4648 §5) of

    form and flags 1 octet ‖ key id 1 octet ‖ AES-SIV(payload)

with the first two octets as associated data of AES-256-SIV (RFC 5297). Forms that are not minted any
more are read for ever.
"""

import os
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from config.keys.token_keys import TokenKey, minting_key, read_token_keys
from tracker import token_payload
from tracker.token_payload import (
    MAX_DESTINATION_OCTETS,
    MAX_VARINT,
    MESSAGE_ID_OCTETS,
    SHORT_VARINTS,
    VARINT_OCTETS,
    BadToken,
    Link,
    is_destination,
    packed,
    varint,
)

__all__ = [
    "MAX_DESTINATION_OCTETS",
    "MAX_VARINT",
    "MESSAGE_ID_OCTETS",
    "BadToken",
    "Keyring",
    "Link",
    "Minter",
    "is_destination",
    "key_id",
    "mint",
    "new_message_id",
    "read",
    "tracked_url",
    "url_octets",
    "url_octets_to",
]

SHARED = 0
"""The recipient number of tokens in a copy that several people get."""

PATH = "/c/"
"""What stands between the base URL and a token."""
APP_PATH = "/c/app/"
"""The same for links that an app opens (universal links, app links)."""
SHORT_PATH = "/s/"
"""The same for a code that stands for a token (`tracker.minting.short_links`)."""

KEY_OCTETS = 64
PIXEL_NUMBER = MAX_VARINT
"""The link number of the pixel that tells of an open; no message has so many links."""
MAX_SENT_AT_S = (1 << 32) - 1

_HEADER_OCTETS = 2
_SIV_OCTETS = 16
_OVERHEAD_OCTETS = _HEADER_OCTETS + _SIV_OCTETS + token_payload.MAX_OCTETS_BUT_DESTINATION


class Keyring:
    """The keys of an installation: the newest mints, all that are not revoked read.

    Raises ValueError where no key is left to mint with, two share an id, or one is malformed.
    """

    __slots__ = ("_ciphers", "minting_id")

    def __init__(self, keys: Sequence[TokenKey]) -> None:
        if len({key.id for key in keys}) != len(keys):
            raise ValueError("two token keys have the same id")
        if all(key.revoked for key in keys):
            raise ValueError("no usable token key: all are revoked, or there is none")
        self.minting_id = minting_key(keys).id
        self._ciphers = {key.id: _cipher(key) for key in keys if not key.revoked}

    @classmethod
    def load(cls, path: Path) -> "Keyring":
        """Read the key file of `waypost init`; raises `config.keys.secret_files.KeyFileError`."""
        return cls(read_token_keys(path))

    def __repr__(self) -> str:
        return f"Keyring(reads={sorted(self._ciphers)}, mints={self.minting_id})"

    def cipher(self, key_id: int) -> AESSIV:
        """Return the cipher of one key; raises BadToken for an unknown or revoked one."""
        try:
            return self._ciphers[key_id]
        except KeyError:
            raise BadToken(f"no usable key {key_id}") from None


def _cipher(key: TokenKey) -> AESSIV:
    if key.id not in range(256):
        raise ValueError(f"token key id {key.id} is not within 0 to 255")
    if len(key.secret) != KEY_OCTETS:
        raise ValueError(f"token key {key.id} has {len(key.secret)} octets, not {KEY_OCTETS}")
    return AESSIV(key.secret)


def new_message_id() -> bytes:
    """Return a random id, by which tokens, events and the log know one message."""
    return os.urandom(MESSAGE_ID_OCTETS)


class Minter:
    """Mints the links of one copy of one message: what they share is prepared once.

    Raises ValueError for what no token can hold.
    """

    __slots__ = ("_begun", "_encrypt", "_headers")

    def __init__(
        self,
        keyring: Keyring,
        message_id: bytes,
        recipient: int,
        sent_at_s: int,
        *,
        preview: bool = False,
    ) -> None:
        """Take what `Link` says of these."""
        if len(message_id) != MESSAGE_ID_OCTETS:
            raise ValueError(f"a message id has {MESSAGE_ID_OCTETS} octets: {message_id!r}")
        if not 0 <= recipient <= MAX_VARINT:
            raise ValueError(f"recipient {recipient} is out of range")
        if not 0 <= sent_at_s <= MAX_SENT_AT_S:
            raise ValueError(f"the time {sent_at_s} is out of range")
        key_id = keyring.minting_id
        self._encrypt = keyring.cipher(key_id).encrypt
        first, self._begun = token_payload.begun(message_id, recipient, sent_at_s, preview=preview)
        self._headers = tuple([bytes((first | flag, key_id)) for flag in token_payload.FLAGS])

    def token(self, number: int, destination: str) -> str:
        """Return the token of one link; raises ValueError."""
        numbered = SHORT_VARINTS.get(number) or _varint(number)
        if not is_destination(destination):
            raise ValueError(f"not a destination: {destination[:80]!r}")
        flag, octets = packed(destination)
        header = self._headers[flag]
        sealed = self._encrypt(self._begun + numbered + octets, [header])
        text = b2a_base64(header + sealed, newline=False).translate(_TO_URL_SAFE)
        return text.rstrip(b"=").decode("ascii")


def _varint(number: int) -> bytes:
    """Return a number that is not short; raises ValueError for one that no token can hold."""
    if not 0 <= number <= MAX_VARINT:
        raise ValueError(f"link {number} is out of range")
    return varint(number)


def mint(keyring: Keyring, link: Link) -> str:
    """Return `link` as a token; raises ValueError for a link that no token can hold."""
    about = (link.message_id, link.recipient, link.sent_at_s)
    return Minter(keyring, *about, preview=link.preview).token(link.number, link.destination)


def read(keyring: Keyring, text: str) -> Link:
    """Read back what `mint` wrote; raises BadToken for anything else, and nothing else ever."""
    octets = _octets(text)
    header, sealed = octets[:_HEADER_OCTETS], octets[_HEADER_OCTETS:]
    if not token_payload.is_known(header[0]):
        raise BadToken(f"unknown version {header[0]}")
    try:
        payload = keyring.cipher(header[1]).decrypt(sealed, [header])
    except InvalidTag:
        raise BadToken("forged or altered") from None
    return token_payload.unpacked(header[0], payload)


def key_id(text: str) -> int:
    """Return the id of the key that minted `text`; raises BadToken for what is no token."""
    return _octets(text)[1]


def tracked_url(base_url: str, token: str, *, app: bool = False) -> str:
    """Return the URL that stands in the mail; `base_url` may have a path of its own."""
    return f"{base_url.rstrip('/')}{APP_PATH if app else PATH}{token}"


def url_octets(base_url: str, destination_octets: int) -> int:
    """Return the most octets that a tracked URL with a destination of this length can have."""
    octets = _OVERHEAD_OCTETS + destination_octets
    return len(base_url.rstrip("/").encode()) + len(PATH) + (octets * 4 + 2) // 3


def url_octets_to(base_url: str, destination: str, most_number: int = MAX_VARINT) -> int:
    """Return the most octets that a tracked URL to `destination` can have, by links up to this number.

    Compressed as `mint` does it, which takes some microseconds. Raises UnicodeEncodeError.
    """
    _, octets = packed(destination)
    unused_octets = VARINT_OCTETS - len(varint(most_number))
    return url_octets(base_url, len(octets) - unused_octets)


_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_FROM_URL_SAFE = bytes.maketrans(b"-_+/", b"+/!!")
"""What no token has becomes what no base64 has."""


_MAX_OCTETS = _HEADER_OCTETS + _SIV_OCTETS + token_payload.MAX_OCTETS
_MAX_CHARACTERS = (_MAX_OCTETS * 4 + 2) // 3
_MIN_OCTETS = _HEADER_OCTETS + _SIV_OCTETS + token_payload.MIN_OCTETS


def _octets(text: str) -> bytes:
    """Decode strictly: Python's decoder passes over junk and ignores trailing bits."""
    if len(text) > _MAX_CHARACTERS:
        raise BadToken("too long")
    try:
        given = text.encode("ascii").translate(_FROM_URL_SAFE)
        octets = a2b_base64(given + b"==")
    except ValueError:
        raise BadToken("not base64url") from None
    if b2a_base64(octets, newline=False).rstrip(b"=") != given:
        raise BadToken("not canonical base64url")
    if len(octets) < _MIN_OCTETS:
        raise BadToken("too short")
    return octets
