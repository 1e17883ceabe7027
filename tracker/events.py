"""The events that proxy and tracker append to their spools, and their form on disk.

Owns: what is told of a message and of a click, as frozen values, and their JSON.
Does not own: files (`spool`), tables (`store`), or what counts as a human (`clicks`).
"""

import json
from dataclasses import asdict, dataclass
from typing import Any


class BadEvent(ValueError):
    """A spool record that no known version of Waypost wrote."""


@dataclass(frozen=True, slots=True)
class SentLink:
    """A tracked link of a message: its number there, destination, report group and text."""

    number: int
    url: str
    group: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """One addressee. `number` is 1-based; 0 stands for a copy shared by several."""

    number: int
    address: str
    person: str | None = None


@dataclass(frozen=True, slots=True)
class MessagePending:
    """A message with tracked links, about to be committed to the relay.

    `recipients` are those whom the relay accepted; with `shared` they all got the same copy,
    whose tokens carry recipient number 0.
    """

    message_id: str
    at_s: float
    sender_domain: str
    campaign: str | None
    shared: bool
    recipients: tuple[Recipient, ...]
    links: tuple[SentLink, ...]


@dataclass(frozen=True, slots=True)
class MessageAccepted:
    """The relay said 250 to `message_id` (hexadecimal) for these recipient numbers."""

    message_id: str
    at_s: float
    recipients: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Clicked:
    """A link was requested. `event_id` makes feeding the store idempotent.

    `recipient` is 0 for a shared token. `ip` has already been made private. `reasons` name the
    rules that made it a machine's; none when `human`.
    """

    event_id: str
    at_s: float
    message_id: str
    recipient: int
    link: int
    sent_at_s: int
    destination: str
    method: str
    human: bool
    reasons: tuple[str, ...]
    ip: str | None
    user_agent: str


Event = MessagePending | MessageAccepted | Clicked

_KINDS: dict[str, type[Event]] = {
    "pending": MessagePending,
    "accepted": MessageAccepted,
    "clicked": Clicked,
}
_NAMES = {cls: name for name, cls in _KINDS.items()}


def encode(event: Event) -> bytes:
    """One line of JSON, without its newline."""
    record = {"kind": _NAMES[type(event)], **asdict(event)}
    return json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def decode(line: bytes) -> Event:
    """Read back what `encode` wrote; raises BadEvent for anything else."""
    try:
        record: dict[str, Any] = json.loads(line)
        kind = _KINDS[record.pop("kind")]
        return kind(**_tuples(record))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadEvent(f"not an event: {line[:80]!r}") from error


def _tuples(record: dict[str, Any]) -> dict[str, Any]:
    nested = {"links": SentLink, "recipients": Recipient}
    return {
        key: tuple(nested[key](**item) if isinstance(item, dict) else item for item in value)
        if isinstance(value, list)
        else value
        for key, value in record.items()
    }
