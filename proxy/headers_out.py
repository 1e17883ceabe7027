"""What changes in the header block of a message on its way out.

Owns: taking away the headers that were meant for us and the signatures that we break, and telling
the sending service not to track again; all as edits of the raw message.
Does not own: which headers those are (`policy`), signing anew (`signing`).
"""

from collections.abc import Sequence

from proxy.message import Edit, Message
from proxy.policy.headers import own_headers
from proxy.policy.providers import OFF_HEADERS
from proxy.signing import Standing, standing


def header_edits(message: Message, provider: str | None, *, body_changes: bool) -> list[Edit]:
    """Give the edits for a message whose body changes, or does not."""
    signatures = standing(message.raw) if message.values(b"dkim-signature") else ()
    broken = [each for each in signatures if body_changes and each.breaks(body_changed=True)]
    left = [each for each in signatures if each not in broken]
    edits = [Edit(each.start, each.end, b"") for each in broken]
    edits += _own(message, left)
    if body_changes and provider:
        edits += _provider(message, provider, left)
    return edits


def _own(message: Message, left: Sequence[Standing]) -> list[Edit]:
    """Take away our own headers, but for those that a signature left standing covers."""
    return [
        Edit(start, end, b"")
        for start, end, name in own_headers(message)
        if not _is_covered(name, left)
    ]


def _provider(message: Message, provider: str, left: Sequence[Standing]) -> list[Edit]:
    """Put the service's off switch in the place of any that is there."""
    if provider not in OFF_HEADERS:
        return []
    name, value_for = OFF_HEADERS[provider]
    key = name.lower().encode("ascii")
    value = value_for([value.decode("utf-8", "replace") for value in message.values(key)])
    if value is None or _is_covered(key, left):
        return []
    present = [header for header in message.headers if header.name.lower() == key]
    top = message.headers[0].start
    return [
        Edit(top, top, f"{name}: {value}\r\n".encode("ascii")),
        *(Edit(header.start, header.end, b"") for header in present),
    ]


def _is_covered(name: bytes, left: Sequence[Standing]) -> bool:
    return any(each.covers(name) for each in left)
