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

_FIELD = re.compile(
    rb"\n([Mm][Ee][Ss][Ss][Aa][Gg][Ee]-[Ii][Dd]|[Ss][Uu][Bb][Jj][Ee][Cc][Tt])"
    rb"[ \t]*:(.*+(?:\n[ \t].*+)*+)"
)
"""A field with its folded lines. A pattern that ignores case would be tried at each octet, and there is a
signature before them."""


class NamedFields:
    """Those fields of one message."""

    __slots__ = ("_values", "message_id")

    def __init__(self, content: bytes) -> None:
        end = content.find(b"\r\n\r\n", 0, HEADER_OCTETS)
        header = b"\n" + content[: HEADER_OCTETS if end < 0 else end]
        self._values: dict[bytes, bytes] = {}
        for field in _FIELD.finditer(header):
            self._values.setdefault(field[1].lower(), field[2])
            if len(self._values) == 2:  # noqa: PLR2004 - both
                break
        self.message_id = self._message_id()
        """The value of the first Message-ID field, "" where it is empty; None without one."""

    def _message_id(self) -> str | None:
        value = self._values.get(b"message-id")
        if value is None:
            return None
        return b"".join(value.split())[:_LONGEST_OCTETS].decode("utf-8", "backslashreplace")

    @property
    def subject(self) -> str:
        """The first Subject as people read it, on one line of a name's length; "" without one."""
        value = self._values.get(b"subject")
        if value is None:
            return ""
        line = value.removesuffix(b"\r").replace(b"\r\n", b"")
        return clean_text(line.decode("utf-8", "replace"))
