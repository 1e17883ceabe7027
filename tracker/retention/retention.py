"""What the store lets go of: messages that were never sent, and what has grown old.

Owns: which rows are deleted, that sums outlive them, and what is noted of the time for that.
Does not own: when (`tracker.ingest.ingester`, `waypost purge`), whether the clock is believed
(`clock`), or which links keep their names (`unused_links`).

The sums keep their counts of what is purged. Who has no message left is forgotten; should they get
one again, they count as somebody new.
"""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tracker.retention import clock, unused_links
from tracker.retention.clock import Time
from tracker.sql.db import Db
from tracker.store import database, queries
from tracker.store.chunks import Changeable, Pace, writing
from tracker.store.database import Place, Watermark
from tracker.store.file.replacement import Progress
from tracker.store.keys import first_of
from tracker.store.reserved import DAY_S, day_of
from tracker.store.rows import slots

CHUNK_ROWS = 20_000
"""Messages, copies and clicks that are purged in one transaction, at most."""
_PURGED: Watermark = "purged_before_s"
"""Messages sent earlier than this are gone on purpose."""
_KNOWN: Watermark = "known_time_s"
"""The latest moment that is known to have come."""
_COUNTED_DAYS = """
    SELECT day FROM counters
    WHERE campaign_id = 0 AND link_id = 0 AND day BETWEEN :first AND :last
"""
_LAST_MESSAGE = "SELECT max(sent_s) FROM messages WHERE sent_s <= ?"
_LAST_DAY_OF_MAIL = """
    SELECT day FROM counters
    WHERE campaign_id = 0 AND link_id = 0 AND day BETWEEN 1 AND :last AND messages > 0
    ORDER BY day DESC LIMIT 1
"""
_OLD = """
    SELECT sent_s, message_id FROM messages WHERE sent_s < :before_s
    ORDER BY sent_s, message_id LIMIT :chunk
"""
_NEVER_SENT = """
    SELECT sent_s, message_id FROM messages
    WHERE counted = 0 AND sent_s < :before_s ORDER BY sent_s LIMIT :chunk
"""
_SIZE = "SELECT count(*) + sum(clicks) FROM deliveries WHERE sent_s = ? AND message_id = ?"
_GONE = """
    CREATE TEMP TABLE IF NOT EXISTS gone (
        sent_s INTEGER, message_id INTEGER, PRIMARY KEY (sent_s, message_id)
    ) WITHOUT ROWID
"""
_GOING_CLICKS = """
    CREATE TEMP TABLE IF NOT EXISTS going_clicks AS
    SELECT sent_s, message_id, event_id, arrival, destination_id, user_agent_id FROM clicks LIMIT 0
"""
_PICK_CLICKS = """
    INSERT INTO going_clicks
    SELECT sent_s, message_id, event_id, arrival, destination_id, user_agent_id
    FROM gone CROSS JOIN clicks USING (sent_s, message_id) LIMIT ?
"""
_REMEMBER_CLICKS = """
    INSERT INTO purged_clicks SELECT event_id FROM going_clicks WHERE event_id >= ?
    ON CONFLICT DO NOTHING
"""
"""Of an earlier click, that it is of before the horizon tells that it counts no more."""
_DROP_CLICKS = (
    """UPDATE destinations SET clicks = clicks - fewer FROM (
        SELECT destination_id, count(*) AS fewer FROM going_clicks GROUP BY destination_id
    ) AS gone_clicks WHERE id = destination_id""",
    """DELETE FROM destinations
        WHERE id IN (SELECT destination_id FROM going_clicks) AND clicks <= 0""",
    """UPDATE user_agents SET clicks = clicks - fewer FROM (
        SELECT user_agent_id, count(*) AS fewer FROM going_clicks GROUP BY user_agent_id
    ) AS gone_clicks WHERE id = user_agent_id""",
    """DELETE FROM user_agents
        WHERE id IN (SELECT user_agent_id FROM going_clicks) AND clicks <= 0""",
    *(
        f"""DELETE FROM {table} WHERE (sent_s, message_id, event_id) IN
            (SELECT sent_s, message_id, event_id FROM going_clicks)"""  # noqa: S608 - names of ours
        for table in ("told_clicks", "outbox", "pseudonyms")
    ),
    "DELETE FROM arrivals WHERE arrival IN (SELECT arrival FROM going_clicks)",
    """DELETE FROM clicks WHERE (sent_s, message_id, event_id) IN
        (SELECT sent_s, message_id, event_id FROM going_clicks)""",
)
_PICK_COPIES = """
    SELECT sent_s, message_id, number, person_id
    FROM gone CROSS JOIN deliveries USING (sent_s, message_id) LIMIT ?
"""
_DROP_COPY = "DELETE FROM deliveries WHERE sent_s = ? AND message_id = ? AND number = ?"
_DROP_PERSONS = """
    DELETE FROM persons WHERE id IN (:values)
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE person_id = persons.id)
"""
_COUNT_UNKNOWN = """
    INSERT INTO unknown_messages (day, campaign_id, messages)
    SELECT CASE WHEN sent_s < 86400 THEN 1 ELSE sent_s / 86400 END, campaign_id, count(*)
    FROM gone CROSS JOIN messages USING (sent_s, message_id) WHERE unknown = 1 GROUP BY 1, 2
    ON CONFLICT (day, campaign_id) DO UPDATE SET
        messages = unknown_messages.messages + excluded.messages
"""
_SETS = """
    SELECT link_set_id, count(*) FROM gone CROSS JOIN messages USING (sent_s, message_id)
    WHERE link_set_id IS NOT NULL GROUP BY link_set_id
"""
_DROP_SIGHTINGS = """
    DELETE FROM sightings WHERE id IN (
        SELECT id FROM sightings WHERE (sent_s, message_id) IN (SELECT sent_s, message_id FROM gone)
    )
"""
_DROP_MESSAGES = """
    DELETE FROM messages WHERE (sent_s, message_id) IN (SELECT sent_s, message_id FROM gone)
"""
_FORGET_CLICKS = """
    DELETE FROM purged_clicks WHERE event_id IN (
        SELECT event_id FROM purged_clicks WHERE event_id < :before LIMIT :chunk)
"""
_PURGE_PIXELS = """
    DELETE FROM pixels WHERE (sent_s, message_id, number) IN (
        SELECT sent_s, message_id, number FROM pixels WHERE sent_s < :before LIMIT :chunk)
"""
_PURGE_OPENS = """
    DELETE FROM opens WHERE (sent_s, message_id, event_id) IN (
        SELECT sent_s, message_id, event_id FROM opens WHERE sent_s < :before LIMIT :chunk)
"""


