"""The rows of a store of the first form, copied into one of the second.

Owns: what each table becomes, in chunks that take one transaction each, in the order of the new keys:
so pages are filled one after the other.
Does not own: the files, or when it is done (`upgrade`); the tables (`schema`, `tracker.store.file.schema`); or
how keys are made (`tracker.store.keys`).

The earlier store is attached as `first`, in the last state of its form. Sums are copied: they know of what
was purged. Sums that the first form did not have are made from what rows are left.
"""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracker.first_form import sets
from tracker.sql.sqlite import SQLite
from tracker.store import keys
from tracker.store.reserved import DAY_S, HOUR_S, PURGED

CHUNK_ROWS = 20_000
CHUNK_MESSAGES = 4000
"""With all clicks on them, in one transaction: about a second."""
BEGINNING = -(2**62)
"""Where the first chunk of every stage begins."""
_INTO = re.compile(r"\s*INSERT OR \w+ INTO (?:main\.)?(\w+)")


@dataclass(frozen=True, slots=True)
class Stage:
    """Some tables, which are copied in chunks.

    `bound` is a query for where the next chunk ends (:upto), by where the one before ended (:after), of
    `rows` at most; NULL where nothing is left. `counted` are the tables whose rows make the work.
    `finish` does what is no matter of SQL, and returns how many of these rows it had.
    """

    name: str
    bound: str
    statements: tuple[str, ...]
    counted: tuple[str, ...]
    rows: int = CHUNK_ROWS
    finish: Callable[[SQLite, Mapping[str, int]], int] | None = None


def prepare(db: SQLite) -> None:
    """Make what the statements need, on a connection to the new store."""
    for name, arguments, function in (
        ("message_number", 1, keys.message_number),
        ("event_octets", 2, keys.event_octets),
        ("destination_hash", 1, functools.lru_cache(4096)(keys.destination_hash)),
        ("address_octets", 1, keys.address_octets),
    ):
        db.conn.create_function(name, arguments, function, deterministic=True)
    db.conn.executescript(_TEMPORARY)


class Copied(NamedTuple):
    """Where a chunk ended, and how many rows of the counted tables it had."""

    upto: int
    rows: int


def copy_chunk(db: SQLite, stage: Stage, after: int) -> Copied | None:
    """Copy the next chunk, within the open transaction; return None where nothing is left."""
    upto = db.execute(stage.bound, {"after": after, "rows": stage.rows}).fetchone()[0]
    if upto is None or upto <= after:
        return None
    values = {"after": after, "upto": upto}
    rows = 0
    for sql in stage.statements:
        written = db.execute(sql, values).rowcount
        into = _INTO.match(sql)
        rows += written if into and into[1] in (stage.name, *stage.counted) else 0
    if stage.finish is not None:
        rows += stage.finish(db, values)
    return Copied(upto, rows)


def _by_id(table: str, *statements: str) -> Stage:
    """Return the stage of a table whose rows have a number."""
    bound = f"""
        SELECT max(id) FROM (
            SELECT id FROM first.{table} WHERE id > :after ORDER BY id LIMIT :rows
        )
    """  # noqa: S608 - names of our own
    return Stage(table, bound, statements, (table,))


def _whole(name: str, statements: Sequence[str], tables: Sequence[str]) -> Stage:
    """Return the stage of tables that are copied in one go."""
    return Stage(name, "SELECT iif(:after < 0, :rows, NULL)", tuple(statements), tuple(tables))


def _same(table: str, columns: str) -> str:
    """Return the statement for a table that is as it was."""
    return f"INSERT OR REPLACE INTO main.{table} ({columns}) SELECT {columns} FROM first.{table}"  # noqa: S608 - names of our own


def _same_by_id(table: str, columns: str) -> Stage:
    return _by_id(table, f"{_same(table, columns)} WHERE id > :after AND id <= :upto ORDER BY id")


