"""The table of nodes: who shares this database, and what each says of itself.

Owns: taking a name, saying that we are there, and giving up a node that is lost.
Does not own: what a machine says of itself (`vital_signs`), or what is wrong among nodes (`findings`).
"""

import json
import time
from dataclasses import asdict, dataclass
from typing import Any

from tracker.sql.db import Db

_TAKE = """
    INSERT INTO nodes (name, key, made_at_s) VALUES (:name, :key, extract(epoch FROM clock_timestamp()))
    ON CONFLICT (name) DO UPDATE SET key = nodes.key RETURNING key, seen_at_s
"""
_SAY = """
    UPDATE nodes SET seen_at_s = extract(epoch FROM clock_timestamp()), about = :about
    WHERE name = :name AND key = :key
"""
_ALL = """
    SELECT name, extract(epoch FROM clock_timestamp()) - seen_at_s, about FROM nodes ORDER BY name
"""


class NameTaken(Exception):
    """Another machine has the name of this one; the text says what to do."""


@dataclass(frozen=True, slots=True)
class VitalSigns:
    """What a node says of itself every few seconds.

    `clock_s` is how far its clock is ahead of the database's. `heard` is the last line of the shared log
    that it has. `keys` are fingerprints of its token keys, `mints` that of the one that makes new links;
    None: it has read none.
    """

    version: str
    roles: tuple[str, ...]
    backlog_octets: int
    heard: int
    clock_s: float
    keys: tuple[str, ...] = ()
    mints: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A node, and what it said when it was last seen. `silent_s`: None, it never said anything."""

    name: str
    silent_s: float | None
    said: VitalSigns | None


def take_name(db: Db, name: str, key: str) -> None:
    """Have a name for good, or again; raises NameTaken and ServerError."""
    theirs, seen_at_s = db.execute(_TAKE, {"name": name, "key": key}).fetchone()
    if theirs != key:
        seen = "" if seen_at_s is None else f", last seen {_moment(seen_at_s)}"
        raise NameTaken(
            f"another machine is the node {name}{seen}. If this one is a copy of it, delete node.key here, and give it"
            f" another name ([store] node); if that one is gone for good: waypost nodes forget {name}"
        )


def say(db: Db, name: str, key: str, signs: VitalSigns) -> bool:
    """Record that we are there; False where our row is gone, or another's. Raises ServerError."""
    about = {"name": name, "key": key, "about": json.dumps(asdict(signs))}
    return db.execute(_SAY, about).rowcount == 1


def clock_distance_s(db: Db) -> float:
    """Return how many seconds our clock is ahead of the database's. Raises ServerError."""
    before_s = time.time()
    (theirs_s,) = db.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()
    return (before_s + time.time()) / 2 - float(theirs_s)


def listing(db: Db) -> list[Node]:
    """Return all nodes, by name. Raises ServerError."""
    return [
        Node(name, None if silent_s is None else max(0.0, float(silent_s)), _signs(about))
        for name, silent_s, about in db.execute(_ALL)
    ]


def forget(db: Db, name: str) -> bool:
    """Drop a node, and what was left for it to do; False where there is none. Raises ServerError."""
    with db.atomic():
        db.execute("DELETE FROM tasks WHERE node = :name", {"name": name})
        return db.execute("DELETE FROM nodes WHERE name = :name", {"name": name}).rowcount == 1


def _signs(about: str | None) -> VitalSigns | None:
    """Return what a node said, as far as this version knows it."""
    if about is None:
        return None
    said: dict[str, Any] = json.loads(about)
    known = {name: said[name] for name in VitalSigns.__slots__ if name in said}
    for name in ("roles", "keys"):
        known[name] = tuple(known.get(name, ()))
    return VitalSigns(**known)


def _moment(at_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at_s))
