"""One link, by its row."""

from datetime import date

import pytest

from tests.support.checks.facts import SENT_S, clicked, put
from tests.support.checks.plans import scans
from tracker.reports import clicks
from tracker.reports.figures import Figures
from tracker.reports.known import Unknown
from tracker.reports.link import link
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S

DAY = date(2026, 9, 21)


def row(db: Db, name: str) -> int:
    """Return the row of a link."""
    return int(db.execute("SELECT id FROM links WHERE name = ?", [name]).fetchone()[0])


@pytest.fixture
def first(filled: Db) -> int:
    """Return the row of the link that both campaigns have."""
    return row(filled, "https://example.net/1")


def test_a_link_has_its_figures(filled: Db, first: int) -> None:
    """Of all campaigns."""
    found = link.find(filled, first)
    assert (found.id, found.text, found.figures.clicks_all) == (first, "link 1", 3)
    assert (found.figures.clicks_human, found.figures.unique_human) == (2, 1)


def test_a_link_that_became_another_leads_there(filled: Db, first: int) -> None:
    """So that its old address goes on."""
    filled.execute("INSERT INTO link_aliases VALUES (?, ?)", [9000, first])
    assert link.find(filled, 9000).id == first
    with pytest.raises(Unknown):
        link.find(filled, 9001)


def test_campaigns_that_have_it_are_told(filled: Db, first: int) -> None:
    """Those in which it was clicked most first, with their deliveries."""
    told = [
        (each.campaign.campaign, each.campaign.figures.clicks_all, each.deliveries)
        for each in link.campaigns(filled, first)
    ]
    assert told == [("news", 2, 2), (None, 1, 1)]


def test_clicks_are_told_by_the_day_of_sending(filled: Db, first: int) -> None:
    """People and machines apart."""
    assert link.by_day(filled, first) == {DAY: (2, 0), date(2026, 9, 22): (0, 1)}
    assert link.by_day(filled, first, 3) == {DAY: (2, 0)}


def test_a_link_has_its_figures_in_one_campaign(filled: Db, first: int) -> None:
    """Of which it may be no part."""
    found = link.in_campaign(filled, first, 3)
    assert (found.clicks_human, found.clicks_all, found.unique_human) == (2, 2, 1)
    assert link.in_campaign(filled, first, 2) == Figures()


def test_destinations_are_those_of_the_latest_clicks(filled: Db) -> None:
    """A link that has a name may lead to many."""
    offer = row(filled, "offer")
    url = "https://example.net/4?who=2"
    put(filled, clicked("c9", link=4, recipient=2, destination=url, at_s=SENT_S + 9000))
    found = link.destinations(filled, offer, link.by_day(filled, offer))
    assert found.clicks == {"https://example.net/4?who=1": 1, url: 1}
    assert found.since == DAY
    assert link.destinations(filled, offer, {}).clicks == {}


def test_of_many_clickers_the_latest_are_told(filled: Db, first: int) -> None:
    """No more than one can look at."""
    at_s = SENT_S + DAY_S
    put(filled, clicked("c8", "m2", sent_at_s=at_s, at_s=at_s + 90_000))
    every = list(clicks.clickers_of(filled, [first], 0))
    assert [each["person"] for each in every] == ["ann@example.net", "id-7"]
    (latest,) = clicks.clickers_of(filled, [first], 0, most=1)
    assert latest["person"] == "id-7"
    (of_campaign,) = clicks.clickers_of(filled, [first], 3, most=1)
    assert of_campaign["person"] == "ann@example.net"


def test_no_table_that_grows_is_looked_through(filled: Db, first: int) -> None:
    """Nor all entries of an index."""
    filled.execute("INSERT INTO link_aliases VALUES (?, ?)", [9000, first])
    for ask in (
        lambda: link.find(filled, 9000),
        lambda: link.campaigns(filled, first),
        lambda: link.in_campaign(filled, first, 3),
        lambda: link.by_day(filled, first, 3),
        lambda: link.destinations(filled, first, link.by_day(filled, first)),
        lambda: list(clicks.clickers_of(filled, [first], 0, most=1)),
        lambda: list(clicks.clickers_of(filled, None, 3, most=1)),
    ):
        assert list(scans(filled, ask)) == []
