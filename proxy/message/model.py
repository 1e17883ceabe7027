"""A message and its body parts as values: where each stands, what it is, why to leave it alone.

Owns: `Message`, `Part` and the reasons in `Skip`.
Does not own: finding them (`parser`), transfer encodings (`bodies`), or which message or link
to track (`policy`).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from config.value_objects import value
from proxy.message.fields import Header, HeaderBlock
from proxy.message.mime import TransferEncoding
from proxy.smtp.octets import Facts, Octets


class Skip(StrEnum):
    """Why a part may not be touched, outermost reason first."""

    MALFORMED = "malformed"
    """Mail clients would not agree on where the part is or what it is."""
    LIMIT = "limit"
    """The message has more structure than `limits` allows."""
    SIGNED = "signed"
    """Inside multipart/signed."""
    ENCRYPTED = "encrypted"
    """Inside multipart/encrypted."""
    REPORT = "report"
    """Inside multipart/report."""
    NESTED_MESSAGE = "nested_message"
    """Inside a message/* part."""
    ATTACHMENT = "attachment"
    """A file: disposition attachment or unknown, or a file name."""
    ENCODING = "encoding"
    """The transfer encoding is unknown or contradictory."""
    CHECKSUM = "checksum"
    """A Content-MD5 field covers its octets."""


class Part(NamedTuple):
    """One leaf of a message; offsets into `Message.raw`, half open.

    `path` counts as IMAP does ("1.2"). `content_type` and names in `params` are lower case.
    `charset` is the label as written. `encoding` is None when it is not understood.
    """

    path: str
    header: HeaderBlock
    content_type: str
    params: Mapping[str, str]
    encoding: TransferEncoding | None
    body_start: int
    body_end: int
    skip: Skip | None

    @property
    def headers(self) -> tuple[Header, ...]:
        """The fields of its header, in order."""
        return self.header.fields

    @property
    def charset(self) -> str | None:
        """The declared charset, without quotes; None when there is none."""
        return self.params.get("charset", "").strip("' ") or None


@value
class Message:
    """What `message.parse` found. `skip` is a reason that holds for the whole message, or None.

    `content_type` is that of the message itself; `parts` are all leaves, depth first, also those
    inside nested messages. `octets` are `raw` with what is known of them as a whole.
    """

    raw: bytes
    header: HeaderBlock
    content_type: str
    parts: tuple[Part, ...]
    skip: Skip | None
    octets: Octets

    @property
    def names(self) -> frozenset[bytes]:
        """The names of the fields of its header, in lower case."""
        return self.header.names.known

    @property
    def facts(self) -> Facts:
        """What is true of its octets as a whole."""
        return self.octets.facts

    @property
    def headers(self) -> tuple[Header, ...]:
        """The fields of its header, in order."""
        return self.header.fields

    @property
    def body_start(self) -> int:
        """Where its body begins."""
        return self.header.body_start

    def values(self, name: bytes) -> list[bytes]:
        """Return the unfolded, trimmed values of every header field of that name, in order."""
        return self.header.values(name.lower())
