"""The signatures that a message brought along: whose they are, and which a change would break.

Owns: reading DKIM-Signature fields as far as that takes (RFC 6376 §3.5), without verifying
anything.
Does not own: what is done about them: a signature of a domain that we hold a key for is removed and
made anew (`proxy.rewrite.header_edits`), one of any other domain makes us leave the whole message
as it is (`proxy.rewrite.eligibility`).
"""

from dataclasses import dataclass

from proxy.message.fields import Header
from proxy.message.model import Message


@dataclass(frozen=True, slots=True)
class ExistingSignature:
    """A signature in the header of a message; it may or may not verify.

    `start` and `end` are the half-open raw span of its field, line end included, so that an Edit
    of that span to nothing removes it.
    """

    domain: str
    """d=, in lower case; empty where it cannot be read."""
    signed: tuple[bytes, ...]
    """h=: names of the fields it covers, in lower case."""
    body_limit_octets: int | None
    """l=: how much of the canonical body it covers; None means all of it."""
    start: int
    end: int

    @property
    def covers_body(self) -> bool:
        """Whether a change of the body may break it.

        Even with l= it may: the limit counts octets after canonicalisation, and a change before
        it is the rule. Only l=0 leaves the body out.
        """
        return self.body_limit_octets != 0


def existing_signatures(message: Message) -> tuple[ExistingSignature, ...]:
    """Return the signatures that a message carries, in order; never raises.

    A message whose header block is malformed gives those up to the malformed line.
    """
    block = message.header
    if block.start > 0:
        return ()
    found = [header for header in block.fields if header.name.lower() == b"dkim-signature"]
    return tuple([_read(message.raw, header) for header in found])


def _read(raw: bytes, field: Header) -> ExistingSignature:
    tags = _tags(raw[field.value_start : field.end])
    limit = tags.get(b"l", b"")
    return ExistingSignature(
        domain=tags.get(b"d", b"").decode("ascii", "replace").lower(),
        signed=tuple(name.lower() for name in tags.get(b"h", b"").split(b":") if name),
        body_limit_octets=int(limit) if limit.isdigit() and len(limit) <= 76 else None,  # noqa: PLR2004 - RFC 6376 §3.5
        start=field.start,
        end=field.end,
    )


def _tags(value: bytes) -> dict[bytes, bytes]:
    """Read a tag list (RFC 6376 §3.2); white space, which none of these values may hold, goes."""
    pairs = (part.partition(b"=") for part in value.translate(None, b" \t\r\n").split(b";"))
    return {name: text for name, _, text in pairs}
