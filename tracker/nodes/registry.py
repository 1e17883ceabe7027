"""The table of nodes: who shares this database, and what each says of itself.

Owns: taking a name, saying that we are there, and giving up a node that is lost.
Does not own: what a machine says of itself (`vital_signs`), reading what all said
(`tracker.store.server.nodes`), or what is wrong among nodes (`findings`).
"""

import json
import time
from dataclasses import asdict

from tracker.sql.db import Db
from tracker.store.server.nodes import VitalSigns

_TAKE = """
    INSERT INTO nodes (name, key, made_at_s) VALUES (:name, :key, extract(epoch FROM clock_timestamp()))
    ON CONFLICT (name) DO UPDATE SET key = nodes.key RETURNING key, seen_at_s
"""
_HOLDER = "SELECT key, seen_at_s FROM nodes WHERE name = :name"
_SAY = """
    UPDATE nodes SET seen_at_s = extract(epoch FROM clock_timestamp()), about = :about
    WHERE name = :name AND key = :key
"""


class NameTaken(Exception):
    """Another machine has the name of this one; the text says also what to do, `what` does not."""

    def __init__(self, name: str, seen_at_s: float | None) -> None:
        seen = "" if seen_at_s is None else f", last seen {_moment(seen_at_s)}"
        self.what = f"another machine is the node {name}{seen}"
        super().__init__(
            f"{self.what}. If this one is a copy of it, delete node.key here, and give it another name ([store] node);"
            f" if that one is gone for good: waypost nodes forget {name}"
        )


def take_name(db: Db, name: str, key: str) -> None:
    """Have a name for good, or again; raises NameTaken and ServerError."""
    _require_ours(name, key, *db.execute(_TAKE, {"name": name, "key": key}).fetchone())


def require_free(db: Db, name: str, key: str | None) -> None:
    """Raise NameTaken where `take_name` would, and take nothing; without a key, one is still to be made."""
    if (holder := db.execute(_HOLDER, {"name": name}).fetchone()) is not None:
        _require_ours(name, key, *holder)


def _require_ours(name: str, key: str | None, theirs: str, seen_at_s: float | None) -> None:
    if theirs != key:
        raise NameTaken(name, seen_at_s)


def say(db: Db, name: str, key: str, signs: VitalSigns) -> bool:
    """Record that we are there; False where our row is gone, or another's. Raises ServerError."""
    about = {"name": name, "key": key, "about": json.dumps(asdict(signs))}
    return db.execute(_SAY, about).rowcount == 1


def clock_distance_s(db: Db) -> float:
    """Return how many seconds our clock is ahead of the database's. Raises ServerError."""
    before_s = time.time()
    (theirs_s,) = db.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()
    return (before_s + time.time()) / 2 - float(theirs_s)


def forget(db: Db, name: str) -> bool:
    """Drop a node, and what was left for it to do; False where there is none. Raises ServerError."""
    with db.atomic():
        db.execute("DELETE FROM tasks WHERE node = :name", {"name": name})
        return db.execute("DELETE FROM nodes WHERE name = :name", {"name": name}).rowcount == 1


def _moment(at_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at_s))
