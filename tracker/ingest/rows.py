"""Rows of messages, deliveries and clicks: read as values of `counting`, written from them.

Owns: the SQL of these three tables while events are fed, each column by its name.
Does not own: what becomes of the values (`batch`), the sums (`sums`), or rows that are known by a
name (`tracker.store.named_rows`).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlite_utils import Database

from tracker.events import Clicked
from tracker.ingest.counting import Click, Delivery, Message
from tracker.store import queries

Row = dict[str, Any]
"""A row to be written, by the names of its columns."""

_MESSAGES = """
    SELECT id, message_id, sent_at_s, sender_domain, campaign_id, link_set_id, shared
    FROM messages WHERE message_id IN (:values)
"""
_DELIVERIES = """
    SELECT message, number, person_id, address, accepted, clicked, refused
    FROM deliveries WHERE message IN (:values)
"""
_CLICKS = """
    SELECT id, at_s, message, recipient, number, destination, human,
        campaign_id, link_id, person_id
    FROM clicks WHERE message IN (:values)
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
        (message, number, person_id, address, accepted, clicked, refused)
    VALUES (:message, :number, :person_id, :address, :accepted, :clicked, :refused)
"""
_PUT_CLICK = """
    INSERT INTO clicks (id, event_id, at_s, message, recipient, number, destination, method,
        human, reasons, ip, user_agent_id, campaign_id, link_id, person_id)
    VALUES (:id, :event_id, :at_s, :message, :recipient, :number, :destination, :method,
        :human, :reasons, :ip, :user_agent_id, :campaign_id, :link_id, :person_id)
"""
_MOVE_CLICK = """
    UPDATE clicks SET campaign_id = :campaign_id, link_id = :link_id, person_id = :person_id
    WHERE id = :id
"""


def read_messages(db: Database, message_ids: Iterable[str]) -> dict[str, Message]:
    """Return those messages that the store has, by their ids, with their deliveries."""
    messages = {
        row["message_id"]: Message(**row)
        for row in queries.rows_by_name(db, _MESSAGES, message_ids)
    }
    by_row = {message.id: message for message in messages.values()}
    for row in queries.rows_by_name(db, _DELIVERIES, by_row):
        by_row[row["message"]].deliveries[row["number"]] = Delivery(
            person_id=row["person_id"],
            address=row["address"],
            accepted=bool(row["accepted"]),
            clicked=bool(row["clicked"]),
            refused=bool(row["refused"]),
        )
    return messages


def read_clicks(db: Database, messages: Mapping[int, Message]) -> list[tuple[Message, Click]]:
    """Return the clicks on these messages, which are given by their rows."""
    found = (dict(row) for row in queries.rows_by_name(db, _CLICKS, messages))
    return [(messages[row.pop("message")], Click(**row)) for row in found]


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


def move_clicks(db: Database, clicks: Iterable[Click]) -> None:
    """Write down under which campaign, link and person clicks are counted now."""
    rows = (
        {
            "id": click.id,
            "campaign_id": click.campaign_id,
            "link_id": click.link_id,
            "person_id": click.person_id,
        }
        for click in clicks
    )
    db.conn.executemany(_MOVE_CLICK, rows)


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
        "clicked": delivery.clicked,
        "refused": delivery.refused,
    }


def click_row(event: Clicked, message: Message, click: Click, user_agent_id: int) -> Row:
    """Return the row of a click that is counted under what `click` says."""
    return {
        "id": click.id,
        "event_id": event.event_id,
        "at_s": event.at_s,
        "message": message.id,
        "recipient": event.recipient,
        "number": event.link,
        "destination": event.destination,
        "method": event.method,
        "human": event.human,
        "reasons": " ".join(event.reasons),
        "ip": event.ip,
        "user_agent_id": user_agent_id,
        "campaign_id": click.campaign_id,
        "link_id": click.link_id,
        "person_id": click.person_id,
    }
