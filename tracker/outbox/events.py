"""What a webhook is told of a click: the names of anymail's events, and what Waypost knows besides.

Owns: the payload, read from the store at the moment of sending, so that it says what the click is by
then, and nothing of somebody who was forgotten meanwhile.
Does not own: which events there are (`filling`), when they are sent (`queue`), or the signature
(`tracker.webhooks.signing`).

Sources: Standard Webhooks 1.0.0, "Payload structure"; anymail's AnymailTrackingEvent.
"""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tracker.outbox.subscriptions import Subscription
from tracker.sql.db import Db
from tracker.store.keys import MessageKey, event_text, moment_s
from tracker.store.reserved import ERASED_ADDRESS, PURGED_NAME, RESERVED_NAME

Json = dict[str, Any]

CREATED = "click.created"
RELABELLED = "click.relabelled"
EXAMPLE = "webhook.test"
"""Types of events; the last is that of `waypost webhook test`."""

_CLICK = """
    SELECT shared, recipient, campaigns.name AS campaign, links.name AS link,
        destinations.url AS click_url, user_agents.name AS user_agent,
        human, doubtful, score, reasons, deliveries.address, persons.name AS person
    FROM clicks
    CROSS JOIN messages ON messages.sent_s = clicks.sent_s
        AND messages.message_id = clicks.message_id
    CROSS JOIN campaigns ON campaigns.id = campaign_id
    CROSS JOIN links ON links.id = link_id
    CROSS JOIN destinations ON destinations.id = destination_id
    CROSS JOIN user_agents ON user_agents.id = user_agent_id
    CROSS JOIN verdicts ON verdicts.id = verdict_id
    LEFT JOIN deliveries ON deliveries.sent_s = clicks.sent_s
        AND deliveries.message_id = clicks.message_id AND deliveries.number = recipient
    LEFT JOIN persons ON persons.id = person_id
    WHERE clicks.sent_s = ? AND clicks.message_id = ? AND clicks.event_id = ?
"""


class Event(NamedTuple):
    """An event of a click for a webhook: the click itself, or that its label changed the nth time."""

    message: MessageKey
    event_id: bytes
    number: int = 0
    changed_s: float | None = None
    attempts: int = 0

    @property
    def id(self) -> str:
        """What receivers know it by: the same at every attempt, and of no other event."""
        click = event_text(self.event_id)
        return f"{click}-{self.number}" if self.number else click


def payload(db: Db, event: Event, webhook: Subscription) -> bytes | None:
    """Return what a webhook is told of an event now; None where there is nothing to tell any more.

    That is of a click that was purged, and of one that was taken for a machine's before it was told.
    """
    row = next(db.query(_CLICK, [*event.message, event.event_id]), None)
    if row is None or (_is_first(event) and not (row["human"] or webhook.machines)):
        return None
    at_s = moment_s(event.event_id)
    kind, when_s = (CREATED, at_s) if event.changed_s is None else (RELABELLED, event.changed_s)
    return encoded(kind, when_s, _data(event, row))


def _is_first(event: Event) -> bool:
    return event.number == 0 and event.attempts == 0


def example(now_s: float) -> bytes:
    """Return an event that shows a receiver what it will be told, of a click that nobody made."""
    data = {
        "event_type": "clicked",
        "event_id": "0" * 32,
        "timestamp": moment(now_s),
        "message_id": "0" * 16,
        "recipient": "reader@example.com",
        "click_url": "https://www.example.com/",
        "user_agent": "Mozilla/5.0",
        "tags": ["example"],
        "person": "reader@example.com",
        "campaign": "example",
        "link": "https://www.example.com/",
        "human": True,
        "doubtful": False,
        "score": 0,
        "reasons": [],
    }
    return encoded(EXAMPLE, now_s, data)


def encoded(kind: str, at_s: float, data: Json) -> bytes:
    """Return an event as JSON: its type, when it came about, and its data."""
    told = {"type": kind, "timestamp": moment(at_s), "data": data}
    # A lone surrogate, as some URLs hold, stays an escape: UTF-8 has none.
    return json.dumps(told, separators=(",", ":")).encode("ascii")


def moment(at_s: float) -> str:
    """Return a moment in UTC, as RFC 3339 has it."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")


def _data(event: Event, row: Json) -> Json:
    campaign, link = _shown(row["campaign"]), _shown(row["link"])
    personal = not row["shared"] and row["recipient"] != 0
    person = row["person"] if personal else None
    address = row["address"] if row["address"] is not None else row["person"]
    return {
        "event_type": "clicked",
        "event_id": event_text(event.event_id),
        "timestamp": moment(moment_s(event.event_id)),
        "message_id": event.message.text,
        "recipient": address if personal and address != ERASED_ADDRESS else None,
        "click_url": row["click_url"],
        "user_agent": row["user_agent"],
        "tags": [] if campaign is None else [campaign],
        "person": person,
        "campaign": campaign,
        "link": link,
        "human": bool(row["human"]),
        "doubtful": bool(row["doubtful"]),
        "score": row["score"],
        "reasons": row["reasons"].split(),
    }


def _shown(name: str | None) -> str | None:
    return PURGED_NAME if name == RESERVED_NAME else name
