"""What tests of erasure share: who is forgotten, and what told of them."""

import json

from sqlite_utils import Database

from tests.support.checks.facts import accepted, pending
from tracker.erasure.rows import Erased, find, forget
from tracker.events import MessageAccepted, MessagePending, Recipient, SentLink
from tracker.urls.reader_id import Identifier

ANN = "ann@example.net"
IDENTIFIER = Identifier("wp_id", bytes(32))
ANNS_ID = IDENTIFIER.hashed(ANN)
PERSONAL = f"https://shop.example.net/?mail=Ann%40example.net&wp_id={ANNS_ID}"
CAY = Recipient(1, "cay@example.net", "7")


def erased(db: Database, name: str = "ann@Example.NET") -> Erased:
    """Forget somebody."""
    with db.atomic():
        return forget(db, find(db, name), IDENTIFIER)


def everything(db: Database) -> str:
    """Return all that a store holds."""
    return json.dumps([list(table.rows) for table in db.tables], default=str).lower()


def sent(
    message: str, to: Recipient, campaign: str, *urls: str, text: str = ""
) -> tuple[MessagePending, MessageAccepted]:
    """Return the events of a message to one reader that the relay took."""
    links = tuple(SentLink(n, url, None, text) for n, url in enumerate(urls, 1))
    facts = {"recipients": (to,), "campaign": campaign, "links": links}
    return pending(message, **facts), accepted(message, 1)
