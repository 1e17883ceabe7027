"""What may have happened, as events; and a store in memory to feed them to."""

import sqlite3
from typing import Any

from tracker.counting.batch import feed
from tracker.events import (
    Clicked,
    Event,
    MessageAccepted,
    MessagePending,
    MessageRefused,
    Opened,
    Recipient,
    SentLink,
)
from tracker.reports import summary
from tracker.reports.figures import Figures
from tracker.sql.sqlite import SQLite
from tracker.store.file.schema import migrations
from tracker.urls.naming import Naming

SENT_S = 1_790_000_000
NAMING = Naming(added=frozenset({"utm_source"}))
LINKS = tuple(SentLink(n, f"https://example.net/{n}", None, f"link {n}") for n in range(1, 4))


TEMPLATE = SQLite(sqlite3.connect(":memory:"))
migrations.apply(TEMPLATE)


def in_memory() -> SQLite:
    """Return an empty store in memory."""
    db = SQLite(sqlite3.connect(":memory:"))
    TEMPLATE.conn.backup(db.conn)
    return db


make = in_memory
"""How empty stores are made; `tests.support.engines` has others made."""


def empty() -> SQLite:
    """Return an empty store, of the engine whose turn it is; of SQLite as a rule."""
    return make()


def put(db: SQLite, *events: Event) -> None:
    """Feed events in one transaction."""
    with db.atomic():
        feed(db, events, NAMING)


def pending(message: str = "m1", **changes: Any) -> MessagePending:
    """Return a message to two readers, each with a copy."""
    facts: dict[str, Any] = {
        "message_id": message,
        "at_s": SENT_S,
        "sender_domain": "example.com",
        "campaign": "news",
        "shared": False,
        "recipients": (Recipient(1, "ann@Example.NET"), Recipient(2, "bob@example.net")),
        "links": LINKS,
    }
    return MessagePending(**{**facts, **changes})


def to_ann(message: str = "m1", **changes: Any) -> MessagePending:
    """Return a message to one reader."""
    return pending(message, **{"recipients": pending().recipients[:1], **changes})


def accepted(message: str = "m1", *recipients: int, sent_s: float = SENT_S) -> MessageAccepted:
    """Return the relay's 250 for a message, a second after it was sent."""
    return MessageAccepted(message, sent_s + 1, recipients or (1, 2), sent_s=int(sent_s))


def refused(message: str = "m1", *recipients: int) -> MessageRefused:
    """Return the relay's refusal of a message."""
    return MessageRefused(message, SENT_S, recipients or (1, 2), sent_s=SENT_S)


def clicked(event_id: str, message: str = "m1", **changes: Any) -> Clicked:
    """Return a click of the first recipient on the first link."""
    facts: dict[str, Any] = {
        "event_id": event_id,
        "at_s": SENT_S + 60,
        "message_id": message,
        "recipient": 1,
        "link": 1,
        "sent_at_s": SENT_S,
        "destination": "https://example.net/1",
        "method": "GET",
        "human": True,
        "reasons": (),
        "ip": None,
        "user_agent": "Browser/1",
    }
    return Clicked(**{**facts, **changes})


OURS = ("uid", "utm_source")
"""Parameters that are no part of a name."""


def own_link(reader: str, number: int = 5) -> SentLink:
    """Return a link that is a reader's own, to which parameters of ours were added."""
    return SentLink(number, f"https://example.net/for/{reader}?p=1", None, "Yours", OURS)


def own_click(event_id: str, message: str, reader: str, **changes: Any) -> Clicked:
    """Return a click on it, as its token tells."""
    destination = f"https://example.net/for/{reader}?p=1&utm_source=mail&uid={reader}"
    return clicked(event_id, message, **{"link": 5, "destination": destination, **changes})


def with_pixel(message: str = "m1", **changes: object) -> MessagePending:
    """Return a message to two readers that has a pixel and no link."""
    return pending(message, **({"links": (), "opens": True} | changes))


def taken(message: str = "m1", *, links: bool = False) -> MessageAccepted:
    """Return the relay's 250 for it."""
    return MessageAccepted(message, SENT_S + 1, (1, 2), links=links, opens=True, sent_s=SENT_S)


def opened(event_id: str, message: str = "m1", recipient: int = 1, *, human: bool = True) -> Opened:
    """Return an open of the first recipient's copy."""
    return Opened(event_id, SENT_S + 60, message, recipient, SENT_S, human)


def totals(db: SQLite) -> Figures:
    """Return the figures of everything."""
    return summary.report(db).totals