_TEMPORARY = """
    CREATE TEMP TABLE moved (             -- messages of a chunk: their rows and keys
        row INTEGER PRIMARY KEY,
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        campaign_id INTEGER NOT NULL
    );
    CREATE TEMP TABLE clicked (           -- the clicks on them
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        event_id BLOB NOT NULL,
        arrival INTEGER NOT NULL,
        at_s REAL NOT NULL,
        recipient INTEGER NOT NULL,
        number INTEGER NOT NULL,
        hash BLOB NOT NULL,
        url TEXT NOT NULL,
        link_id INTEGER NOT NULL,
        user_agent_id INTEGER NOT NULL,
        method TEXT NOT NULL,
        signals TEXT NOT NULL,
        human INTEGER NOT NULL,
        doubtful INTEGER NOT NULL,
        score INTEGER NOT NULL,
        reasons TEXT NOT NULL,
        ip BLOB,
        campaign_id INTEGER NOT NULL,
        person_id INTEGER,
        PRIMARY KEY (sent_s, message_id, event_id)
    ) WITHOUT ROWID;
    CREATE TEMP TABLE summed (            -- of these
        made_in INTEGER NOT NULL,
        sent_on INTEGER NOT NULL,
        campaign_id INTEGER NOT NULL,
        link_id INTEGER NOT NULL,
        human INTEGER NOT NULL,
        doubtful INTEGER NOT NULL,
        total INTEGER NOT NULL,
        shared INTEGER NOT NULL
    );
"""
_SUMS = """
    day, campaign_id, link_id, messages, deliveries, clicked, shared_messages, shared_recipients,
    clicks_human, clicks_doubtful, clicks_all, clicks_shared, unique_human, unique_doubtful, unique_all
"""
_SMALL = _whole(
    "names",
    (
        _same("settings", "name, value"),
        _same("segments", "name, offset"),
        _same("campaigns", "id, name"),
        _same("link_aliases", "link_id, leads_to"),
        _same("campaign_links", "campaign_id, link_id, day, slot"),
        _same("unknown_messages", "day, campaign_id, messages"),
        _same("counters", _SUMS),
        """INSERT OR IGNORE INTO purged_clicks (event_id)
        SELECT event_octets(event_id, at_s) FROM first.purged_clicks ORDER BY 1""",
        _same("slots", "id, campaign_id, hash, text, places"),
        _same("slot_values", "slot_id, place, value, person_id"),
        """INSERT OR REPLACE INTO slot_moves (slot_id, after_sent_s, after_message_id)
        SELECT slot_id, 0, 0 FROM first.slot_moves""",
    ),
    ("campaigns", "campaign_links", "counters", "purged_clicks", "slots", "slot_values"),
)
_SETS = _by_id(
    "link_sets",
    _same("link_sets", "id, hash, links") + " WHERE id > :after AND id <= :upto ORDER BY id",
    *(
        f"{_same(table, columns)} WHERE link_set_id > :after AND link_set_id <= :upto"
        for table, columns in (
            ("link_set_links", "link_set_id, number, link_id"),
            ("link_set_ignored", "link_set_id, number, params"),
            ("link_set_slots", "link_set_id, number, hash"),
        )
    ),
)
_KEY = "CAST(sent_at_s AS INTEGER), message_number(message_id)"

