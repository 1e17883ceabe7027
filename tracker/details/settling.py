"""Letting go of what clicks were judged by: network, agent and signals. Label, link, time and sums stay.

Owns: which clicks are settled by their age, or as the pseudonyms of their visitors leave, some at a time; that
later ones on old messages are found again.
Does not own: when (`tracker.ingest.ingester`), that a settled click keeps its verdict
(`tracker.counting.sittings`), or what became of messages (`expiry`).

Clicks go by the day on which their message was sent, as messages do, in the order of their keys: up to
a moment all are settled. Those that were made within the last day stay as they are, so that what
comes soon after is judged together with them; they are looked at again among the clicks that had arrived by
the day before. So nothing is searched for: a round costs as much as has grown old, and has arrived since the
round before.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracker.judging.signals import SETTLED
from tracker.sql.db import Db
from tracker.store import database
from tracker.store.chunks import Changeable, Pace, db_of, writing
from tracker.store.database import Watermark
from tracker.store.keys import MessageKey, moment_s
from tracker.store.reserved import DAY_S
from tracker.store.rows import named_rows

CHUNK_ROWS = 2000
"""Clicks that are looked at in one transaction, at most."""
KEPT_S = DAY_S
"""For so long after it was made a click keeps what it is judged by, whatever the settings: far longer than
any rule looks back or ahead (`tracker.judging.rules`), so a label does not depend on when details go."""

_BEFORE: Watermark = "clicks_settled_before_s"
"""Clicks on messages that were sent earlier are settled, but for those that arrived since."""
_UP_TO: Watermark = "clicks_settled_up_to"
"""Clicks on such messages are settled if they arrived up to this one."""
_NEXT: Watermark = "clicks_settled_next"
"""The latest arrival at the moment `_NOTED`, up to which they are settled next."""
_NOTED: Watermark = "clicks_settled_noted_s"

_CLICKS = """
    SELECT sent_s, message_id, event_id, user_agent_id, signal_set_id FROM clicks
    WHERE (sent_s, message_id, event_id) > (?, ?, ?) AND sent_s < ?
    ORDER BY sent_s, message_id, event_id LIMIT ?
"""
_OF_MESSAGE = """
    SELECT sent_s, message_id, event_id, user_agent_id, signal_set_id FROM clicks
    WHERE sent_s = ? AND message_id = ? AND event_id > ? ORDER BY event_id LIMIT ?
"""
_SETTLE = """
    UPDATE clicks SET ip = NULL, user_agent_id = ?, signal_set_id = ?
    WHERE sent_s = ? AND message_id = ? AND event_id = ?
"""
_DROP_PSEUDONYM = """
    DELETE FROM pseudonyms WHERE sent_s = ? AND message_id = ? AND event_id = ?
"""
_PSEUDONYMS = """
    SELECT leaving.sent_s, leaving.message_id, leaving.event_id, method, signals
    FROM (
        SELECT sent_s, message_id, event_id FROM pseudonyms WHERE day < ?
        UNION ALL SELECT sent_s, message_id, event_id FROM pseudonyms WHERE day > ? LIMIT ?
    ) AS leaving
    LEFT JOIN clicks ON clicks.sent_s = leaving.sent_s
        AND clicks.message_id = leaving.message_id AND clicks.event_id = leaving.event_id
    LEFT JOIN signal_sets ON signal_sets.id = signal_set_id
"""
_SIGNALS = """
    UPDATE clicks SET signal_set_id = ? WHERE sent_s = ? AND message_id = ? AND event_id = ?
"""
_ARRIVED = """
    SELECT arrival, sent_s, message_id FROM arrivals WHERE arrival > ? AND arrival <= ?
    ORDER BY arrival LIMIT ?
"""
_LATEST_ARRIVAL = "SELECT coalesce(max(arrival), 0) FROM arrivals"
_MADE = """
    SELECT event_id FROM (
        SELECT arrival, (
            SELECT event_id FROM clicks
            WHERE clicks.sent_s = arrivals.sent_s AND clicks.message_id = arrivals.message_id
            AND clicks.arrival = arrivals.arrival
        ) AS event_id
        FROM arrivals WHERE arrival >= ?
    ) AS listed
    WHERE event_id IS NOT NULL ORDER BY arrival LIMIT 1
