"""What tests of reports share: a store of two campaigns, and clicks on both. They run on each engine."""

import pytest

from tests.support.checks.facts import LINKS, SENT_S, accepted, clicked, pending, put
from tests.support.engines import engine, gives_back
from tracker.events import Recipient, SentLink
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S

__all__ = ["engine", "filled", "gives_back"]

OFFER = SentLink(4, "https://example.net/4?who=1", "offer", "Offer")


@pytest.fixture
def filled(db: Db) -> Db:
    """Return a store of two campaigns; Bob's address is behind an id of the application's own."""
    bob = Recipient(1, "bob@example.net", "id-7")
    put(db, pending(links=(*LINKS, OFFER)), accepted())
    put(db, pending("m2", campaign=None, recipients=(bob,), at_s=SENT_S + DAY_S))
    put(db, accepted("m2", 1, sent_s=SENT_S + DAY_S))
    put(db, clicked("c1"), clicked("c2"))
    put(db, clicked("c3", link=4, destination=OFFER.url, at_s=SENT_S + 60 + 3600))
    machine = {"human": False, "method": "HEAD", "reasons": ("head/1",), "signals": ("head",)}
    put(db, clicked("c4", "m2", sent_at_s=SENT_S + DAY_S, at_s=SENT_S + DAY_S + 60, **machine))
    return db
