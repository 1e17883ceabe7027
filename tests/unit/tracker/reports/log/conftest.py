"""What tests of the log of clicks share: a store of two campaigns, with clicks of each kind."""

import pytest

from tests.support.checks.facts import LINKS, SENT_S, accepted, clicked, pending, put
from tracker.events import Recipient, SentLink
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S

OFFER = SentLink(4, "https://example.net/4?who=1", "offer", "Offer")


@pytest.fixture
def logged(db: Db) -> Db:
    """Return a store of three messages, a day apart; the second is of no campaign, the third shared."""
    bob = Recipient(1, "bob@example.net", "id-7")
    for number, facts in enumerate(
        ({"links": (*LINKS, OFFER)}, {"campaign": None, "recipients": (bob,)}, {"shared": True})
    ):
        message, sent_s = f"m{number + 1}", SENT_S + number * DAY_S
        put(db, pending(message, at_s=sent_s, **facts), accepted(message, sent_s=sent_s))
        at_s = sent_s + 60
        put(db, clicked(f"p{number}", message, sent_at_s=sent_s, at_s=at_s))
        put(
            db,
            clicked(
                f"d{number}", message, sent_at_s=sent_s, at_s=at_s + 4000, signals=("no-html",)
            ),
            clicked(f"h{number}", message, sent_at_s=sent_s, at_s=at_s + 9000, method="HEAD"),
        )
    put(db, clicked("other", recipient=2, at_s=SENT_S + 7 * DAY_S))
    put(db, clicked("offer", link=4, destination=OFFER.url, at_s=SENT_S + 8 * DAY_S))
    return db
