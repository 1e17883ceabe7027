"""The token of a tracked link: a destination that only we can write and only we can read.

Owns: the form of a token, the keys that mint and read it, and the limits of both.
Does not own: the file that holds the keys (`config.keys.token_keys`), which links are tracked
(`proxy.policy`), or what happens when a token is clicked (`tracker.redirect.redirector`).

A token is the unpadded, canonical base64url (RFC 4648 §5) of

    version 1 octet ‖ key id 1 octet ‖ AES-SIV(message id 8 octets ‖ recipient varint ‖
    link number varint ‖ sent_at 4 octets ‖ flags 1 octet ‖ destination)

with the first two octets as associated data of AES-256-SIV (RFC 5297). Integers are big-endian;
varints are minimal. A destination is raw-deflated (RFC 1951) with a dictionary of its version
where that makes it shorter. Tokens stand in mail already delivered: what is written here for a
version is never changed, a new version is added instead.
"""

import os
import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from config.keys.token_keys import TokenKey, minting_key, read_token_keys

SHARED = 0
"""The recipient number of tokens in a copy that several people get."""

VERSION = 1
PATH = "/c/"
"""What stands between the base URL and a token."""
APP_PATH = "/c/app/"
"""The same for links that an app opens (universal links, app links)."""
SHORT_PATH = "/s/"
"""The same for a code that stands for a token (`tracker.minting.short_links`)."""

MESSAGE_ID_OCTETS = 8
KEY_OCTETS = 64
MAX_DESTINATION_OCTETS = 2048
"""More than any mail client follows (Outlook stops near 2,048 characters)."""
MAX_VARINT = (1 << 28) - 1
PIXEL_NUMBER = MAX_VARINT
"""The link number of the pixel that tells of an open; no message has so many links."""
MAX_SENT_AT_S = (1 << 32) - 1

_HEADER_OCTETS = 2
_SIV_OCTETS = 16
_VARINT_OCTETS = 4
_SENT_AT_OCTETS = 4
_FLAGS_OCTETS = 1
_MIN_PAYLOAD_OCTETS = MESSAGE_ID_OCTETS + 1 + 1 + _SENT_AT_OCTETS + _FLAGS_OCTETS
_OVERHEAD_OCTETS = (
    _HEADER_OCTETS
    + _SIV_OCTETS
    + MESSAGE_ID_OCTETS
    + 2 * _VARINT_OCTETS
    + _SENT_AT_OCTETS
    + _FLAGS_OCTETS
)

_WINDOW_BITS = -12
_MEMORY_LEVEL = 1  # 3 to 6 µs an URL; zlib's default settings take 79 µs to set up

_DICTIONARY = (
    b"%2Fhttps%3A%2F%2Fwww."
    b"play.google.com/store/apps/details?id=apps.apple.com/app/id"
    b".wikipedia.org/wiki/github.com/youtube.com/watch?v="
    b"linkedin.com/company/facebook.com/instagram.com/"
    b"signin?redirect=&signature="
    b"/unsubscribe/preferences/account/orders/collections/products/category"
    b"/events/article/help/blog/news/20"
    b".html.php?id=&ref=&lang=en&token=&email=&page="
    b"&utm_term=&utm_content="
    b"&utm_campaign=newsletter&utm_medium=email?utm_source="
    b".co.uk/.de/.fr/.eu/.io/.net/en/.org/.com/"
    b"http://docs.app.shop.https://www."
)
"""Of version 1, frozen. Zlib reaches the end most cheaply, so the commonest strings are last."""

_DESTINATION = re.compile(r"https?://[\x21-\x7e]+", re.ASCII | re.IGNORECASE)


class BadToken(ValueError):
    """A text that is no token of ours, or not of a key that may still be read."""


_DEFLATED = 1
_PREVIEW = 2


@dataclass(frozen=True, slots=True)
class Link:
    """One tracked link, as the reader of one copy of one message holds it.

    `message_id` is 8 random octets, `recipient` 1-based (0: a copy shared by several), `number`
    the link's place in its message (`PIXEL_NUMBER`: its pixel, which leads nowhere), `sent_at_s`
    seconds since 1970. `destination` is an http or https URL in printable ASCII. A `preview`
    redirects but is never counted.
    """

    message_id: bytes
    recipient: int
    number: int
    sent_at_s: int
    destination: str
    preview: bool = False


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


def mint(keyring: Keyring, link: Link) -> str:
    """Return `link` as a token; raises ValueError for a link that no token can hold."""
    _check(link)
    header = bytes((VERSION, keyring.minting_id))
    sealed = keyring.cipher(keyring.minting_id).encrypt(_pack(link), [header])
    return _text(header + sealed)


def read(keyring: Keyring, text: str) -> Link:
    """Read back what `mint` wrote; raises BadToken for anything else, and nothing else ever."""
    octets = _octets(text)
    header, sealed = octets[:_HEADER_OCTETS], octets[_HEADER_OCTETS:]
    if header[0] != VERSION:
        raise BadToken(f"unknown version {header[0]}")
    try:
        payload = keyring.cipher(header[1]).decrypt(sealed, [header])
    except InvalidTag:
        raise BadToken("forged or altered") from None
    return _unpack(payload)


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
    octets = destination.encode("ascii")
    packed_octets = min(len(octets), len(_deflate(octets)))
    unused_octets = _VARINT_OCTETS - len(_varint(most_number))
    return url_octets(base_url, packed_octets - unused_octets)


