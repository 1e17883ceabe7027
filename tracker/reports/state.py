"""How the store is: what it holds, how large it is, and what it was told last.

Owns: the question, and its queries.
Does not own: what waits to be counted (`tracker.ingest.catch_up`), or how it is shown.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from tracker.retention.retention import purged_before_s
from tracker.sql.db import Db, Engine
from tracker.sql.spelling import LATEST_STEP, OCTETS_ON_SERVER, VERSION
from tracker.store.file import files
from tracker.store.keys import moment_s

_TOTALS = """
    SELECT messages, deliveries, clicks_all FROM counters
    WHERE day = 0 AND campaign_id = 0 AND link_id = 0
"""
_SENT = "SELECT (SELECT min(sent_s) FROM messages), (SELECT max(sent_s) FROM messages)"
_LAST_CLICK = """
    SELECT event_id FROM arrivals CROSS JOIN clicks ON clicks.sent_s = arrivals.sent_s
        AND clicks.message_id = arrivals.message_id AND clicks.arrival = arrivals.arrival
    WHERE arrivals.arrival = (SELECT max(arrival) FROM arrivals)
"""


@dataclass(frozen=True, slots=True)
class State:
    """A store: octets on disk or on its server, what was ever counted, and moments in seconds since 1970.

    `oldest_s` and `latest_s` are when messages that are kept were sent, `last_click_s` when the click was
    made that was counted last; None where there is none. Messages from before `purged_before_s` were
    purged; 0: none. `step` is the last change of the tables, `version` that of the `engine` that holds them.
    """

    octets: int
    messages: int
    deliveries: int
    clicks: int
    oldest_s: int | None
    latest_s: int | None
    last_click_s: float | None
    purged_before_s: float
    step: str
    engine: Engine
    version: str


def state(db: Db, path: Path) -> State:
    """Return how the store is; the file of SQLite is at `path`."""
    messages, deliveries, clicks = db.execute(_TOTALS).fetchone() or (0, 0, 0)
    oldest_s, latest_s = db.execute(_SENT).fetchone()
    last = db.execute(_LAST_CLICK).fetchone()
    (step,) = db.execute(LATEST_STEP[db.engine]).fetchone()
    return State(
        _octets(path) if db.engine == "sqlite" else db.execute(OCTETS_ON_SERVER).fetchone()[0],
        messages,
        deliveries,
        clicks,
        oldest_s,
        latest_s,
        moment_s(last[0]) if last else None,
        purged_before_s(db),
        step,
        db.engine,
        db.execute(VERSION[db.engine]).fetchone()[0],
    )


def _octets(path: Path) -> int:
    """Return the size of the store's file and of those beside it."""
    found = 0
    for each in (path, *files.beside(path)):
        with contextlib.suppress(OSError):
            found += each.stat().st_size
    return found