_MOVE_MESSAGES = (
    "DELETE FROM moved",
    f"""INSERT INTO moved SELECT id, {_KEY}, campaign_id
    FROM first.messages WHERE sent_at_s >= :after AND sent_at_s < :upto""",  # noqa: S608 - a constant
    """INSERT OR IGNORE INTO domains (name)
    SELECT DISTINCT sender_domain FROM moved CROSS JOIN first.messages AS old ON old.id = row
    WHERE sender_domain IS NOT NULL""",
    """INSERT OR IGNORE INTO messages
        (sent_s, message_id, campaign_id, link_set_id, domain_id, shared, counted, unknown)
    SELECT moved.sent_s, moved.message_id, old.campaign_id, link_set_id, domains.id,
        shared, counted, unknown
    FROM moved CROSS JOIN first.messages AS old ON old.id = row
    LEFT JOIN domains ON domains.name = sender_domain
    ORDER BY moved.sent_s, moved.message_id""",
    """UPDATE link_sets SET messages = messages + more FROM (
        SELECT link_set_id, count(*) AS more FROM moved CROSS JOIN first.messages AS old
        ON old.id = row WHERE link_set_id IS NOT NULL GROUP BY link_set_id
    ) AS found WHERE link_sets.id = found.link_set_id""",
)
_CLICKS = (
    "DELETE FROM clicked",
    # Of a machine that nobody judged since, only that it was one is known: it stays one.
    """INSERT OR IGNORE INTO clicked
    SELECT sent_s, moved.message_id, event_octets(old.event_id, at_s), old.id, at_s, recipient,
        number, destination_hash(destination), destination, link_id, user_agent_id, method,
        iif(human OR score OR signals != '', signals, 'head'), human, doubtful,
        iif(human OR score, score, 100), reasons, address_octets(ip), moved.campaign_id, person_id
    FROM moved CROSS JOIN first.clicks AS old ON old.message = row""",
    """INSERT OR IGNORE INTO deliveries (sent_s, message_id, number, person_id, address, accepted,
        refused, clicks, clicks_human, clicks_doubtful)
    SELECT moved.sent_s, moved.message_id, old.number, person_id, address, accepted, refused,
        clicks, clicks_human, (
            SELECT count(*) FROM clicked WHERE clicked.sent_s = moved.sent_s
            AND clicked.message_id = moved.message_id AND recipient = old.number
            AND human AND doubtful
        )
    FROM moved CROSS JOIN first.deliveries AS old ON old.message = row
    ORDER BY moved.sent_s, moved.message_id, old.number""",
    """INSERT OR IGNORE INTO destinations (hash, url)
    SELECT hash, min(url) FROM clicked GROUP BY hash""",
    """UPDATE destinations SET clicks = clicks + more FROM (
        SELECT hash, count(*) AS more FROM clicked GROUP BY hash
    ) AS found WHERE destinations.hash = found.hash""",
    """UPDATE user_agents SET clicks = clicks + more FROM (
        SELECT user_agent_id, count(*) AS more FROM clicked GROUP BY user_agent_id
    ) AS found WHERE user_agents.id = found.user_agent_id""",
    """INSERT OR IGNORE INTO verdicts (human, doubtful, score, reasons)
    SELECT DISTINCT human, doubtful, score, reasons FROM clicked""",
    """INSERT OR IGNORE INTO signal_sets (method, signals)
    SELECT DISTINCT method, signals FROM clicked""",
    """INSERT OR IGNORE INTO clicks (sent_s, message_id, event_id, arrival, recipient, number,
        destination_id, link_id, user_agent_id, signal_set_id, verdict_id, ip)
    SELECT sent_s, message_id, event_id, arrival, recipient, number, destinations.id, link_id,
        user_agent_id, signal_sets.id, verdicts.id, ip
    FROM clicked CROSS JOIN destinations ON destinations.hash = clicked.hash
    CROSS JOIN signal_sets ON signal_sets.method = clicked.method
        AND signal_sets.signals = clicked.signals
    CROSS JOIN verdicts ON verdicts.human = clicked.human AND verdicts.doubtful = clicked.doubtful
        AND verdicts.score = clicked.score AND verdicts.reasons = clicked.reasons
    ORDER BY sent_s, message_id, event_id""",
)
_SENT_ON = f"max(1, sent_s / {DAY_S})"
_MADE_IN = f"max({DAY_S // HOUR_S}, CAST(at_s / {HOUR_S} AS INTEGER))"
_ADDED = """
    clicks_human = clicks_human + excluded.clicks_human,
    clicks_doubtful = clicks_doubtful + excluded.clicks_doubtful,
    clicks_all = clicks_all + excluded.clicks_all
"""
_BY_TIME = (
    "DELETE FROM summed",
    f"""INSERT INTO summed
    SELECT {_MADE_IN} AS made_in, {_SENT_ON} AS sent_on, campaign_id, link_id,
        sum(human), sum(human AND doubtful), count(*), sum(recipient = 0)
    FROM clicked GROUP BY made_in, sent_on, campaign_id, link_id""",  # noqa: S608 - constants
    *(
        f"""INSERT INTO cohorts (day, campaign_id, link_id,
            clicks_human, clicks_doubtful, clicks_all, clicks_shared)
        SELECT sent_on, {campaign} AS campaign, {link} AS link,
            sum(human), sum(doubtful), sum(total), sum(shared)
        FROM summed WHERE true GROUP BY sent_on, campaign, link
        ON CONFLICT DO UPDATE SET {_ADDED}, clicks_shared = clicks_shared + excluded.clicks_shared"""  # noqa: S608 - constants
        for campaign, link in (("campaign_id", "link_id"), ("campaign_id", "0"), ("0", "0"))
    ),
    *(
        f"""INSERT INTO hours (hour, campaign_id, clicks_human, clicks_doubtful, clicks_all)
        SELECT made_in, {campaign} AS campaign, sum(human), sum(doubtful), sum(total)
        FROM summed WHERE true GROUP BY made_in, campaign ON CONFLICT DO UPDATE SET {_ADDED}"""  # noqa: S608 - constants
        for campaign in ("campaign_id", "0")
    ),
    f"""INSERT INTO judged_days (day, verdict_id, clicks)
    SELECT {_SENT_ON} AS sent_on, verdicts.id, count(*)
    FROM clicked CROSS JOIN verdicts ON verdicts.human = clicked.human
        AND verdicts.doubtful = clicked.doubtful
        AND verdicts.score = clicked.score AND verdicts.reasons = clicked.reasons
    GROUP BY sent_on, verdicts.id
    ON CONFLICT DO UPDATE SET clicks = clicks + excluded.clicks""",  # noqa: S608 - constants
)
"""Clicks by the day of sending, by the hour and by what they were judged to be, which no purge left: they are of the rows there are."""
_MESSAGES = Stage(
    "messages",
    """SELECT CAST(max(sent_at_s) AS INTEGER) + 1 FROM (
        SELECT sent_at_s FROM first.messages WHERE sent_at_s >= :after
        ORDER BY sent_at_s LIMIT :rows
    )""",
    (*_MOVE_MESSAGES, *_CLICKS, *_BY_TIME),
    ("messages", "deliveries", "clicks"),
    CHUNK_MESSAGES,
    sets.add_days,
)
_LOST = """
    SELECT message, CAST(min(at_s) AS INTEGER), message_number('row ' || message), :purged
    FROM first.clicks WHERE message > :after AND message <= :upto
    AND NOT EXISTS (SELECT 1 FROM first.messages WHERE id = message) GROUP BY message
""".replace(":purged", str(PURGED))
_CLICKS_ALONE = Stage(
    "clicks alone",
    """SELECT max(message) FROM (
        SELECT DISTINCT message FROM first.clicks WHERE message > :after
        AND NOT EXISTS (SELECT 1 FROM first.messages WHERE id = message)
        ORDER BY message LIMIT :rows
    )""",
    (
        "DELETE FROM moved",
        f"INSERT INTO moved {_LOST}",
        """INSERT OR IGNORE INTO messages
            (sent_s, message_id, campaign_id, shared, counted, unknown)
        SELECT sent_s, message_id, campaign_id, 0, 1, 0 FROM moved""",
        *_CLICKS,
        *_BY_TIME,
        """INSERT OR IGNORE INTO arrivals (arrival, sent_s, message_id)
        SELECT arrival, sent_s, message_id FROM clicked""",
    ),
    (),
    CHUNK_MESSAGES,
    sets.add_days,
)
"""Clicks whose message no version should have left without a row: they are those of a purged one."""
_ARRIVALS = Stage(
    "arrivals",
    "SELECT max(id) FROM (SELECT id FROM first.clicks WHERE id > :after ORDER BY id LIMIT :rows)",
    (
        f"""INSERT OR IGNORE INTO arrivals (arrival, sent_s, message_id)
        SELECT old.id, {_KEY}
        FROM first.clicks AS old CROSS JOIN first.messages ON messages.id = message
        WHERE old.id > :after AND old.id <= :upto ORDER BY old.id""",  # noqa: S608 - a constant
    ),
    ("clicks",),
    50_000,
)
_CLICKERS = Stage(
    "clickers",
    """SELECT max(campaign_id) FROM (
        SELECT campaign_id FROM first.clickers WHERE campaign_id > :after
        ORDER BY campaign_id LIMIT :rows
    )""",
    (),
    ("clickers",),
    finish=sets.add_all_days,
)
"""A campaign at least, and all campaigns together, in one go."""
_SIGHTINGS = _by_id(
    "sightings",
    f"""INSERT OR IGNORE INTO sightings (id, hash, sent_s, message_id)
    SELECT old.id, old.hash, {_KEY}
    FROM first.sightings AS old CROSS JOIN first.messages ON messages.id = message
    WHERE old.id > :after AND old.id <= :upto ORDER BY old.id""",  # noqa: S608 - a constant
)