def _check(link: Link) -> None:
    if len(link.message_id) != MESSAGE_ID_OCTETS:
        raise ValueError(f"a message id has {MESSAGE_ID_OCTETS} octets: {link.message_id!r}")
    if not 0 <= link.recipient <= MAX_VARINT or not 0 <= link.number <= MAX_VARINT:
        raise ValueError(f"recipient {link.recipient} or link {link.number} is out of range")
    if not 0 <= link.sent_at_s <= MAX_SENT_AT_S:
        raise ValueError(f"the time {link.sent_at_s} is out of range")
    if not is_destination(link.destination):
        raise ValueError(f"not a destination: {link.destination[:80]!r}")


def is_destination(text: str) -> bool:
    """Return whether a token can hold this URL: http or https, printable ASCII, not too long."""
    return len(text) <= MAX_DESTINATION_OCTETS and _DESTINATION.fullmatch(text) is not None


def _pack(link: Link) -> bytes:
    destination = link.destination.encode("ascii")
    deflated = _deflate(destination)
    flags = _PREVIEW if link.preview else 0
    if len(deflated) < len(destination):
        destination = deflated
        flags |= _DEFLATED
    return b"".join(
        (
            link.message_id,
            _varint(link.recipient),
            _varint(link.number),
            link.sent_at_s.to_bytes(_SENT_AT_OCTETS, "big"),
            flags.to_bytes(_FLAGS_OCTETS, "big"),
            destination,
        )
    )


def _unpack(payload: bytes) -> Link:
    # Only a key holder can bring us here; the checks remain for keys that leaked and for faults
    # of ours, which must not turn into redirects elsewhere.
    if len(payload) < _MIN_PAYLOAD_OCTETS:
        raise BadToken("too short")
    recipient, at = _read_varint(payload, MESSAGE_ID_OCTETS)
    number, at = _read_varint(payload, at)
    sent_at_s = int.from_bytes(payload[at : at + _SENT_AT_OCTETS], "big")
    at += _SENT_AT_OCTETS
    if len(payload) < at + _FLAGS_OCTETS:
        raise BadToken("too short")
    flags = payload[at]
    if flags & ~(_DEFLATED | _PREVIEW):
        raise BadToken(f"unknown flags {flags:#x}")
    return Link(
        message_id=payload[:MESSAGE_ID_OCTETS],
        recipient=recipient,
        number=number,
        sent_at_s=sent_at_s,
        destination=_destination(payload[at + _FLAGS_OCTETS :], deflated=bool(flags & _DEFLATED)),
        preview=bool(flags & _PREVIEW),
    )


def _destination(octets: bytes, *, deflated: bool) -> str:
    text = (_inflate(octets) if deflated else octets).decode("latin-1")
    if not is_destination(text):
        raise BadToken("not a destination")
    return text


def _deflate(octets: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=_WINDOW_BITS, memLevel=_MEMORY_LEVEL, zdict=_DICTIONARY)
    return deflater.compress(octets) + deflater.flush()


def _inflate(octets: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=_WINDOW_BITS, zdict=_DICTIONARY)
    try:
        # One octet more, as zlib reports the end only while it has room left.
        inflated = inflater.decompress(octets, MAX_DESTINATION_OCTETS + 1)
    except zlib.error:
        raise BadToken("not deflated") from None
    if not inflater.eof or inflater.unused_data:
        raise BadToken("deflated too long, or not to its end")
    return inflated


def _varint(number: int) -> bytes:
    """Seven bits an octet, most significant first, all but the last with the high bit set."""
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(number & 0x7F | 0x80)
    return bytes(reversed(octets))


def _read_varint(payload: bytes, start: int) -> tuple[int, int]:
    number = 0
    for at, octet in enumerate(payload[start : start + _VARINT_OCTETS], start):
        if at == start and octet == 0x80:  # noqa: PLR2004 - a leading zero: not minimal
            break
        number = number << 7 | octet & 0x7F
        if octet < 0x80:  # noqa: PLR2004 - the last octet
            return number, at + 1
    raise BadToken("not a minimal varint")


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode("ascii").rstrip("=")


_MAX_CHARACTERS = len(_text(bytes(_OVERHEAD_OCTETS + MAX_DESTINATION_OCTETS)))
_MIN_OCTETS = _HEADER_OCTETS + _SIV_OCTETS + _MIN_PAYLOAD_OCTETS


def _octets(text: str) -> bytes:
    """Decode strictly: Python's decoder passes over junk and ignores trailing bits."""
    if len(text) > _MAX_CHARACTERS:
        raise BadToken("too long")
    try:
        octets = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise BadToken("not base64url") from None
    if _text(octets) != text:
        raise BadToken("not canonical base64url")
    if len(octets) < _MIN_OCTETS:
        raise BadToken("too short")
    return octets
