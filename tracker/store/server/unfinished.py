"""A database into which a store is being copied: what says so, and that nobody uses it meanwhile.

Owns: the table by which it is known, which is there only as long.
Does not own: copying (`tracker.moving`), or what a service does that is refused (`tracker.nodes.joining`).
"""

from dataclasses import dataclass

from tracker.sql.db import Db
from tracker.store.opened import StoreError

CURE = "run `waypost store copy` once more, which goes on where it was; or make the database anew"

_IS_THERE = "SELECT to_regclass('unfinished_copy') IS NOT NULL"
_MAKE = (
    "CREATE TABLE unfinished_copy (source text NOT NULL, state text NOT NULL, node text NOT NULL)"
)
_NOTE = "INSERT INTO unfinished_copy (source, state, node) VALUES (:source, :state, :node)"
_READ = "SELECT source, state, node FROM unfinished_copy"
_DROP = "DROP TABLE unfinished_copy"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What is being copied: the file, what it was like when that began, and for which node."""

    source: str
    state: str
    node: str


def begin(db: Db, copy: Unfinished) -> None:
    """Note that the store is being copied, within the open transaction."""
    db.execute(_MAKE)
    db.execute(_NOTE, {"source": copy.source, "state": copy.state, "node": copy.node})


def end(db: Db) -> None:
    """Have it be a store like any other, within the open transaction."""
    db.execute(_DROP)


def find(db: Db) -> Unfinished | None:
    """Return what is being copied; None: nothing is."""
    if not db.execute(_IS_THERE).fetchone()[0]:
        return None
    return Unfinished(*db.execute(_READ).fetchone())


def refuse(db: Db, called: str) -> None:
    """Raise StoreError where a store is being copied into a database, which people call `called`."""
    if (copy := find(db)) is not None:
        raise StoreError(
            f"{called} is an unfinished copy of {copy.source}: {CURE}",
            "unfinished",
        )
