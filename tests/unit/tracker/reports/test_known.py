"""What nobody knows is said to be unknown, with what is called nearly so."""

import pytest

from tests.support.checks.facts import accepted, pending, put
from tracker.events import Recipient, SentLink
from tracker.reports import known
from tracker.reports.known import Unknown
from tracker.sql.db import Db


@pytest.fixture
def filled(db: Db) -> Db:
    """Return a store of a campaign with a named link, and of two readers; nobody clicked."""
    offer = SentLink(1, "https://example.net/offer?who=1", "offer", "Offer")
    people = (Recipient(1, "ann@example.net"), Recipient(2, "bob@example.net", "id-7"))
    put(db, pending(recipients=people, links=(offer,)), accepted())
    return db


def test_what_is_known_is_found(filled: Db) -> None:
    """A link by its name and by its URL, a person as they are written in the store."""
    known.campaign(filled, "news")
    known.campaign(filled, "(purged)")
    known.link(filled, "offer")
    assert known.person(filled, "ANN@example.net") == ["ann@example.net"]
    assert known.person(filled, "id-7") == ["id-7"]


@pytest.mark.parametrize(
    ("ask", "name", "near"),
    [
        (known.campaign, "New", ("news",)),
        (known.campaign, "zzzz", ()),
        (known.link, "OFFERS", ("offer",)),
        (known.person, "anne@example.net", ("ann@example.net",)),
        (known.person, "ID-7", ("id-7",)),
        (known.campaign, "(purge", ()),
    ],
)
def test_what_is_unknown_is_told_with_near_names(filled, ask, name, near) -> None:
    """Names of our own are no help."""
    with pytest.raises(Unknown) as error:
        ask(filled, name)
    assert error.value.near[: len(near)] == near
    assert name in str(error.value)
    assert ("did you mean" in str(error.value)) == bool(error.value.near)