"""
"""No join, of which a server may begin with the clicks, all of them."""
_LEAST_ID = -(2**63)


_NOTHING: named_rows.SignalSet = ("", (SETTLED,))
"""What is left of a request."""


class _Row(NamedTuple):
    sent_s: int
    message_id: int
    event_id: bytes
    agent: int
    signals: int


@dataclass(frozen=True, slots=True)
class Age:
    """Which clicks are old: those on messages sent before a moment, and none of the last day."""

    before_s: float
    now_s: float

    def is_old(self, event_id: bytes) -> bool:
        """Return whether a click is; also one of the future, which a wrong clock told."""
        return not self.now_s - KEPT_S < moment_s(event_id) <= self.now_s


def settling(opened: Changeable, age: Age) -> Iterator[int]:
    """Settle clicks that have grown old; yield how many each transaction settled."""
    with writing(opened) as db:
        if database.watermark(db, _BEFORE) > age.before_s:  # they are to be kept for longer now
            database.set_watermark(db, _BEFORE, age.before_s)
    yield from _by_sending(opened, age)
    yield from _by_arrival(opened, age)


def _by_sending(opened: Changeable, age: Age) -> Iterator[int]:
    """Settle clicks on messages that have grown old since the last time."""
    pace = Pace(CHUNK_ROWS)
    since_s = int(database.watermark(db_of(opened), _BEFORE))
    after: tuple[int, int, bytes] = (since_s, _LEAST_ID, b"")
    while True:
        size = pace.size
        asked = [*after, math.ceil(age.before_s), size]
        _read(db_of(opened), _CLICKS, asked)
        with pace.writing(opened) as db:
            found = [_Row(*row) for row in db.execute(_CLICKS, asked)]
            settled = _settle(db, found, age)
            is_last = len(found) < size
            reached_s = age.before_s if is_last else found[-1].sent_s
            database.raise_watermark(db, _BEFORE, reached_s)
        yield settled
        if is_last:
            return
        after = found[-1][:3]


def _read(db: Db, query: str, values: Sequence[object]) -> None:
    """Have SQLite read from the disk, while nobody waits to write, what it is to change next."""
    for _ in db.execute(query, values):
        pass


def _by_arrival(opened: Changeable, age: Age) -> Iterator[int]:
    """Settle clicks that arrived when their message had grown old already."""
    db = db_of(opened)
    noted_s = database.watermark(db, _NOTED)
    if noted_s > age.now_s:
        # A wrong clock did: nobody knows how old those are that arrived by then.
        with writing(opened) as db:
            database.set_watermark(db, _NOTED, age.now_s)
        return
    if noted_s > age.now_s - KEPT_S:
        return
    up_to, end = (int(database.watermark(db, each)) for each in (_UP_TO, _NEXT))
    if not noted_s:
        up_to = end = _arrived_before(db, age.now_s - 2 * KEPT_S)
    pace = Pace(CHUNK_ROWS)
    while found := db_of(opened).execute(_ARRIVED, [up_to, end, CHUNK_ROWS]).fetchall():
        late = {MessageKey(*key) for _, *key in found if key[0] < age.before_s}
        for message in sorted(late):
            yield from _of_message(opened, message, age, pace)
        up_to = found[-1][0]
        with writing(opened) as db:
            database.raise_watermark(db, _UP_TO, up_to)
        yield 0
    with writing(opened) as db:
        database.raise_watermark(db, _UP_TO, end)
        database.set_watermark(db, _NEXT, db.execute(_LATEST_ARRIVAL).fetchone()[0])
        database.set_watermark(db, _NOTED, age.now_s)


def _arrived_before(db: Db, moment: float) -> int:
    """Return about how many clicks had arrived by a moment: as far as they arrive in order of time."""
    first, last = 0, int(db.execute(_LATEST_ARRIVAL).fetchone()[0])
    while first < last:
        middle = (first + last + 1) // 2
        found = db.execute(_MADE, [middle]).fetchone()
        if found is None or moment_s(found[0]) >= moment:
            last = middle - 1
        else:
            first = middle
    return first


def _of_message(opened: Changeable, message: MessageKey, age: Age, pace: Pace) -> Iterator[int]:
    after = b""
    while True:
        with pace.writing(opened) as db:
            size = pace.size
            found = [_Row(*row) for row in db.execute(_OF_MESSAGE, [*message, after, size])]
            settled = _settle(db, found, age)
        yield settled
        if len(found) < size:
            return
        after = found[-1].event_id


def _settle(db: Db, rows: Sequence[_Row], age: Age) -> int:
    """Settle those of some clicks that are old and not settled yet; return how many."""
    signals = named_rows.signal_set_ids(db, [_NOTHING])[_NOTHING]
    going = [row for row in rows if row.signals != signals and age.is_old(row.event_id)]
    if not going:
        return 0
    nameless = named_rows.ids(db, "user_agents", [""])[""]
    db.executemany(_SETTLE, [(nameless, signals, *row[:3]) for row in going])
    db.executemany(_DROP_PSEUDONYM, [row[:3] for row in going])
    named_rows.change_agents(db, [(row.agent, nameless) for row in going])
    return len(going)


def leaving(opened: Changeable, now_s: float) -> Iterator[int]:
    """Delete pseudonyms of before yesterday, whose secrets are destroyed; yield after each transaction.

    Of the clicks, which nothing tells apart any more, all else stays as it is.
    """
    today = int(now_s // DAY_S)
    pace = Pace(CHUNK_ROWS)
    deleted = size = 0
    while deleted == size:
        size = pace.size
        with pace.writing(opened) as db:
            found = db.execute(_PSEUDONYMS, [today - 1, today + 1, size]).fetchall()
            kept = {row[3:]: _settled(*row[3:]) for row in found if row[3] is not None}
            ids = named_rows.signal_set_ids(db, set(kept.values()))
            changed = [(ids[kept[row[3:]]], *row[:3]) for row in found if row[3] is not None]
            db.executemany(_SIGNALS, changed)
            db.executemany(_DROP_PSEUDONYM, [row[:3] for row in found])
            deleted = len(found)
        yield deleted


def _settled(method: str, signals: str) -> named_rows.SignalSet:
    return method, tuple(sorted({*signals.split(), SETTLED}))
