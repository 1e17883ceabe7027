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

_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


def clean_text(text: str) -> str:
    """Make a name out of what people wrote: encoded words decoded (RFC 2047), one short line.

    Never raises.
    """
    return _CONTROLS.sub(" ", decode_words(text[:MAX_ENCODED])).strip()[:MAX_NAME]


def decode_words(text: str) -> str:
    """Decode the encoded words of a header's text (RFC 2047), if they can be. Never raises."""
    if "=?" in text and len(text) <= MAX_WORDS:
        with contextlib.suppress(email.errors.MessageError, ValueError, LookupError):
            return str(email.header.make_header(email.header.decode_header(text)))
    return text
