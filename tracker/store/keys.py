"""By what the store names messages and clicks: numbers and octets, instead of text.

Owns: these keys, and the way to and from the text that events, tokens and people have. It is sans-IO.
Does not own: the columns that hold them (`file.schema`, `server.tables`), or which message an event is about
(`tracker.counting.rows`).

A message is named by the second it was sent in and its id, as its tokens are; a click by that and
16 octets, of which the first 6 are its moment, in milliseconds since 1970. Nothing here needs a
database, so that any machine may make such keys.
"""

import functools
import hashlib
import ipaddress
import re
from typing import NamedTuple

SAME_MESSAGE_S = 1
"""By how much the second that events and tokens of one message tell may differ: earlier versions read
the clock twice."""

_MESSAGE_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)
_EVENT_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_MOMENT_OCTETS = 6
_LAST_MOMENT_MS: int = 2 ** (8 * _MOMENT_OCTETS) - 1


class MessageKey(NamedTuple):
    """A message: the second since 1970 in which it was sent, and its id as a signed number."""

    sent_s: int
    message_id: int

    @classmethod
    def of(cls, sent_s: float, message_id: str) -> "MessageKey":
        """Return the key of a message, whose id is text."""
        return _key_of(int(sent_s), message_id)

    @property
    def text(self) -> str:
        """The id as events and people write it."""
        return message_text(self.message_id)


@functools.lru_cache(maxsize=4096)
def _key_of(sent_s: int, message_id: str) -> MessageKey:
    return MessageKey(sent_s, message_number(message_id))


def is_message_id(text: str) -> bool:
    """Return whether a text is the id of a message, as events and people write it."""
    return _MESSAGE_ID.fullmatch(text) is not None


def message_number(message_id: str) -> int:
    """Return the 64 bits of a message's id, as a signed number; of another text, those of its hash."""
    if _MESSAGE_ID.fullmatch(message_id):
        octets = bytes.fromhex(message_id)
    else:
        octets = hashlib.blake2b(_encoded(message_id), digest_size=8).digest()
    return int.from_bytes(octets, "big", signed=True)


def message_text(number: int) -> str:
    """Return the id of a message as 16 hexadecimal digits."""
    return number.to_bytes(8, "big", signed=True).hex()


def event_octets(event_id: str, at_s: float) -> bytes:
    """Return the 16 octets of a click's id: as they are where they begin with its moment."""
    at_ms = min(max(0, int(at_s * 1000)), _LAST_MOMENT_MS)
    if _EVENT_ID.fullmatch(event_id):
        octets = bytes.fromhex(event_id)
        # Seconds are no exact fractions: a moment that was rounded once may be rounded otherwise here.
        if abs(int.from_bytes(octets[:_MOMENT_OCTETS], "big") - at_ms) <= 1:
            return octets
    rest = hashlib.blake2b(_encoded(event_id), digest_size=16 - _MOMENT_OCTETS).digest()
    return at_ms.to_bytes(_MOMENT_OCTETS, "big") + rest


def event_text(octets: bytes) -> str:
    """Return the id of a click as 32 hexadecimal digits."""
    return octets.hex()


def moment_s(octets: bytes) -> float:
    """Return the moment of a click, in seconds since 1970."""
    return int.from_bytes(octets[:_MOMENT_OCTETS], "big") / 1000


def first_of(at_s: float) -> bytes:
    """Return what the ids of clicks since a moment are not less than: for ranges of them."""
    at_ms = min(max(0, round(at_s * 1000)), _LAST_MOMENT_MS)
    return at_ms.to_bytes(_MOMENT_OCTETS, "big")


def destination_hash(url: str) -> bytes:
    """Return the 16 octets by which a destination is found."""
    return hashlib.blake2b(_encoded(url), digest_size=16).digest()


@functools.lru_cache(maxsize=4096)
def address_octets(ip: str | None) -> bytes | None:
    """Return the 4 or 16 octets of an IP address; None where there is none, or it is no such thing."""
    try:
        return ipaddress.ip_address(ip or "").packed
    except ValueError:
        return None


def address_text(octets: bytes | None) -> str | None:
    """Return an IP address as text."""
    return None if octets is None else str(ipaddress.ip_address(octets))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
