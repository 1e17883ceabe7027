"""The Date and the Message-ID of a message that came without (RFC 6409 §8.2, §8.3).

Owns: their values, and where they are inserted: at the top of the header.
Does not own: whether a message gets them at all (`render`: only one that we change or sign anyway),
or what else changes in a header (`header_edits`).
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from proxy.message.editing import Edit, Message

NAMES = frozenset({b"date", b"message-id"})
"""In lower case."""
UNIQUE_OCTETS = 16
"""Random octets of a Message-ID."""

_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class MissingFields:
    """What a message gets if it lacks it; the same for all copies of one submission.

    `unique` are random octets of this submission; `host` stands at the right of the Message-ID.
    """

    now_s: float
    unique: bytes
    host: str

    def edits(self, message: Message, covered: Container[bytes]) -> list[Edit]:
        """Return the edit that adds them; not those that are there, or that a signature covers."""
        added = [
            b"%b: %b\r\n" % (name, value())
            for name, value in ((b"Message-ID", self._message_id), (b"Date", self._date))
            if name.lower() not in message.names and name.lower() not in covered
        ]
        top = message.header.start
        return [Edit(top, top, b"".join(added))] if added and message.names else []

    def _message_id(self) -> bytes:
        at = datetime.fromtimestamp(self.now_s, UTC)
        return f"<{at:%Y%m%d%H%M%S}.{self.unique.hex()}@{self.host}>".encode("ascii")

    def _date(self) -> bytes:
        return format_datetime(datetime.fromtimestamp(self.now_s, UTC)).encode("ascii")


def host_for(*names: str | None) -> str:
    """Return the first of these that is a host name as RFC 5322 §3.6.4 has it, in lower case."""
    lower = (name.lower() for name in names if name)
    return next((name for name in lower if _HOST.fullmatch(name)), "localhost")
