"""What tests of erasure share: who is forgotten, and what told of them."""

import json
from dataclasses import dataclass, field

from tests.support.checks.facts import accepted, pending
from tracker.erasure import labels, rows
from tracker.erasure.patterns import PersonPatterns
from tracker.events import MessageAccepted, MessagePending, Recipient, SentLink
from tracker.sql.sqlite import SQLite
from tracker.urls.reader_id import Identifier

ANN = "ann@example.net"
IDENTIFIER = Identifier("wp_id", bytes(32))
ANNS_ID = IDENTIFIER.hashed(ANN)
PERSONAL = f"https://shop.example.net/?mail=Ann%40example.net&wp_id={ANNS_ID}"
CAY = Recipient(1, "cay@example.net", "7")


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows were deleted or emptied, and how many URLs were rewritten.

    `campaigns` are those that were called by something of the person: their names before and now.
    """

    persons: int = 0
    deliveries: int = 0
    clicks: int = 0
    urls: int = 0
    campaigns: dict[str, str] = field(default_factory=dict)


def erased(db: SQLite, name: str = "ann@Example.NET") -> Erased:
    """Forget somebody in the rows of a store, as `tracker.erasure.forget` does."""
    person = rows.find(db, name)
    patterns = PersonPatterns.of(person.names, IDENTIFIER)
    theirs = labels.of_nobody_else(db, person.rows)
    campaigns = labels.clean_campaigns(db, theirs, patterns, lambda _db, _names: None)
    links = labels.clean_links(db, theirs, patterns)
    emptied = rows.empty(db, person, patterns)
    urls = links + emptied.urls + rows.clean_urls(db, patterns)
    last = rows.forget(db, person, patterns)
    assert last is not None
    counts = last.persons, emptied.deliveries, emptied.clicks, urls + last.urls
    return Erased(*counts, campaigns)


def everything(db: SQLite) -> str:
    """Return all that a store holds."""
    return json.dumps([list(table.rows) for table in db.tables], default=str).lower()


def sent(
    message: str, to: Recipient, campaign: str, *urls: str, text: str = ""
) -> tuple[MessagePending, MessageAccepted]:
    """Return the events of a message to one reader that the relay took."""
    links = tuple(SentLink(n, url, None, text) for n, url in enumerate(urls, 1))
    facts = {"recipients": (to,), "campaign": campaign, "links": links}
    return pending(message, **facts), accepted(message, 1)
