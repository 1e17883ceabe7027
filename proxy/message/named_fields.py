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

_NAME = re.compile(rb"\n(message-id|subject)(?=[ \t]*:)")
"""Of a header in lower case: a pattern that ignores case is tried at each octet, and there is a signature before them."""

_VALUE = re.compile(rb"[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)")
"""What follows a field's name, folded lines included."""


class NamedFields:
    """Those fields of one message."""

    __slots__ = ("_header", "_values_at", "message_id")

    def __init__(self, content: bytes) -> None:
        end = content.find(b"\r\n\r\n", 0, HEADER_OCTETS)
        self._header = b"\n" + content[: HEADER_OCTETS if end < 0 else end]
        self._values_at: dict[bytes, int] = {}
        for name in _NAME.finditer(self._header.lower()):
            self._values_at.setdefault(name[1], name.end())
            if len(self._values_at) == 2:  # noqa: PLR2004 - both
                break
        self.message_id = self._message_id()
        """The value of the first Message-ID field, "" where it is empty; None without one."""

    def _message_id(self) -> str | None:
        value = self._first(b"message-id")
        if value is None:
            return None
        return b"".join(value.split())[:_LONGEST_OCTETS].decode("utf-8", "backslashreplace")

    @property
    def subject(self) -> str:
        """The first Subject as people read it, on one line of a name's length; "" without one."""
        value = self._first(b"subject")
        if value is None:
            return ""
        return clean_text(value.replace(b"\r\n", b"").decode("utf-8", "replace"))

    def _first(self, name: bytes) -> bytes | None:
        """Return the value of the first field of this name; None without one."""
        at = self._values_at.get(name)
        found = None if at is None else _VALUE.match(self._header, at)
        return None if found is None else found[1]
