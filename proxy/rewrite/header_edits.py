"""What changes in the header block of a message on its way out.

Owns: taking away the headers that were meant for us and the signatures that we break, and telling
the sending service not to track again; all as edits of the raw message.
Does not own: which headers those are (`policy`), the fields that are added where they are missing
(`missing_fields`), signing anew (`proxy.signing.signer`).
"""

from collections.abc import Container

from proxy.message.editing import Edit, Message
from proxy.policy.headers import own_headers
from proxy.policy.providers import OFF_HEADERS
from proxy.rewrite.missing_fields import MissingFields
from proxy.signing.existing_signatures import existing_signatures


def header_edits(
    message: Message,
    provider: str | None,
    *,
    body_changes: bool,
    missing: MissingFields | None = None,
) -> list[Edit]:
    """Return the edits for a message whose body changes, or does not; `missing` is what it may get."""
    signatures = existing_signatures(message) if message.values(b"dkim-signature") else ()
    edits: list[Edit] = []
    covered: set[bytes] = set()
    for each in signatures:
        if body_changes and each.covers_body:
            edits.append(Edit(each.start, each.end, b""))
        else:
            covered.update(each.signed)
    if missing is not None:
        edits += missing.edits(message, covered)
    edits += _own(message, covered)
    if body_changes and provider:
        edits += _provider(message, provider, covered)
    return edits


def _own(message: Message, covered: Container[bytes]) -> list[Edit]:
    """Take away our own headers, but for those that a signature left standing covers."""
    return [
        Edit(start, end, b"") for start, end, name in own_headers(message) if name not in covered
    ]


def _provider(message: Message, provider: str, covered: Container[bytes]) -> list[Edit]:
    """Put the service's off switch in the place of any that is there."""
    if provider not in OFF_HEADERS:
        return []
    name, value_for = OFF_HEADERS[provider]
    key = name.lower().encode("ascii")
    value = value_for([value.decode("utf-8", "replace") for value in message.values(key)])
    if value is None or key in covered:
        return []
    present = [header for header in message.headers if header.name.lower() == key]
    top = message.headers[0].start
    return [
        Edit(top, top, f"{name}: {value}\r\n".encode("ascii")),
        *(Edit(header.start, header.end, b"") for header in present),
    ]
