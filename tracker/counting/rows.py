"""Rows of messages, deliveries and clicks: read as values of `model`, written from them.

Owns: the SQL of these three tables while events are fed, each column by its name.
Does not own: what becomes of the values (`batch`), the sums (`sums`), or rows that are known by a
name (`tracker.store.named_rows`).
"""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from sqlite_utils import Database

from tracker.counting.model import Attribution, Click, Delivery, Message
from tracker.counting.sittings import Span
from tracker.events import Clicked
from tracker.judging.click import Click as Made
from tracker.judging.click import network_of
from tracker.judging.judge import Verdict
from tracker.store import queries

Row = dict[str, Any]
"""A row to be written, by the names of its columns."""

_MESSAGES = """
    SELECT messages.id, message_id, sent_at_s, sender_domain, campaign_id, link_set_id,
        link_sets.links, shared
    FROM messages LEFT JOIN link_sets ON link_sets.id = link_set_id
    WHERE message_id IN (:values)
"""
_MESSAGES_BY_ROW = _MESSAGES.replace("message_id IN", "messages.id IN")
_DELIVERIES = """
    SELECT message, number, person_id, address, accepted, refused, clicks, clicks_human
    FROM deliveries WHERE message IN (:values)
"""
_SPANS = """
    CREATE TEMP TABLE IF NOT EXISTS spans (
        message INTEGER, recipient INTEGER, from_s REAL, to_s REAL,
        PRIMARY KEY (message, recipient, from_s)
    ) WITHOUT ROWID
"""
_PUT_SPAN = "INSERT INTO spans (message, recipient, from_s, to_s) VALUES (?, ?, ?, ?)"
_CLICKS = """
    SELECT clicks.id, at_s, clicks.message, clicks.recipient, number, destination, signals,
        ip, user_agents.name AS agent, human, doubtful, score, reasons,
        campaign_id, link_id, person_id
    FROM spans CROSS JOIN clicks ON clicks.message = spans.message
        AND clicks.recipient = spans.recipient AND at_s >= from_s AND at_s < to_s
    JOIN user_agents ON user_agents.id = user_agent_id
"""
_KNOWN_EVENTS = "SELECT event_id FROM clicks WHERE event_id IN (:values)"
_PURGED_EVENTS = "SELECT event_id FROM purged_clicks WHERE event_id IN (:values)"
_PUT_MESSAGE = """
    INSERT INTO messages
        (id, message_id, sent_at_s, sender_domain, campaign_id, link_set_id, shared, counted,
        unknown)
    VALUES (:id, :message_id, :sent_at_s, :sender_domain, :campaign_id, :link_set_id, :shared,
        :counted, :unknown)
    ON CONFLICT (id) DO UPDATE SET sent_at_s = excluded.sent_at_s,
        sender_domain = excluded.sender_domain, campaign_id = excluded.campaign_id,
        link_set_id = excluded.link_set_id, shared = excluded.shared, counted = excluded.counted,
        unknown = excluded.unknown
"""
_PUT_DELIVERY = """
    INSERT OR REPLACE INTO deliveries
        (message, number, person_id, address, accepted, refused, clicks, clicks_human)
    VALUES (:message, :number, :person_id, :address, :accepted, :refused, :clicks, :clicks_human)
"""
_PUT_CLICK = """
    INSERT INTO clicks (id, event_id, at_s, message, recipient, number, destination, method,
        signals, human, doubtful, score, reasons, ip, user_agent_id,
        campaign_id, link_id, person_id)
    VALUES (:id, :event_id, :at_s, :message, :recipient, :number, :destination, :method,
        :signals, :human, :doubtful, :score, :reasons, :ip, :user_agent_id,
        :campaign_id, :link_id, :person_id)
"""
_CHANGE_CLICK = """
    UPDATE clicks SET human = :human, doubtful = :doubtful, score = :score, reasons = :reasons,
        campaign_id = :campaign_id, link_id = :link_id, person_id = :person_id
    WHERE id = :id
"""


def read_messages(db: Database, message_ids: Iterable[str]) -> dict[str, Message]:
    """Return those messages that the store has, by their ids, with their deliveries."""
    return _read_messages(db, _MESSAGES, message_ids)


def read_messages_by_row(db: Database, numbers: Iterable[int]) -> dict[str, Message]:
    """Return the messages of these rows, by their ids, with their deliveries."""
    return _read_messages(db, _MESSAGES_BY_ROW, numbers)


