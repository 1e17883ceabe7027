"""What the store lets go of: messages that were never sent, and what has grown old.

Owns: which rows are deleted, and that sums outlive them.
Does not own: when (`tracker.ingest.ingester`, `waypost purge`), or which links keep their names
(`unused_links`).

The sums keep their counts of what is purged. Who has no message left is forgotten; should they get
one again, they count as somebody new.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from tracker.store import database, unused_links
from tracker.store.database import Watermark
from tracker.store.reserved import day_of

_PURGE_OPENS = (
    """DELETE FROM pixels WHERE (message_id, number) IN (
        SELECT message_id, number FROM pixels WHERE sent_at_s < :before_s LIMIT :chunk)""",
    """DELETE FROM opens WHERE event_id IN (
        SELECT event_id FROM opens WHERE sent_at_s < :before_s LIMIT :chunk)""",
)

CHUNK_MESSAGES = 5000
"""Messages purged in one transaction, so that feeding and reports need not wait for long."""
_PURGED: Watermark = "purged_before_s"
"""Messages sent earlier than this are gone on purpose."""
_OLD = "SELECT id FROM messages WHERE sent_at_s < :before_s ORDER BY sent_at_s LIMIT :chunk"
_NEVER_SENT = "SELECT id FROM messages WHERE counted = 0 AND sent_at_s < :before_s LIMIT :chunk"
_SETS = """
    SELECT DISTINCT link_set_id FROM messages WHERE id IN gone AND link_set_id IS NOT NULL
"""
_FORGET = (
    "DELETE FROM clickers WHERE day BETWEEN 1 AND :last_day",
    """DELETE FROM persons WHERE NOT EXISTS
        (SELECT 1 FROM deliveries WHERE person_id = persons.id)""",
    "DELETE FROM clickers WHERE person_id NOT IN (SELECT id FROM persons)",
    "DELETE FROM user_agents WHERE id NOT IN (SELECT user_agent_id FROM clicks)",
)


@dataclass(frozen=True, slots=True)
class Purged:
    """How much was deleted."""

    messages: int = 0
    clicks: int = 0

    def __add__(self, other: "Purged") -> "Purged":
        return Purged(self.messages + other.messages, self.clicks + other.clicks)


def purged_before_s(db: Database) -> float:
    """Return the moment before which messages were purged; 0 without a purge."""
    return database.watermark(db, _PURGED)


def expire_pending(db: Database, before_s: float) -> int:
    """Drop messages from before `before_s` that the relay did not take and nobody clicked.

    They are in no sum. Return how many there were, a chunk at most. Within the caller's
    transaction.
    """
    return _drop(db, _NEVER_SENT, before_s).messages


def purge_file(path: Path, before_s: float) -> Purged:
    """Purge the store at `path`, as `purge` does, where there is one.

    Raises StoreError and sqlite3.Error.
    """
    if database.file_id(path) is None:
        return Purged()
    with database.changing(path) as opened:
        return purge(opened.db, before_s)


def purge(db: Database, before_s: float) -> Purged:
    """Delete messages sent before `before_s` with all that belongs to them; keep the sums.

    In transactions of its own. Return how much it was. From now on, clicks on such messages count
    under the campaign `(purged)`.
    """
    with db.atomic():
        database.raise_watermark(db, _PURGED, before_s)
    while _purge_opens(db, before_s, CHUNK_MESSAGES):
        pass
    total = Purged()
    while (gone := _purge_chunk(db, before_s)).messages:
        total += gone
    with db.atomic():
        if total.messages:
            _forget_persons(db, before_s)
        unused_links.unlist(db, day_of(before_s))
    return total


def _purge_chunk(db: Database, before_s: float) -> Purged:
    with db.atomic():
        return _drop(db, _OLD, before_s)


def _drop(db: Database, which: str, before_s: float) -> Purged:
    """Delete the messages that a query gives, and what belongs to them."""
    db.execute("CREATE TEMP TABLE IF NOT EXISTS gone (message INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM gone")
    values = {"before_s": before_s, "chunk": CHUNK_MESSAGES}
    if not db.execute(f"INSERT INTO gone {which}", values).rowcount:
        return Purged()
    unused_links.add_up_own(db)
    sets = {row for (row,) in db.execute(_SETS)}
    clicks = db.execute("DELETE FROM clicks WHERE message IN gone").rowcount
    db.execute("DELETE FROM deliveries WHERE message IN gone")
    db.execute("DELETE FROM sightings WHERE message IN gone")
    messages = db.execute("DELETE FROM messages WHERE id IN gone").rowcount
    unused_links.drop_sets(db, sets)
    return Purged(messages, clicks)


def _forget_persons(db: Database, before_s: float) -> None:
    """Delete persons who have no message left, and the clickers of days that are purged."""
    for sql in _FORGET:
        db.execute(sql, {"last_day": day_of(before_s) - 1})


def _purge_opens(db: Database, before_s: float, chunk: int) -> int:
    """Delete up to `chunk` rows of each table of opens; return how many there were."""
    with db.atomic():
        values = {"before_s": before_s, "chunk": chunk}
        return sum(db.execute(sql, values).rowcount for sql in _PURGE_OPENS)