@dataclass(frozen=True, slots=True)
class Purged:
    """How much was deleted."""

    messages: int = 0
    clicks: int = 0

    def __add__(self, other: "Purged") -> "Purged":
        return Purged(self.messages + other.messages, self.clicks + other.clicks)


def purged_before_s(db: Db) -> float:
    """Return the moment before which messages were purged; 0 without a purge."""
    return database.watermark(db, _PURGED)


class ClockNotBelieved(Exception):
    """The clock is further ahead of all that the store knows than `time` explains."""

    def __init__(self, time: Time) -> None:
        super().__init__(f"{time.clock_s} is too far ahead of {time.known_s}")
        self.time = time


def read_clock(db: Db, clock_s: float, ran_s: float, retention_s: float) -> Time:
    """Return what the clock's `clock_s` is worth, and note it for the next time.

    `ran_s` is how long the service has run since it last was noted. Within the open transaction.
    """
    known_s, gap_s = database.watermark(db, _KNOWN), clock.gap_s(retention_s)
    days = {
        "first": day_of(min(known_s, clock_s) - gap_s) if known_s else 1,
        "last": day_of(clock_s),
    }
    counted = {day for (day,) in db.execute(_COUNTED_DAYS, days)}
    counted |= {day_of(sent_s) for (sent_s,) in db.execute(_LAST_MESSAGE, [int(clock_s)]) if sent_s}
    time = clock.read(clock_s, known_s, ran_s, counted, gap_s)
    if time.latest_s != known_s:
        database.set_watermark(db, _KNOWN, time.latest_s)
    return time


def is_time_settled(db: Db, clock_s: float) -> bool:
    """Return whether there is a latest known moment, and no purge of the future."""
    return database.watermark(db, _KNOWN) > 0 and purged_before_s(db) <= clock_s


def lower_horizon(db: Db, time: Time) -> float | None:
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


def expiring(opened: Changeable, before_s: float) -> Iterator[Purged]:
    """Drop messages from before `before_s` that the relay did not take and nobody clicked.

    They are in no sum; of how many nobody knows what became of them is kept. Yield what each of its
    transactions has deleted.
    """
    return _drop(opened, _NEVER_SENT, math.ceil(before_s))


def purge_file(
    place: Place,
    age_s: float,
    *,
    clock_s: float,
    retention_s: float,
    insist: bool,
    waiting: Callable[[Progress], None] | None = None,
) -> Purged:
    """Purge a store of what is older than `age_s`, where there is one.

    With `insist` the clock is right, whatever the store knows. `waiting` is called as long as the store
    is being replaced. Raises ClockNotBelieved, StoreError
    and DatabaseErrors.
    """
    if not database.exists(place):
        return Purged()
    with database.changing(place, waiting) as opened:
        with opened.transaction():
            if insist:
                database.set_watermark(opened.db, _KNOWN, clock_s)
            time = read_clock(opened.db, clock_s, 0, retention_s)
            lower_horizon(opened.db, time)
        if time.known_s and not time.believed:
            raise ClockNotBelieved(time)
        return purge(opened, time.before_s(age_s))


