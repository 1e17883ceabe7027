"""Header fields by which people know a message, of one that need not be parsed for anything else.

Owns: finding Message-ID and Subject in the header (RFC 5322 §3.6.4, §3.6.5).
Does not own: all fields of a message (`fields`), or what these two are good for
(`proxy.delivery.duplicates`, `proxy.delivery.outcomes`, `proxy.delivery.details`).
"""

import re

from proxy.message.encoded_words import clean_text

HEADER_OCTETS = 256 * 1024
"""How far a field is looked for, in a header that does not end: some 2 ms."""

_LONGEST_OCTETS = 998
"""RFC 5322 §2.1.1; what is longer is cut."""


def _field(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?:\A|\n)" + name + rb"[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE)


_MESSAGE_ID = _field(b"message-id")
_SUBJECT = _field(b"subject")


def message_id(content: bytes) -> str | None:
    """Return the value of the first Message-ID field, "" where it is empty; None without one."""
    found = _MESSAGE_ID.search(_header(content))
    if found is None:
        return None
    value = b"".join(found[1].split())
    return value[:_LONGEST_OCTETS].decode("utf-8", "backslashreplace")


def subject(content: bytes) -> str:
    """Return the first Subject as people read it, on one line of a name's length; "" without one."""
    found = _SUBJECT.search(_header(content))
    if found is None:
        return ""
    return clean_text(found[1].replace(b"\r\n", b"").decode("utf-8", "replace"))


def _header(content: bytes) -> bytes:
    return content[:HEADER_OCTETS].partition(b"\r\n\r\n")[0]