def _read_messages(db: Database, query: str, values: Iterable[object]) -> dict[str, Message]:
    messages = {
        row["message_id"]: Message(**row) for row in queries.rows_by_name(db, query, values)
    }
    by_row = {message.id: message for message in messages.values()}
    for row in queries.rows_by_name(db, _DELIVERIES, by_row):
        by_row[row["message"]].deliveries[row["number"]] = Delivery(
            person_id=row["person_id"],
            address=row["address"],
            accepted=bool(row["accepted"]),
            refused=bool(row["refused"]),
            clicks=row["clicks"],
            clicks_human=row["clicks_human"],
        )
    return messages


def read_clicks(db: Database, spans: Iterable[Span]) -> list[tuple[int, Click]]:
    """Return the clicks of copies in spans of time, each with the row of its message."""
    wanted = list(spans)
    if not wanted:
        return []
    db.execute(_SPANS)
    db.execute("DELETE FROM spans")
    db.conn.executemany(_PUT_SPAN, wanted)
    cursor = db.execute(_CLICKS)
    cursor.row_factory = sqlite3.Row
    return [(row["message"], _click(row)) for row in cursor]


def _click(row: sqlite3.Row) -> Click:
    signals, reasons = (tuple(row[name].split()) for name in ("signals", "reasons"))
    network = network_of(row["ip"])
    return Click(
        row["id"],
        row["recipient"],
        row["destination"],
        Made(row["at_s"], row["number"], network, row["agent"], signals),
        Verdict(bool(row["human"]), bool(row["doubtful"]), row["score"], reasons),
        Attribution(row["campaign_id"], row["link_id"], row["person_id"]),
    )


def known_events(db: Database, event_ids: Iterable[str]) -> set[str]:
    """Return those of these ids under which the store has a click."""
    return {event_id for (event_id,) in queries.rows_in(db, _KNOWN_EVENTS, event_ids)}


def purged_events(db: Database, event_ids: Iterable[str]) -> set[str]:
    """Return those of these ids under which the store had a click that was purged not long ago."""
    return {event_id for (event_id,) in queries.rows_in(db, _PURGED_EVENTS, event_ids)}


def write_messages(db: Database, messages: Iterable[Message]) -> None:
    """Insert messages, or update those that are there; without their deliveries."""
    db.conn.executemany(_PUT_MESSAGE, map(message_row, messages))


def write_deliveries(db: Database, deliveries: Mapping[tuple[int, int], Delivery]) -> None:
    """Insert or replace deliveries, given by the row of their message and their number."""
    rows = (delivery_row(*key, delivery) for key, delivery in deliveries.items())
    db.conn.executemany(_PUT_DELIVERY, rows)


def insert_clicks(db: Database, rows: Iterable[Row]) -> None:
    """Insert clicks, as `click_row` makes them."""
    db.conn.executemany(_PUT_CLICK, rows)


def change_clicks(db: Database, clicks: Iterable[Click]) -> None:
    """Write down what clicks were judged to be, and under which campaign, link and person."""
    rows = ({"id": click.id, **_verdict_row(click), **click.counted._asdict()} for click in clicks)
    db.conn.executemany(_CHANGE_CLICK, rows)


def message_row(message: Message) -> Row:
    """Return the row of a message."""
    return {
        "id": message.id,
        "message_id": message.message_id,
        "sent_at_s": message.sent_at_s,
        "sender_domain": message.sender_domain,
        "campaign_id": message.campaign_id,
        "link_set_id": message.link_set_id,
        "shared": message.shared,
        "counted": message.counted,
        "unknown": message.unknown,
    }


def delivery_row(message: int, number: int, delivery: Delivery) -> Row:
    """Return the row of a delivery; `message` is the row of its message."""
    return {
        "message": message,
        "number": number,
        "person_id": delivery.person_id,
        "address": delivery.address,
        "accepted": delivery.accepted,
        "refused": delivery.refused,
        "clicks": delivery.clicks,
        "clicks_human": delivery.clicks_human,
    }


def click_row(event: Clicked, message: Message, click: Click, user_agent_id: int) -> Row:
    """Return the row of a click."""
    return {
        "id": click.id,
        "event_id": event.event_id,
        "at_s": event.at_s,
        "message": message.id,
        "recipient": event.recipient,
        "number": event.link,
        "destination": event.destination,
        "method": event.method,
        "signals": " ".join(click.made.signals),
        "ip": event.ip,
        "user_agent_id": user_agent_id,
        **_verdict_row(click),
        **click.counted._asdict(),
    }


def _verdict_row(click: Click) -> Row:
    return {
        "human": click.verdict.human,
        "doubtful": click.verdict.doubtful,
        "score": click.verdict.score,
        "reasons": " ".join(click.verdict.reasons),
    }
