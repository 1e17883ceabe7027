"""What the MIME fields of one entity, a message or a body part, say of it as a whole.

Owns: gathering these fields, and what follows from them: whether an entity, or all inside it, may be
touched; how many steps of work its header counts for.
Does not own: reading a field's value (`mime`), or where entities stand (`parser`, `usual_structure`).
"""

from typing import NamedTuple, Self

from proxy.message import mime
from proxy.message.fields import HeaderBlock
from proxy.message.mime import Structured, TransferEncoding
from proxy.message.model import Skip

MULTIPART_SKIPS = {
    "multipart/signed": Skip.SIGNED,
    "multipart/encrypted": Skip.ENCRYPTED,
    "multipart/report": Skip.REPORT,
    "multipart/appledouble": Skip.ATTACHMENT,
}
"""Why nothing inside a multipart of such a type is touched."""

_STEPS = 12
_HEADER_OCTETS_A_STEP = 2
"""So long may encoded words, comments and parameters take. A few kilobytes of header are usual."""


def header_steps(octets: int) -> int:
    """Return how many steps an entity is whose header has so many octets (`work_budget`)."""
    return _STEPS + octets // _HEADER_OCTETS_A_STEP


class EntityFacts(NamedTuple):
    """What the MIME fields of one entity say."""

    kind: Structured
    encoding: TransferEncoding | None
    attachment: bool
    inline: bool
    checksum: bool

    @classmethod
    def read(cls, block: HeaderBlock, default_type: str = "text/plain") -> Self:
        """Read them in a header; an entity without a type is one of `default_type`."""
        values, names = block.values, block.names.known
        kind = mime.content_type(values(b"content-type"), default_type)
        dispositions = values(b"content-disposition")
        return cls(
            kind,
            mime.transfer_encoding(values(b"content-transfer-encoding")),
            mime.is_attachment(dispositions, kind),
            mime.is_inline(dispositions),
            b"content-md5" in names,
        )

    @property
    def is_plain(self) -> bool:
        """Whether the octets of the entity stand as they are."""
        return self.encoding is not None and self.encoding.is_identity

    def doubt(self) -> Skip | None:
        """Return why nothing in this entity may be touched, leaf or not."""
        if self.kind.doubtful:
            return Skip.MALFORMED
        if not self.kind.value.startswith("multipart/"):
            return None
        if self.encoding is None:
            return Skip.MALFORMED
        return Skip.ATTACHMENT if self.attachment else None

    def own_skip(self, *, whole: bool) -> Skip | None:
        """Return why this entity, as a leaf, may not be touched.

        `whole`: it is all of a message, and so no file where it says that it is inline.
        """
        if self.kind.value.startswith("message/"):
            return Skip.NESTED_MESSAGE
        if self.attachment and not (whole and self.inline):
            return Skip.ATTACHMENT
        if self.encoding is None:
            return Skip.ENCODING
        return Skip.CHECKSUM if self.checksum else None
