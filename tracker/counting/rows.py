"""Rows of messages, deliveries and clicks: read as values of `model`, written from them.

Owns: the SQL of these tables while events are fed, each column by its name.
Does not own: what becomes of the values (`batch`), the sums (`sums`), or rows that are known by a
name (`tracker.store.rows.named_rows`).
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from tracker.counting.message_keys import Renamed
from tracker.counting.model import Click, Delivery, Message
from tracker.counting.sittings import Copy, Pair, Span
from tracker.events import Clicked
from tracker.judging.click import Click as Made
from tracker.judging.click import network_of
from tracker.judging.judge import Verdict
from tracker.privacy.pseudonyms import is_pseudonym, octets, of_octets
from tracker.sql.db import Db, Given
from tracker.store import queries
from tracker.store.keys import MessageKey, address_octets, address_text, first_of, moment_s
from tracker.store.reserved import day_of

Row = dict[str, Any]
"""A row to be written, by the names of its columns."""
Deliveries = Mapping[tuple[MessageKey, int], Delivery]
"""Deliveries by their message and number."""

_WANTED = Given("wanted", {"sent_s": "INTEGER", "message_id": "INTEGER"})
_MESSAGES = """
    SELECT messages.sent_s, messages.message_id, domain_id, campaign_id, link_set_id,
        link_sets.links, shared, deliveries.number, person_id, address, accepted, refused, clicks,
        clicks_human, clicks_doubtful
    FROM wanted CROSS JOIN messages ON messages.sent_s {}
        AND messages.message_id = wanted.message_id
    LEFT JOIN link_sets ON link_sets.id = link_set_id
    LEFT JOIN deliveries ON deliveries.sent_s = messages.sent_s
        AND deliveries.message_id = messages.message_id
"""
_OF_KEYS = _MESSAGES.format("= wanted.sent_s")
_NEAR_KEYS = _MESSAGES.format("IN (wanted.sent_s - 1, wanted.sent_s, wanted.sent_s + 1)")
_RENAME = tuple(
    f"UPDATE {table} SET sent_s = :now WHERE sent_s = :before AND message_id = :id"  # noqa: S608 - names of ours
    for table in ("messages", "deliveries", "clicks", "told_clicks", "outbox", "pseudonyms")
)
_RENAME_REFERENCES = (
    """UPDATE arrivals SET sent_s = :now WHERE arrival IN
        (SELECT arrival FROM clicks WHERE sent_s = :now AND message_id = :id)""",
    "UPDATE sightings SET sent_s = :now WHERE sent_s = :before AND message_id = :id",
)
_SPANS = Given(
    "spans",
    {
        "sent_s": "INTEGER",
        "message_id": "INTEGER",
        "recipient": "INTEGER",
        "first": "BLOB",
        "last": "BLOB",
    },
)
_IN_SPANS = """
    FROM spans CROSS JOIN clicks ON clicks.sent_s = spans.sent_s
        AND clicks.message_id = spans.message_id AND clicks.event_id >= first AND clicks.event_id < last
        AND clicks.recipient = spans.recipient
"""
_MOMENTS = f"SELECT clicks.sent_s, clicks.message_id, clicks.recipient, clicks.event_id {_IN_SPANS}"
_CLICKS = f"""
    SELECT clicks.sent_s, clicks.message_id, clicks.event_id, clicks.recipient, number, url, signals, ip,
        user_agents.name AS agent, human, doubtful, score, reasons, link_id,
        pseudonyms.network, pseudonyms.agent
    {_IN_SPANS}
    JOIN user_agents ON user_agents.id = user_agent_id
    JOIN destinations ON destinations.id = destination_id
    JOIN signal_sets ON signal_sets.id = signal_set_id
    JOIN verdicts ON verdicts.id = verdict_id
    LEFT JOIN pseudonyms ON pseudonyms.sent_s = clicks.sent_s
        AND pseudonyms.message_id = clicks.message_id AND pseudonyms.event_id = clicks.event_id