def purge(opened: Changeable, before_s: float) -> Purged:
    """Delete messages sent before `before_s` with all that belongs to them; keep the sums.

    Return how much it was. From now on, clicks on such messages count under the campaign `(purged)`.
    Tokens tell whole seconds, so what was sent in the second of `before_s` stays, all of it. In
    transactions of its own: what is left when it is stopped after any of them, goes the next time.
    """
    return sum(purging(opened, before_s), Purged())


def purging(opened: Changeable, before_s: float) -> Iterator[Purged]:
    """Purge bit by bit; yield what each transaction has deleted."""
    horizon_s = math.floor(before_s)
    with writing(opened) as db:
        database.raise_watermark(db, _PURGED, horizon_s)
    yield from _delete(opened, _PURGE_PIXELS, horizon_s)
    yield from _delete(opened, _PURGE_OPENS, horizon_s)
    yield from _drop(opened, _OLD, horizon_s)
    for _ in unused_links.unlisting(opened, day_of(horizon_s)):
        yield Purged()
    yield from _delete(opened, _FORGET_CLICKS, first_of(horizon_s))


def _delete(opened: Changeable, sql: str, before: int | bytes) -> Iterator[Purged]:
    """Delete what lies before something, with a statement that deletes a chunk."""
    pace = Pace(CHUNK_ROWS)
    deleted = chunk = 0
    while deleted == chunk:
        chunk = pace.size
        with pace.writing(opened) as db:
            deleted = db.execute(sql, {"before": before, "chunk": chunk}).rowcount
        yield Purged()


def _drop(opened: Changeable, which: str, before_s: int) -> Iterator[Purged]:
    """Delete the messages that a query gives, and what belongs to them."""
    pace = Pace(CHUNK_ROWS)
    while True:
        with pace.writing(opened) as db:
            if not _pick(db, which, before_s, pace.size):
                return
            dropped = _drop_picked(db, before_s, pace.size)
        yield dropped


def _pick(db: Db, which: str, before_s: int, rows: int) -> bool:
    """Have in `gone` the next messages that have up to so many rows, one at least; False for none."""
    db.execute(_GONE)
    db.execute("DELETE FROM gone")
    picked: list[Sequence[int]] = []
    with contextlib.closing(db.execute(which, {"before_s": before_s, "chunk": rows})) as keys:
        for key in keys:
            rows -= 1 + (db.execute(_SIZE, key).fetchone()[0] or 0)
            if picked and rows < 0:
                break
            picked.append(key)
    db.executemany("INSERT INTO gone VALUES (?, ?)", picked)
    return bool(picked)


def _drop_picked(db: Db, before_s: int, rows: int) -> Purged:
    """Delete up to so many rows of the messages in `gone`, and the messages once these are all."""
    unused_links.add_up_own(db)
    clicks = _drop_clicks(db, before_s, rows)
    if clicks == rows:
        return Purged(0, clicks)
    copies = db.execute(_PICK_COPIES, [rows]).fetchall()
    gone = _drop_copies(db, copies)
    messages = _drop_messages(db) if len(copies) < rows else 0
    slots.forget_gone(db, gone)  # most of what they were told goes with the messages
    return Purged(messages, clicks)


def _drop_messages(db: Db) -> int:
    """Delete the messages in `gone`, with the sets of links that no other has; return how many."""
    db.execute(_COUNT_UNKNOWN)
    sets = dict(db.execute(_SETS).fetchall())
    db.execute(_DROP_SIGHTINGS)
    messages = db.execute(_DROP_MESSAGES).rowcount
    unused_links.drop_sets(db, sets)
    return messages


def _drop_clicks(db: Db, before_s: int, rows: int) -> int:
    db.execute(_GOING_CLICKS)
    db.execute("DELETE FROM going_clicks")
    picked = db.execute(_PICK_CLICKS, [rows]).rowcount
    if picked:
        db.execute(_REMEMBER_CLICKS, [first_of(before_s)])
        for sql in _DROP_CLICKS:
            db.execute(sql)
    return picked


def _drop_copies(db: Db, copies: Sequence[tuple[int, ...]]) -> set[int]:
    """Delete copies, and persons who have none left; return whom these may be among.

    What these clicked stays in the sums.
    """
    db.executemany(_DROP_COPY, [copy[:3] for copy in copies])
    persons = {person for *_, person in copies if person is not None}
    return persons if queries.change_in(db, _DROP_PERSONS, persons) else set()
