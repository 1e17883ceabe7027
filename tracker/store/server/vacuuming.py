"""Having a server give up the octets of rows that were deleted.

Owns: which tables may tell of somebody who was forgotten.
Does not own: who is forgotten (`tracker.erasure.forget`), that it is wanted (`tracker.store.file.rewriting`), or when
it is done (`tracker.ingest.kept_server`).

A row that is deleted or changed stays in its page until a vacuum. That visits only pages in which something
was changed since the last one. The write-ahead log, standbys and backups of the server have what they had:
docs/scale.md says what to do about these.
"""

import contextlib
from collections.abc import Callable

from tracker.sql.db import Db
from tracker.sql.errors import ServerError

VACUUMING = 0x7761_7970_6F73_7403
"""The advisory lock of who vacuums."""

TABLES = (
    *("persons", "deliveries", "clicks", "destinations", "user_agents", "pseudonyms", "links"),
    *("campaigns", "sightings", "slots", "slot_values", "link_sets", "link_set_slots"),
    "slots_seen_once",
    *("details", "detail_texts", "detail_names", "detail_recipients"),
)
"""Those in which `waypost forget` deletes or changes rows."""


def vacuum(db: Db, should_stop: Callable[[], bool] = lambda: False) -> bool:
    """Vacuum these tables, outside of any transaction.

    Return False where it was to stop before the end, or another node is on it, which it is left to.
    """
    if not db.execute("SELECT pg_try_advisory_lock(:key)", {"key": VACUUMING}).fetchone()[0]:
        return False
    try:
        return _vacuum(db, should_stop)
    finally:
        with contextlib.suppress(ServerError):
            db.execute("SELECT pg_advisory_unlock(:key)", {"key": VACUUMING})


def _vacuum(db: Db, should_stop: Callable[[], bool]) -> bool:
    for table in TABLES:
        if should_stop():
            return False
        # Else an index with few dead entries keeps them, and with them names.
        db.execute(f"VACUUM (INDEX_CLEANUP ON) {table}")
    return True
