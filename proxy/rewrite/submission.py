"""What goes into the work on one message, and what comes out: values, and the one way to fail.

Owns: the shape of both, and `Fault`, which says at which step the work failed.
Does not own: the work (`transformer`, `render`), what becomes of a message after a fault, or
telling logs and metrics of it (`proxy.delivery.delivery`).
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import field
from types import TracebackType
from typing import NamedTuple

from config.value_objects import value
from proxy.policy.accounts import NOBODY, Submitter
from proxy.policy.reasons import Untouched
from proxy.rewrite.diagnosis import Diagnosis
from proxy.rewrite.missing_fields import UNIQUE_OCTETS
from proxy.signing.signer import SigningError
from proxy.smtp.octets import Facts
from tracker.events import MessagePending
from tracker.tokens import new_message_id

TellPending = Callable[[MessagePending], object]
"""Hears of a copy's event right before the copy is signed. It must not raise.

The copy may fail still: the event was told for nothing then (`proxy.delivery.tracking_events`).
"""


class Fault(Exception):
    """The work on a message failed, by a fault of ours; its cause says how.

    `reason` names the step. The original is still there to be sent.
    """

    def __init__(self, reason: Untouched = Untouched.REWRITE_FAILED) -> None:
        super().__init__(reason)
        self.reason = reason


class Step:
    """A step of the work, by name: whatever fails inside is raised as Fault of that name.

    A message that cannot be signed is one of `Untouched.SIGNING_FAILED` whatever the step. It keeps
    nothing of a message, so one serves all; a generator as context manager takes four times as long.
    """

    __slots__ = ("_reason",)

    def __init__(self, reason: Untouched) -> None:
        self._reason = reason

    def __enter__(self) -> None:
        """Begin it."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Raise Fault where it failed; what is no Exception goes on as it is."""
        if isinstance(error, SigningError):
            raise Fault(Untouched.SIGNING_FAILED) from error
        if isinstance(error, Exception):
            raise Fault(self._reason) from error


PLANNING = Step(Untouched.PLAN_FAILED)
REWRITING = Step(Untouched.REWRITE_FAILED)


class CopyId(NamedTuple):
    """By what tokens and events know one recipient's copy: the message, and a number in it from 1.

    A message is its id and the second since 1970 of the first try; so a retry is the same one.
    """

    message_id: bytes
    number: int
    sent_s: int


@value
class Submission:
    """What the session knows of a message. Paths are without brackets, the null sender is empty.

    `submitter` is who hands it in. `relay_size_octets` is the relay's SIZE, None or 0 where it has
    no limit. `copy_ids` are those of each recipient's own copy, where an earlier try may have told
    of them; none: those of `message_id`, by which tokens, events and log know the message.
    """

    mail_from: bytes
    rcpt_to: tuple[bytes, ...]
    trusted: bool
    relay_8bitmime: bool = True
    relay_size_octets: int | None = None
    submitter: Submitter = NOBODY
    copy_ids: tuple[CopyId, ...] = ()
    relay: str | None = None
    """The name of the relay that gets it, of several."""
    facts: Facts | None = None
    """What was found of its octets while they came in."""
    unique: bytes = field(default_factory=lambda: os.urandom(UNIQUE_OCTETS), compare=False)
    message_id: bytes = field(default_factory=new_message_id)


@value
class Findings:
    """What was found in a message, for log and metrics.

    `links` is how many are tracked, unless the message is left alone; `skipped` counts the others
    by reason. `clipped` holds, for each part that mail programs clip by our doing, its octets
    before and after. `odd_headers` have a value that no one defined. `diagnosis` is what in the
    message is behind the reason for leaving it alone.
    """

    links: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    clipped: tuple[tuple[int, int], ...] = ()
    odd_headers: tuple[str, ...] = ()
    diagnosis: Diagnosis | None = None


@value
class Outgoing:
    """What the relay gets, and the event that tells of its tracked links, if it has any.

    `untouched` is why nothing was changed, or None. `findings` is None where nothing was looked at.
    `refused`: it must not go out, as all mail of its sender is signed, and this may not be.
    """

    content: bytes
    pending: MessagePending | None
    untouched: Untouched | None = None
    findings: Findings | None = None
    refused: bool = False