"""
_WANTED_CLICKS = Given(
    "wanted_clicks", {"sent_s": "INTEGER", "message_id": "INTEGER", "event_id": "BLOB"}
)
_KNOWN_CLICKS = """
    SELECT sent_s, message_id, event_id
    FROM wanted_clicks CROSS JOIN clicks USING (sent_s, message_id, event_id)
"""
_PURGED_EVENTS = "SELECT event_id FROM purged_clicks WHERE event_id IN (:values)"
_REMEMBER_EVENT = "INSERT INTO purged_clicks VALUES (?) ON CONFLICT DO NOTHING"
_PUT_MESSAGE = """
    INSERT INTO messages
        (sent_s, message_id, campaign_id, link_set_id, domain_id, shared, counted, unknown)
    VALUES (:sent_s, :message_id, :campaign_id, :link_set_id, :domain_id, :shared, :counted,
        :unknown)
    ON CONFLICT (sent_s, message_id) DO UPDATE SET
        campaign_id = excluded.campaign_id, link_set_id = excluded.link_set_id,
        domain_id = excluded.domain_id, shared = excluded.shared, counted = excluded.counted,
        unknown = excluded.unknown
"""
_PUT_DELIVERY = """
    INSERT INTO deliveries
        (sent_s, message_id, number, person_id, address, accepted, refused,
        clicks, clicks_human, clicks_doubtful)
    VALUES (:sent_s, :message_id, :number, :person_id, :address, :accepted, :refused,
        :clicks, :clicks_human, :clicks_doubtful)
    ON CONFLICT (sent_s, message_id, number) DO UPDATE SET
        accepted = excluded.accepted, refused = excluded.refused, clicks = excluded.clicks,
        clicks_human = excluded.clicks_human, clicks_doubtful = excluded.clicks_doubtful
"""
_PUT_DELIVERY_OF = f"{_PUT_DELIVERY}, person_id = excluded.person_id, address = excluded.address"
"""Apart, as SQLite writes the indexes anew of all columns that it is given a value for, the same or not."""
_PUT_ARRIVAL = "INSERT INTO arrivals (arrival, sent_s, message_id) VALUES (?, ?, ?)"
_PUT_PSEUDONYM = """
    INSERT INTO pseudonyms (sent_s, message_id, event_id, day, network, agent)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (sent_s, message_id, event_id) DO UPDATE SET
        day = excluded.day, network = excluded.network, agent = excluded.agent
"""
_CHANGE_CLICK = """
    UPDATE clicks SET verdict_id = :verdict_id, link_id = :link_id
    WHERE sent_s = :sent_s AND message_id = :message_id AND event_id = :event_id
"""


class Shared(NamedTuple):
    """The rows of what a click tells that others tell as well."""

    destination_id: int
    user_agent_id: int
    signal_set_id: int
    verdict_id: int


class ClickRow(NamedTuple):
    """The row of a click, by the names of its columns."""

    sent_s: int
    message_id: int
    event_id: bytes
    arrival: int
    recipient: int
    number: int
    destination_id: int
    user_agent_id: int
    signal_set_id: int
    verdict_id: int
    link_id: int
    ip: bytes | None


_PUT_CLICK = f"""
    INSERT INTO clicks ({", ".join(ClickRow._fields)})
    VALUES ({", ".join("?" * len(ClickRow._fields))})
