"""What the nodes that share a database said of themselves last.

Owns: what a node says, and reading it.
Does not own: names that are taken, and saying it (`tracker.nodes.registry`), the table (`node_tables`), or
what is wrong among nodes (`tracker.nodes.findings`).
"""

import json
from dataclasses import dataclass
from typing import Any

from tracker.sql.db import Db

_ALL = """
    SELECT name, extract(epoch FROM clock_timestamp()) - seen_at_s, about FROM nodes ORDER BY name
"""


@dataclass(frozen=True, slots=True)
class VitalSigns:
    """What a node says of itself every few seconds.

    `clock_s` is how far its clock is ahead of the database's. `heard` is the last line of the shared log
    that it has. `keys` are fingerprints of its token keys, `mints` that of the one that makes new links;
    None: it has read none. `unreadable` is how many segments of its spool it cannot read.
    """

    version: str
    roles: tuple[str, ...]
    backlog_octets: int
    heard: int
    clock_s: float
    keys: tuple[str, ...] = ()
    mints: str | None = None
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """A node, and what it said when it was last seen. `silent_s`: None, it never said anything."""

    name: str
    silent_s: float | None
    said: VitalSigns | None


def listing(db: Db) -> list[Node]:
    """Return all nodes, by name. Raises ServerError."""
    return [
        Node(name, None if silent_s is None else max(0.0, float(silent_s)), _signs(about))
        for name, silent_s, about in db.execute(_ALL)
    ]


def _signs(about: str | None) -> VitalSigns | None:
    """Return what a node said, as far as this version knows it."""
    if about is None:
        return None
    said: dict[str, Any] = json.loads(about)
    known = {name: said[name] for name in VitalSigns.__slots__ if name in said}
    for name in ("roles", "keys"):
        known[name] = tuple(known.get(name, ()))
    return VitalSigns(**known)
