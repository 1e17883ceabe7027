"""What is sealed in a token, in each of its forms.

Owns: the order of the fields, numbers of variable length, and destinations made shorter.
Does not own: keys, sealing and the text of a token (`tokens`).

Tokens stand in mail already delivered: what is written here for a form is never changed, a new form is
added instead. Today's, form 2, tells in the first octet of the token what form 1 had octets of its own
for; it is four octets shorter.

- Form 1: message id 8 octets ‖ recipient varint ‖ link number varint ‖ sent_at 4 octets ‖ flags 1
  octet (bit 0: deflated, bit 1: preview) ‖ destination. It begins with 0x01.
- Form 2: message id 8 octets ‖ sent_at 4 octets ‖ recipient varint, if it is neither 0 nor 1 ‖ link
  number varint ‖ destination. It begins with 0x20, and of that octet bit 0 says that the destination is
  deflated, bit 1 that it is a preview, bits 2 and 3 whose copy it is: 0 shared by several, 1 that of
  recipient 1, 2 that of the recipient whose number follows.

Integers are big-endian; varints are minimal. A destination is raw-deflated (RFC 1951) with a
dictionary of its form where that makes it shorter.
"""

import re
import zlib
from functools import lru_cache

from config.value_objects import value

MESSAGE_ID_OCTETS = 8
MAX_DESTINATION_OCTETS = 2048
"""More than any mail client follows (Outlook stops near 2,048 characters)."""
MAX_VARINT = (1 << 28) - 1
VARINT_OCTETS = 4
SENT_AT_OCTETS = 4

FORM_1 = 1
FORM_2 = 0x20
_DEFLATED = 1
FLAGS = (0, _DEFLATED)
"""What `packed` says of a destination, each at its own place."""
_PREVIEW = 2
_WHOSE = 0x0C
_FIRST = 0x04
_NUMBERED = 0x08
_LEAST_NUMBERED = 2

MIN_OCTETS = MESSAGE_ID_OCTETS + SENT_AT_OCTETS + 1
MAX_OCTETS_BUT_DESTINATION = MESSAGE_ID_OCTETS + SENT_AT_OCTETS + 2 * VARINT_OCTETS
"""Of form 2, which is what is minted."""
_FLAGS_OCTETS_OF_FORM_1 = 1
MAX_OCTETS = MAX_OCTETS_BUT_DESTINATION + _FLAGS_OCTETS_OF_FORM_1 + MAX_DESTINATION_OCTETS
"""Of any form."""

_WINDOW_BITS = -12
_MEMORY_LEVEL = 4  # a few microseconds an URL; zlib's default settings take 79 µs to set up