"""  # noqa: S608 - names of ours


def read_messages(db: Db, keys: Iterable[MessageKey]) -> dict[MessageKey, Message]:
    """Return those of these messages that the store has, with their deliveries."""
    return _read_messages(db, _OF_KEYS, keys)


def read_messages_near(db: Db, keys: Iterable[MessageKey]) -> dict[MessageKey, Message]:
    """Return the messages under these keys and those next to them (`message_keys.near`)."""
    return _read_messages(db, _NEAR_KEYS, keys)


def _read_messages(db: Db, query: str, keys: Iterable[MessageKey]) -> dict[MessageKey, Message]:
    messages: dict[MessageKey, Message] = {}
    for row in db.execute_given(query, _WANTED, sorted({*keys})):
        key = MessageKey(row[0], row[1])
        message = messages.get(key)
        if message is None:
            message = Message(key, row[2], row[3], row[4], row[5], bool(row[6]))
            messages[key] = message
        if row[7] is not None:
            flags = bool(row[10]), bool(row[11])
            message.deliveries[row[7]] = Delivery(row[8], row[9], *flags, *row[12:])
    return messages


def rename_messages(db: Db, renamed: Renamed) -> None:
    """Name messages by other seconds, in all tables that tell of them."""
    values = [
        {"now": now.sent_s, "before": before.sent_s, "id": before.message_id}
        for before, now in renamed.items()
    ]
    for sql in (*_RENAME, *_RENAME_REFERENCES):
        db.executemany(sql, values)


def read_clicks(
    db: Db,
    spans: Iterable[Span],
    messages: Mapping[MessageKey, Message],
    before: Mapping[MessageKey, Message] = MappingProxyType({}),
) -> list[Pair]:
    """Return the clicks of copies in spans of time, each with its message, one of `messages`.

    A click counts for what its message says, or said `before` where that is given.
    """
    return [_pair(row, messages, before) for row in _in_spans(db, _CLICKS, spans)]


def read_moments(db: Db, spans: Iterable[Span]) -> dict[Copy, list[float]]:
    """Return when the copies were clicked, in seconds since 1970, in spans of time."""
    found: dict[Copy, list[float]] = {}
    for sent_s, message_id, recipient, event_id in _in_spans(db, _MOMENTS, spans):
        copy = MessageKey(sent_s, message_id), recipient
        found.setdefault(copy, []).append(moment_s(event_id))
    return found


def _in_spans(db: Db, query: str, spans: Iterable[Span]) -> Iterable[Any]:
    """Return the rows of a query that reads spans; none where there is no span."""
    wanted = sorted([(*span.message, span.recipient, *_bounds(span)) for span in spans])
    return db.execute_given(query, _SPANS, wanted) if wanted else ()


def _bounds(span: Span) -> tuple[bytes, bytes]:
    return first_of(span.from_s), first_of(span.to_s)


def _pair(
    row: Sequence[Any],
    messages: Mapping[MessageKey, Message],
    before: Mapping[MessageKey, Message],
) -> Pair:
    key = MessageKey(row[0], row[1])
    message = messages[key]
    event_id, recipient, number, url, signals, ip, agent = row[2:9]
    network = _network(ip) if row[14] is None else of_octets(row[14])
    if row[15] is not None:
        agent = of_octets(row[15])
    click = Click(
        event_id,
        recipient,
        url,
        Made(moment_s(event_id), number, network, agent, _words(signals)),
        _verdict(*row[9:13]),
        before.get(key, message).attribution(recipient, row[13]),
    )
    return message, click


@lru_cache(maxsize=4096)
def _network(ip: bytes | None) -> str | None:
    return network_of(address_text(ip))


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@lru_cache(maxsize=4096)
def _verdict(human: int, doubtful: int, score: int, reasons: str) -> Verdict:
    return Verdict(bool(human), bool(doubtful), score, _words(reasons))


def known_clicks(
    db: Db, wanted: Iterable[tuple[MessageKey, bytes]]
) -> set[tuple[MessageKey, bytes]]:
    """Return those of these clicks, each of a message, that the store has."""
    rows = sorted([(*key, event_id) for key, event_id in wanted])
    if not rows:
        return set()
    found = db.execute_given(_KNOWN_CLICKS, _WANTED_CLICKS, rows)
    return {(MessageKey(row[0], row[1]), row[2]) for row in found}


def purged_events(db: Db, event_ids: Iterable[bytes]) -> set[bytes]:
    """Return those of these ids whose clicks counted and are not kept: purged not long ago, or nobody's."""
    return {event_id for (event_id,) in queries.rows_in(db, _PURGED_EVENTS, event_ids)}


