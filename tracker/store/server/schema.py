"""The steps by which the tables on a server come to be, one node after another.

Owns: the steps, by the names that SQLite's have (`tracker.store.file.schema`), and which of them were taken; a
step that was released is never edited.
Does not own: the tables (`tables`), months (`partitions`) or views (`tracker.store.views`).

Nodes are upgraded one by one, so each step only adds: those of the version before go on working with what
is there. Nobody feeds the store while a step is taken.
"""

import time
from collections.abc import Callable, Mapping

from tracker.sql.db import Db
from tracker.store import views
from tracker.store.reserved import NO_CAMPAIGN, PURGED, RESERVED_NAME
from tracker.store.server import node_tables, partitions, tables

_TABLE = """
    CREATE TABLE IF NOT EXISTS migrations (
        name text PRIMARY KEY, applied_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
    )
"""
_IS_THERE = "SELECT to_regclass('migrations') IS NOT NULL"
_TAKEN = "SELECT name FROM migrations"


def _second_form(db: Db) -> None:
    for statements in (
        *(tables.FUNCTIONS, tables.HOUSEKEEPING, tables.NAMES, tables.LINKS, tables.MESSAGES),
        *(tables.CLICKS, tables.SUMS, tables.SLOTS, tables.OPENS, tables.DETAILS),
    ):
        _run(db, statements)
    partitions.make_default(db)
    db.executemany(
        "INSERT INTO campaigns (id, name) VALUES (?, ?)",
        [(NO_CAMPAIGN, None), (PURGED, RESERVED_NAME)],
    )


def _views_for_people(db: Db) -> None:
    _run(db, tables.TEXTS)
    views.make(db)


def _run(db: Db, statements: str) -> None:
    for statement in statements.split(";"):
        if statement.strip():
            db.execute(statement)


STEPS: Mapping[str, Callable[[Db], None]] = {
    "second_form": _second_form,
    "views_for_people": _views_for_people,
    "clicks_by_verdict": lambda db: _run(db, tables.JUDGED),
    "webhooks": lambda db: _run(db, tables.WEBHOOKS),
    "pseudonyms_of_clicks": lambda db: _run(db, tables.PSEUDONYMS),
    "message_ids_by_day": lambda db: _run(db, tables.MESSAGE_IDS),
    "nodes": lambda db: _run(db, node_tables.NODES),
    "sets_beside_each_other": lambda _: None,  # as they are on a server anyway
    "slots_seen_once": lambda db: _run(db, tables.SLOTS_SEEN_ONCE),
}


def pending(db: Db) -> list[str]:
    """Return the steps that were not taken yet; what a later version took is no concern of ours."""
    taken = _taken(db)
    return [name for name in STEPS if name not in taken]


def is_begun(db: Db) -> bool:
    """Return whether there are tables of ours, of whatever version."""
    return bool(_taken(db))


def later(db: Db) -> list[str]:
    """Return the steps that a later version took."""
    return sorted(_taken(db) - STEPS.keys())


def _taken(db: Db) -> set[str]:
    if not db.execute(_IS_THERE).fetchone()[0]:
        return set()
    return {name for (name,) in db.execute(_TAKEN)}


def apply(db: Db) -> None:
    """Take the steps that were not taken yet, and with them make the months that are due."""
    if not pending(db):
        return
    with db.transaction():
        db.execute(_TABLE)
        for name in pending(db):
            STEPS[name](db)
            db.execute("INSERT INTO migrations (name) VALUES (?)", [name])
        for table in partitions.PARTED:
            partitions.make_ahead(db, table, time.time())
