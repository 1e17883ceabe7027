"""What an operator decided about links after they were sent: withdrawn ones, repaired ones.

Owns: the decisions that a file beside the store keeps, and what they make of a link.
Does not own: that file's form (`ledger`), the answer to a reader (`redirector`), noticing that the
file changed (`watch`).

The file holds one decision a line, as JSON, and is only ever appended to: it is its own audit log.
What counts is the sum of its lines from top to bottom. A damaged line is passed over and counted,
so that neither a torn write nor an editor's slip revives what was withdrawn. The file does not
depend on the database (P8); where there is none, nothing is withdrawn.
"""

import os
import pwd
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from config import observe
from tracker import ledger
from tracker.hosts import host
from tracker.tokens import Link, is_destination

Action = Literal["revoke", "redirect", "restore"]
Kind = Literal["message", "campaign", "host", "destination"]
MAX_HOPS = 10
"""Repairs of repairs that are followed for one link."""

MESSAGE_ID = re.compile(r"[0-9a-f]{16}\Z")
MessageId = Annotated[str, Field(pattern=MESSAGE_ID)]


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of the file: what was decided about what, when and by whom.

    `value` is a message id (hexadecimal), a campaign, a host, or a destination; `to` the new
    destination of a "redirect". A campaign names the `messages` that it had then.
    """

    at: str
    by: str
    action: Action
    kind: Kind
    value: str
    to: str = ""
    messages: tuple[MessageId, ...] = ()


_ADAPTER = TypeAdapter(Decision)


@dataclass(slots=True)
class Overrides:
    """The sum of all decisions. `damaged` counts the lines that could not be read."""

    messages: set[str] = field(default_factory=set)
    campaigns: dict[str, frozenset[str]] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)
    destinations: dict[str, str] = field(default_factory=dict)
    damaged: int = 0

    def destination(self, link: Link) -> str | None:
        """Give where `link` leads now; None where it was withdrawn."""
        message = link.message_id.hex()
        if message in self.messages or any(message in each for each in self.campaigns.values()):
            return None
        destination = self.repaired(link.destination)
        if self.hosts and not self.hosts.isdisjoint(_domains(host(destination))):
            return None
        return destination

    def repaired(self, destination: str) -> str:
        """Follow repairs, and repairs of repairs."""
        for _ in range(MAX_HOPS):
            if (better := self.destinations.get(destination)) is None:
                break
            destination = better
        return destination

    def apply(self, made: Decision) -> None:
        """Add one decision. A campaign revoked again has the messages of both times."""
        value = made.value
        match made.kind, made.action:
            case "message", "restore":
                self.messages.discard(value)
            case "message", _:
                self.messages.add(value)
            case "campaign", "restore":
                self.campaigns.pop(value, None)
            case "campaign", _:
                known = self.campaigns.get(value, frozenset())
                self.campaigns[value] = known.union(made.messages)
            case "host", "restore":
                self.hosts.discard(value)
            case "host", _:
                self.hosts.add(value)
            case "destination", "restore":
                self.destinations.pop(value, None)
            case "destination", _:
                self.destinations[value] = made.to


def _domains(name: str) -> Iterator[str]:
    """Give a host and all domains above it."""
    while name:
        yield name
        name = name.partition(".")[2]


def file_of(store: Path) -> Path:
    """Give the file that keeps the decisions of the store at `store`."""
    return store.with_name(f"{store.name}.overrides")


def load(path: Path) -> Overrides:
    """Read all decisions, none where there is no file; raises OSError."""
    overrides = Overrides()
    for made in decisions(path):
        if made is None:
            overrides.damaged += 1
        else:
            overrides.apply(made)
    observe.OVERRIDES_DAMAGED.set(overrides.damaged)
    if overrides.damaged:
        observe.log(observe.OVERRIDES_UNREADABLE, path=str(path), lines=overrides.damaged)
    return overrides


def decisions(path: Path) -> Iterator[Decision | None]:
    """Read the file line by line; None stands for a damaged line. Raises OSError."""
    for made in ledger.read(path, _ADAPTER):
        yield made if made is not None and _makes_sense(made) else None


def _makes_sense(made: Decision) -> bool:
    """Whether it can be carried out; somebody may have written the line by hand."""
    if made.kind == "destination":
        return made.action == "restore" or (
            made.action == "redirect" and is_destination(made.value) and is_destination(made.to)
        )
    if made.kind == "message" and not MESSAGE_ID.fullmatch(made.value):
        return False
    return made.action != "redirect"


def decision(
    action: Action, kind: Kind, value: str, *, to: str = "", messages: Iterable[str] = ()
) -> Decision:
    """Give the decision that is made now, by the user of this process."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return Decision(at, _user(), action, kind, value, to, tuple(messages))


def _user() -> str:
    """Give the user as the system knows it, not as the environment says."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # in a container, whose user may have no name
        return f"uid {os.getuid()}"


def append(path: Path, made: Decision) -> None:
    """Write a decision down durably; raises OSError."""
    ledger.append(path, _ADAPTER, made)
