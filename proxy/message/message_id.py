"""The Message-ID of a message that need not be parsed for anything else.

Owns: finding its field in the header (RFC 5322 §3.6.4).
Does not own: all fields of a message (`fields`), or what a Message-ID is good for
(`proxy.delivery.duplicates`, `proxy.delivery.outcomes`).
"""

import re

HEADER_OCTETS = 256 * 1024
"""How far it is looked for, in a header that does not end: some 2 ms."""

_FIELD = re.compile(rb"(?:\A|\n)message-id[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE)
_LONGEST_OCTETS = 998
"""RFC 5322 §2.1.1; what is longer is cut."""


def message_id(content: bytes) -> str | None:
    """Return the value of the first Message-ID field, "" where it is empty; None without one."""
    header = content[:HEADER_OCTETS].partition(b"\r\n\r\n")[0]
    found = _FIELD.search(header)
    if found is None:
        return None
    value = b"".join(found[1].split())
    return value[:_LONGEST_OCTETS].decode("utf-8", "backslashreplace")