_DICTIONARY_1 = (
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
_DICTIONARY_2 = (
    b"/&utm_term=.net/&variant=-with-help/index.php?facebook.com/preferences.com/"
    b"?token=?ref=&id=unsubscribe.co.uk/?page=/en/account/orders/articles/redirect="
    b"&lang=en&email=shop.en.wikipedia.org/wiki/youtube.com/watch?v="
    b"downloadlinkedin.com/company/?utm_source=newsletter&utm_medium="
    b"email&utm_campaign=blog/-your-docs.github.com/category/mail.click./2026/app."
    b"collections//images/&utm_content=http://search?q=about-https://www.events/"
    b"contact-the-catalog/products/support.html.de/sale.org/signature=apps.apple."
    b"com/app/id"
)
"""Frozen, as the other. Zlib reaches the end most cheaply, so the commonest strings are last."""

_DEFLATER = zlib.compressobj(wbits=_WINDOW_BITS, memLevel=_MEMORY_LEVEL, zdict=_DICTIONARY_2)
"""Copied for each destination: the dictionary is read once."""

_REMEMBERED = 2_048
"""Destinations whose packed form is."""

_DESTINATION = re.compile(
    r"[hH][tT][tT][pP][sS]?://[\x21-\x7e]+"
)  # `IGNORECASE` takes six times as long


class BadToken(ValueError):
    """A text that is no token of ours, or not of a key that may still be read."""


@value
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


def is_destination(text: str) -> bool:
    """Return whether a token can hold this URL: http or https, printable ASCII, not too long."""
    return len(text) <= MAX_DESTINATION_OCTETS and _DESTINATION.fullmatch(text) is not None


# Writing form 2.


def begun(message_id: bytes, recipient: int, sent_at_s: int, *, preview: bool) -> tuple[int, bytes]:
    """Return the first octet of the tokens of one copy, undeflated, and what their payloads begin with."""
    octets = message_id + sent_at_s.to_bytes(SENT_AT_OCTETS, "big")
    first = FORM_2 | (_PREVIEW if preview else 0)
    if recipient < _LEAST_NUMBERED:
        return first | (_FIRST if recipient else 0), octets
    return first | _NUMBERED, octets + varint(recipient)


@lru_cache(maxsize=_REMEMBERED)
def packed(destination: str) -> tuple[int, bytes]:
    """Return a destination as it stands in a payload, and the bit of the first octet that says how.

    An image and its title lead to one place, and so do the copies of a mailing.
    """
    octets = destination.encode("ascii")
    deflater = _DEFLATER.copy()
    deflated = deflater.compress(octets) + deflater.flush()
    return (_DEFLATED, deflated) if len(deflated) < len(octets) else (0, octets)


SHORT_VARINTS = {number: bytes((number,)) for number in range(0x80)}
"""Those of one octet, as nearly all are."""


def varint(number: int) -> bytes:
    """Seven bits an octet, most significant first, all but the last with the high bit set."""
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(number & 0x7F | 0x80)
    return bytes(reversed(octets))


# Reading. Only a key holder can bring us here; the checks remain for keys that leaked and for faults of
# ours, which must not turn into redirects elsewhere.


def is_known(first: int) -> bool:
    """Return whether a token may begin with this octet."""
    return first == FORM_1 or (
        first & ~(_DEFLATED | _PREVIEW | _WHOSE) == FORM_2 and first & _WHOSE != _WHOSE
    )


def unpacked(first: int, payload: bytes) -> Link:
    """Return the link of a payload whose token begins with an octet that is known; raises BadToken."""
    if len(payload) < MIN_OCTETS:
        raise BadToken("too short")
    return _form_1(payload) if first == FORM_1 else _form_2(first, payload)


def _form_1(payload: bytes) -> Link:
    recipient, at = _read_varint(payload, MESSAGE_ID_OCTETS)
    number, at = _read_varint(payload, at)
    sent_at_s, at = _read_time(payload, at)
    if at == len(payload):
        raise BadToken("too short")
    flags = payload[at]
    if flags & ~(_DEFLATED | _PREVIEW):
        raise BadToken(f"unknown flags {flags:#x}")
    destination = _read_destination(payload[at + 1 :], flags, _DICTIONARY_1)
    message_id = payload[:MESSAGE_ID_OCTETS]
    return Link(message_id, recipient, number, sent_at_s, destination, bool(flags & _PREVIEW))


def _form_2(first: int, payload: bytes) -> Link:
    sent_at_s, at = _read_time(payload, MESSAGE_ID_OCTETS)
    recipient = int(first & _WHOSE == _FIRST)
    if first & _WHOSE == _NUMBERED:
        recipient, at = _read_varint(payload, at)
        if recipient < _LEAST_NUMBERED:
            raise BadToken("a recipient that needs no number")
    number, at = _read_varint(payload, at)
    destination = _read_destination(payload[at:], first, _DICTIONARY_2)
    message_id = payload[:MESSAGE_ID_OCTETS]
    return Link(message_id, recipient, number, sent_at_s, destination, bool(first & _PREVIEW))


def _read_time(payload: bytes, at: int) -> tuple[int, int]:
    end = at + SENT_AT_OCTETS
    if end > len(payload):
        raise BadToken("too short")
    return int.from_bytes(payload[at:end], "big"), end


def _read_varint(payload: bytes, start: int) -> tuple[int, int]:
    if start < len(payload) and payload[start] < 0x80:  # noqa: PLR2004 - one octet, as nearly all are
        return payload[start], start + 1
    number = 0
    for at, octet in enumerate(payload[start : start + VARINT_OCTETS], start):
        if at == start and octet == 0x80:  # noqa: PLR2004 - a leading zero: not minimal
            break
        number = number << 7 | octet & 0x7F
        if octet < 0x80:  # noqa: PLR2004 - the last octet
            return number, at + 1
    raise BadToken("not a minimal varint")


def _read_destination(octets: bytes, flags: int, dictionary: bytes) -> str:
    plain = _inflate(octets, dictionary) if flags & _DEFLATED else octets
    text = plain.decode("latin-1")
    if not is_destination(text):
        raise BadToken("not a destination")
    return text


def _inflate(octets: bytes, dictionary: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=_WINDOW_BITS, zdict=dictionary)
    try:
        # One octet more, as zlib reports the end only while it has room left.
        inflated = inflater.decompress(octets, MAX_DESTINATION_OCTETS + 1)
    except zlib.error:
        raise BadToken("not deflated") from None
    if not inflater.eof or inflater.unused_data:
        raise BadToken("deflated too long, or not to its end")
    return inflated