def remember_events(db: Db, event_ids: Iterable[bytes]) -> None:
    """Remember that clicks of these ids were counted, of which nothing else is kept."""
    db.executemany(_REMEMBER_EVENT, [(each,) for each in event_ids])


def write_messages(db: Db, messages: Iterable[Row]) -> None:
    """Insert messages, or update those that are there, by their rows; without their deliveries."""
    db.executemany(_PUT_MESSAGE, messages)


def write_deliveries(db: Db, deliveries: Deliveries) -> None:
    """Insert deliveries, or update those that are there."""
    db.executemany(_PUT_DELIVERY_OF, _delivery_rows(deliveries))


def count_deliveries(db: Db, deliveries: Deliveries) -> None:
    """Insert deliveries, or update what became of those that are there: whose they are is as before."""
    db.executemany(_PUT_DELIVERY, _delivery_rows(deliveries))


def _delivery_rows(deliveries: Deliveries) -> list[Row]:
    return [delivery_row(*key, delivery) for key, delivery in deliveries.items()]


def insert_clicks(db: Db, rows: Sequence[ClickRow]) -> None:
    """Insert clicks, as `click_row` makes them, and the order in which they came."""
    db.executemany(_PUT_CLICK, rows)
    arrivals = [(row.arrival, row.sent_s, row.message_id) for row in rows]
    db.executemany(_PUT_ARRIVAL, arrivals)


def insert_pseudonyms(db: Db, clicks: Iterable[Pair]) -> None:
    """Keep what tells apart the visitors of whom network or agent are not kept."""
    told = [
        (message.key, click.id, click.made.at_s, click.made.network, click.made.agent)
        for message, click in clicks
        if is_pseudonym(click.made.network) or is_pseudonym(click.made.agent)
    ]
    db.executemany(
        _PUT_PSEUDONYM,
        [
            (*key, event_id, day_of(at_s), octets(network), octets(agent))
            for key, event_id, at_s, network, agent in told
        ],
    )


def first_arrival(db: Db, count: int) -> int:
    """Return the number of the first of `count` clicks to be counted; a cursor may stand behind one that was purged."""
    return db.reserve("arrivals", count)


def change_clicks(db: Db, clicks: Iterable[Pair], verdicts: Mapping[Verdict, int]) -> None:
    """Write down what clicks were judged to be, and under which link they count.

    `verdicts` are the rows of their verdicts.
    """
    db.executemany(
        _CHANGE_CLICK,
        [
            {
                **message.key._asdict(),
                "event_id": click.id,
                "verdict_id": verdicts[click.verdict],
                "link_id": click.counted.link_id,
            }
            for message, click in clicks
        ],
    )


def message_row(message: Message) -> Row:
    """Return the row of a message."""
    return {
        "sent_s": message.key.sent_s,
        "message_id": message.key.message_id,
        "campaign_id": message.campaign_id,
        "link_set_id": message.link_set_id,
        "domain_id": message.domain_id,
        "shared": message.shared,
        "counted": message.counted,
        "unknown": message.unknown,
    }


def delivery_row(message: MessageKey, number: int, delivery: Delivery) -> Row:
    """Return the row of a delivery of a message."""
    return {
        "sent_s": message.sent_s,
        "message_id": message.message_id,
        "number": number,
        "person_id": delivery.person_id,
        "address": delivery.address,
        "accepted": delivery.accepted,
        "refused": delivery.refused,
        "clicks": delivery.clicks,
        "clicks_human": delivery.clicks_human,
        "clicks_doubtful": delivery.clicks_doubtful,
    }


def click_row(
    event: Clicked, message: Message, click: Click, arrival: int, shared: Shared
) -> ClickRow:
    """Return the row of a click."""
    return ClickRow(
        *message.key,
        click.id,
        arrival,
        event.recipient,
        event.link,
        *shared,
        click.counted.link_id,
        address_octets(event.ip),
    )
