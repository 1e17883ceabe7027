"""What goes into the work on one message, and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass

from config.telemetry.observe import CLIPPED_MESSAGES, LINKS, PLANNED_MESSAGES
from proxy.policy.reasons import Untouched
from tracker.events import MessagePending


class SigningRefused(Exception):
    """With `sign = "always"`: the message could not be signed, and must not go out unsigned."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What the session knows of a message. Paths are without brackets, the null sender is empty.

    `relay_size_octets` is the relay's SIZE, None or 0 where it has no limit.
    """

    mail_from: bytes
    rcpt_to: tuple[bytes, ...]
    trusted: bool
    relay_8bitmime: bool = True
    relay_size_octets: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What metrics are told of a copy: its outcome, its links by decision, parts that are clipped.

    A value, as a copy may be made in another process than the one whose metrics are shown.
    """

    outcome: str
    links: Mapping[str, int]
    clipped: int = 0

    def add(self) -> None:
        """Count them in this process."""
        PLANNED_MESSAGES.labels(self.outcome).inc()
        CLIPPED_MESSAGES.inc(self.clipped)
        for decision, links in self.links.items():
            LINKS.labels(decision).inc(links)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the relay gets, and the event that tells of its tracked links, if it has any."""

    content: bytes
    pending: MessagePending | None
    untouched: Untouched | None = None
    counts: Counts | None = None
