"""What the store lets go of: messages that were never sent, and what has grown old.

Owns: which rows are deleted, that sums outlive them, and what is noted of the time for that.
Does not own: when (`tracker.ingest.ingester`, `waypost purge`), whether the clock is believed
(`clock`), or which links keep their names (`unused_links`).

The sums keep their counts of what is purged. Who has no message left is forgotten; should they get
one again, they count as somebody new.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from tracker.store import clock, database, files, slots, unused_links
from tracker.store.clock import Time
from tracker.store.database import Watermark
from tracker.store.reserved import DAY_S, day_of

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
_KNOWN: Watermark = "known_time_s"
"""The latest moment that is known to have come."""
_COUNTED_DAYS = """
    SELECT day FROM counters
    WHERE campaign_id = 0 AND link_id = 0 AND day BETWEEN :first AND :last
"""
_LAST_MESSAGE = "SELECT max(sent_at_s) FROM messages WHERE sent_at_s <= ?"
_LAST_DAY_OF_MAIL = """
    SELECT day FROM counters
    WHERE campaign_id = 0 AND link_id = 0 AND day BETWEEN 1 AND :last AND messages > 0
    ORDER BY day DESC LIMIT 1
"""
_OLD = "SELECT id FROM messages WHERE sent_at_s < :before_s ORDER BY sent_at_s LIMIT :chunk"
_NEVER_SENT = "SELECT id FROM messages WHERE counted = 0 AND sent_at_s < :before_s LIMIT :chunk"
_SETS = """
    SELECT DISTINCT link_set_id FROM messages WHERE id IN gone AND link_set_id IS NOT NULL
"""
_COUNT_UNKNOWN = """
    INSERT INTO unknown_messages (day, campaign_id, messages)
    SELECT max(1, CAST(sent_at_s / 86400 AS INTEGER)), campaign_id, count(*)
    FROM messages WHERE id IN gone AND unknown = 1 GROUP BY 1, 2
    ON CONFLICT DO UPDATE SET messages = messages + excluded.messages
"""
_REMEMBER_CLICKS = """
    INSERT OR IGNORE INTO purged_clicks
    SELECT event_id, at_s FROM clicks WHERE message IN gone AND at_s >= :before_s
"""
"""Of an earlier click, that it is of before the horizon tells that it counts no more."""
_FORGET_CLICKS = "DELETE FROM purged_clicks WHERE at_s < ?"
_FORGET = (
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


class ClockNotBelieved(Exception):
    """The clock is further ahead of all that the store knows than `time` explains."""

    def __init__(self, time: Time) -> None:
        super().__init__(f"{time.clock_s} is too far ahead of {time.known_s}")
        self.time = time


def read_clock(db: Database, clock_s: float, ran_s: float, retention_s: float) -> Time:
    """Return what the clock's `clock_s` is worth, and note it for the next time.

    `ran_s` is how long the service has run since it last was noted. Within the open transaction.
    """
    known_s, gap_s = database.watermark(db, _KNOWN), clock.gap_s(retention_s)
    days = {
        "first": day_of(min(known_s, clock_s) - gap_s) if known_s else 1,
        "last": day_of(clock_s),
    }
    counted = {day for (day,) in db.execute(_COUNTED_DAYS, days)}
    counted |= {day_of(sent_s) for (sent_s,) in db.execute(_LAST_MESSAGE, [clock_s]) if sent_s}
    time = clock.read(clock_s, known_s, ran_s, counted, gap_s)
    if time.latest_s != known_s:
        database.set_watermark(db, _KNOWN, time.latest_s)
    return time


def is_time_settled(db: Database, clock_s: float) -> bool:
    """Return whether there is a latest known moment, and no purge of the future."""
    return database.watermark(db, _KNOWN) > 0 and purged_before_s(db) <= clock_s


def lower_horizon(db: Database, time: Time) -> float | None:
    """Lower a horizon that a purge with a wrong clock has left in the future.

    What was sent up to the last day on which mail was counted stays purged, as it is in the sums;
    what was sent since then counts again. Return the former horizon, None where it is plausible.
    Within the open transaction.
    """
    former_s = purged_before_s(db)
    if not time.latest_s or former_s <= max(time.latest_s, time.clock_s):
        return None
    last = db.execute(_LAST_DAY_OF_MAIL, {"last": day_of(time.clock_s)}).fetchone()
    horizon_s = min(time.clock_s, (last[0] + 1) * DAY_S) if last else 0.0
    database.set_watermark(db, _PURGED, horizon_s)
    unused_links.relist(db, day_of(horizon_s))
    return former_s


def expire_pending(db: Database, before_s: float) -> int:
    """Drop messages from before `before_s` that the relay did not take and nobody clicked.

    They are in no sum; of how many nobody knows what became of them is kept. Return how many there
    were, a chunk at most. Within the caller's transaction.
    """
    return _drop(db, _NEVER_SENT, before_s).messages


def purge_file(
    path: Path, age_s: float, *, clock_s: float, retention_s: float, insist: bool
) -> Purged:
    """Purge the store at `path` of what is older than `age_s`, where there is one.

    With `insist` the clock is right, whatever the store knows. Raises ClockNotBelieved, StoreError
    and sqlite3.Error.
    """
    if files.file_id(path) is None:
        return Purged()
    with database.changing(path) as opened:
        with opened.db.atomic():
            if insist:
                database.set_watermark(opened.db, _KNOWN, clock_s)
            time = read_clock(opened.db, clock_s, 0, retention_s)
            lower_horizon(opened.db, time)
        if time.known_s and not time.believed:
            raise ClockNotBelieved(time)
        return purge(opened.db, time.before_s(age_s))


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
            _forget_persons(db)
        unused_links.unlist(db, day_of(before_s))
        db.execute(_FORGET_CLICKS, [before_s])
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
    db.execute(_COUNT_UNKNOWN)
    db.execute(_REMEMBER_CLICKS, values)
    clicks = db.execute("DELETE FROM clicks WHERE message IN gone").rowcount
    db.execute("DELETE FROM deliveries WHERE message IN gone")
    db.execute("DELETE FROM sightings WHERE message IN gone")
    messages = db.execute("DELETE FROM messages WHERE id IN gone").rowcount
    unused_links.drop_sets(db, sets)
    return Purged(messages, clicks)


def _forget_persons(db: Database) -> None:
    """Delete persons who have no message left; what they clicked stays in the sums."""
    for sql in _FORGET:
        db.execute(sql)
    slots.forget_gone(db)


def _purge_opens(db: Database, before_s: float, chunk: int) -> int:
    """Delete up to `chunk` rows of each table of opens; return how many there were."""
    with db.atomic():
        values = {"before_s": before_s, "chunk": chunk}
        return sum(db.execute(sql, values).rowcount for sql in _PURGE_OPENS)