def _by_sending(table: str, *statements: str) -> Stage:
    """Return the stage of a table whose rows tell when a message was sent."""
    bound = f"""
        SELECT CAST(max(sent_at_s) AS INTEGER) + 1 FROM (
            SELECT sent_at_s FROM first.{table} WHERE sent_at_s >= :after
            ORDER BY sent_at_s LIMIT :rows
        )
    """  # noqa: S608 - names of our own
    return Stage(table, bound, statements, (table,))


# Each copy of a message had an event of its own; an open has its token's second, as its event would again.
_PIXELS = _by_sending(
    "pixels",
    """INSERT OR IGNORE INTO pixels
        (sent_s, message_id, number, campaign_id, personal, accepted)
    SELECT CAST((
        SELECT min(sent_at_s) FROM first.pixels AS copies WHERE copies.message_id = old.message_id
    ) AS INTEGER), message_number(message_id), number, campaign_id, personal, accepted
    FROM first.pixels AS old WHERE sent_at_s >= :after AND sent_at_s < :upto ORDER BY 1, 2, 3""",
)
_OPENS = _by_sending(
    "opens",
    f"""INSERT OR IGNORE INTO opens (sent_s, message_id, event_id, number, human)
    SELECT {_KEY}, event_octets(event_id, at_s), number, human
    FROM first.opens WHERE sent_at_s >= :after AND sent_at_s < :upto ORDER BY 1, 2, 3""",  # noqa: S608 - a constant
)
STAGES = (
    _SMALL,
    _same_by_id("persons", "id, name"),
    _same_by_id("user_agents", "id, name"),
    _same_by_id("links", "id, name, url, text, own"),
    _SETS,
    _MESSAGES,
    _CLICKS_ALONE,
    _ARRIVALS,
    _CLICKERS,
    _SIGHTINGS,
    _PIXELS,
    _OPENS,
)


def work(db: SQLite) -> int:
    """Return how many rows there are to be copied, with the earlier store attached."""
    return sum(_count(db, table) for stage in STAGES for table in stage.counted)


def _count(db: SQLite, table: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM first.{table}").fetchone()[0])  # noqa: S608 - names of our own
