"""How the engines answer what is asked of a store: by an index, or by looking at all rows of a table."""

import re
import sqlite3
from collections.abc import Callable, Iterator

from tests.support.checks import server_plans
from tracker.sql.postgresql import PostgreSQL
from tracker.sql.sqlite import SQLite

GROWING = frozenset(
    {
        *("messages", "deliveries", "clicks", "arrivals", "purged_clicks", "pixels", "opens"),
        *("persons", "destinations", "links", "link_sets", "link_set_links", "link_set_slots"),
        *("counters", "cohorts", "clicked_by", "campaign_links", "sightings", "slot_values"),
        *("details", "detail_texts", "detail_names", "detail_recipients", "judged_days"),
        *("told_clicks", "outbox", "pseudonyms", "slots_seen_once"),
    }
)
"""Tables that grow with mail, clicks or readers; what is asked of them looks at some rows alone."""
FEW = frozenset(
    {
        *("messages_pending", "messages_unknown", "counters_withdrawn"),
        *("persons_beyond_ascii", "deliveries_beyond_ascii"),
    }
)
"""Indexes of few rows, which may be looked through."""

_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
_ASKS = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)


def scans(db: SQLite | PostgreSQL, ask: Callable[[], object]) -> Iterator[str]:
    """Yield steps of plans that look at all rows of a table that grows, with their statements."""
    if isinstance(db, PostgreSQL):
        yield from _server_scans(db, ask)
        return
    for sql in _statements(db, ask):
        for *_, step in db.execute(f"EXPLAIN QUERY PLAN {sql}"):
            found = _SCAN.match(step)
            if found and found[1] in GROWING and found[2] not in FEW:
                yield f"{step}: {' '.join(sql.split())}"


def asked(db: SQLite | PostgreSQL, ask: Callable[[], object]) -> list[str]:
    """Return what is asked of a store meanwhile; each question once."""
    if isinstance(db, PostgreSQL):
        return [sql for sql, _ in server_plans.asked(db, ask)]
    return _statements(db, ask)


def how_many(db: SQLite | PostgreSQL, ask: Callable[[], object]) -> int:
    """Return how many questions a store is asked meanwhile."""
    if isinstance(db, PostgreSQL):
        return len(server_plans.heard(db, ask))
    return len(_heard(db, ask))


def _server_scans(db: PostgreSQL, ask: Callable[[], object]) -> Iterator[str]:
    for statement in server_plans.asked(db, ask):
        for kind, table, index in server_plans.steps(db, statement):
            if table in GROWING and not any(index.endswith(few) or few in index for few in FEW):
                yield f"{kind} {table} {index}: {' '.join(statement[0].split())}"


def _statements(db: SQLite, ask: Callable[[], object]) -> list[str]:
    """Return what is asked of SQLite meanwhile, with its values; each question once."""
    return [sql for sql in dict.fromkeys(_heard(db, ask)) if _can_be_explained(db, sql)]


def _heard(db: SQLite, ask: Callable[[], object]) -> list[str]:
    seen: list[str] = []
    db.conn.set_trace_callback(lambda sql: seen.append(sql) if _ASKS.match(sql) else None)
    try:
        ask()
    finally:
        db.conn.set_trace_callback(None)
    return seen


def _can_be_explained(db: SQLite, sql: str) -> bool:
    """Return whether a statement is whole: SQLite cuts values off that are very long."""
    try:
        db.execute(f"EXPLAIN {sql}").fetchone()
    except sqlite3.OperationalError:
        return False
    return True
