"""How webhooks stand: what waits for each, what was sent, and what went wrong the last time.

Owns: this question, which command, page and API ask alike.
Does not own: the queue itself (`queue`), or how the answer is shown (`tracker.cli.operations.webhook`).
"""

import time
from typing import Any

from config.schema import Config
from tracker.outbox.events import moment
from tracker.sql.db import Db

Json = dict[str, Any]

COUNTED = 100_000
"""Events that are counted one by one; of more is said that there are so many at least."""
COLUMNS = (
    *("name", "state", "waiting", "given_up", "sent", "sent_at", "error", "failed_at", "next_at"),
)
"""Columns of the answer."""

_WEBHOOKS = "SELECT * FROM webhooks ORDER BY id"
_WAITING = """
    SELECT count(*) FROM (
        SELECT 1 FROM outbox WHERE webhook_id = :id AND due_s IS NOT NULL LIMIT :most
    ) AS waiting
"""
_GIVEN_UP = """
    SELECT count(*) FROM (
        SELECT 1 FROM outbox WHERE webhook_id = :id AND due_s IS NULL LIMIT :most
    ) AS given_up
"""
_NEXT = "SELECT min(due_s) FROM outbox WHERE webhook_id = :id"


def webhooks(db: Db, config: Config) -> list[Json]:
    """Return all webhooks of a configuration, and former ones for which something is kept.

    `state` is "working", "failing" (it is tried again at `next_at`), "stopped" (it answered 410), or
    "removed" (no configuration has it). `waiting` events are tried in time, those `given_up` only when
    `waypost webhook retry` says so; both are counted up to COUNTED. `error` and `failed_at` are of the
    last failure, also where all is well since. Moments are in UTC, None where there was none.
    """
    known = {row["name"]: row for row in db.query(_WEBHOOKS)}
    configured = [each.called for each in config.webhook]
    found = [_standing(db, name, known.get(name)) for name in configured]
    former = [_standing(db, name, row) for name, row in known.items() if name not in configured]
    for each in former:
        each["state"] = "removed"
    return found + [each for each in former if each["waiting"] or each["given_up"]]


def waiting(db: Db, webhook_id: int) -> int:
    """Return how many events of a webhook wait, counted up to COUNTED."""
    found = db.execute(_WAITING, {"id": webhook_id, "most": COUNTED}).fetchone()
    return int(found[0])


def _standing(db: Db, name: str, row: Json | None) -> Json:
    if row is None:
        nothing: Json = dict.fromkeys(COLUMNS)
        return nothing | {"name": name, "state": "working", "error": ""} | _NOTHING
    values = {"id": row["id"], "most": COUNTED}
    next_s = db.execute(_NEXT, values).fetchone()[0]
    if next_s is not None:
        next_s = max(next_s, row["rests_until_s"])
    stopped = row["stopped_s"] is not None
    return {
        "name": name,
        "state": "stopped" if stopped else "failing" if row["failures"] else "working",
        "waiting": waiting(db, row["id"]),
        "given_up": int(db.execute(_GIVEN_UP, values).fetchone()[0]),
        "sent": row["sent"],
        "sent_at": _moment(row["sent_at_s"]),
        "error": row["error"],
        "failed_at": _moment(row["failed_at_s"]),
        "next_at": None if stopped else _moment(next_s),
    }


_NOTHING: Json = {"waiting": 0, "given_up": 0, "sent": 0}


def _moment(at_s: float | None) -> str | None:
    return None if at_s is None else moment(min(at_s, time.time() + _YEAR_S))


_YEAR_S = 365 * 86400.0
"""A moment that is further ahead is a wrong clock's."""
