"""Encoded words of header fields (RFC 2047), read as text.

Owns: how much of a header is looked at, and names made of what people wrote.
Does not own: where header fields stand (`fields`), or what a value means (`proxy.policy.headers`).
"""

import contextlib
import email.header
import re

from tracker.events import MAX_NAME

MAX_WORDS = 100_000
"""Characters of a header that may be looked through for encoded words."""

MAX_ENCODED = 2_000
"""Characters that are looked at; encoded words take up to twelve for one."""

_NO_CHARACTER = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which UTF-7 and other charsets of encoded words may decode to."""

_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


def clean_text(text: str) -> str:
    """Return a name made of what people wrote: encoded words decoded (RFC 2047), one short line.

    It can be encoded, in a URL for example: what is no character becomes U+FFFD. Never raises.
    """
    return clean_line(text)[:MAX_NAME]


def clean_line(text: str) -> str:
    """Return what `clean_text` returns before it is cut to the length of a name."""
    words = decode_words(text[:MAX_ENCODED])
    if words.isascii() and words.isprintable() and "  " not in words:  # as most are
        return words.strip()
    return _CONTROLS.sub(" ", _NO_CHARACTER.sub("\ufffd", words)).strip()


def decode_words(text: str) -> str:
    """Return a header's text with its encoded words (RFC 2047) decoded, if they can be. Never raises."""
    if "=?" in text and len(text) <= MAX_WORDS:
        with contextlib.suppress(email.errors.MessageError, ValueError, LookupError):
            return str(email.header.make_header(email.header.decode_header(text)))
    return text
