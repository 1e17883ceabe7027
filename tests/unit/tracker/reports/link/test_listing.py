"""Links that were clicked, and links that a text is found in."""

import pytest

from tests.support.checks.facts import SENT_S, accepted, clicked, empty, pending, put
from tests.support.checks.plans import scans
from tracker.events import SentLink
from tracker.reports.link import listing as module
from tracker.reports.link.listing import Place, listing, search
from tracker.reports.period import Period
from tracker.sql.db import Db

DAY = Period.of_days(SENT_S, SENT_S + 86400)
LINKS = tuple(
    SentLink(n, f"https://shop.example/{n}?a=%25", None, f"Straße {n}") for n in range(1, 8)
)


@pytest.fixture
def clicked_links() -> Db:
    """Return a store of seven links, of which five were clicked, by one person or two."""
    db = empty()
    for message in ("m1", "m2"):
        put(db, pending(message, links=LINKS), accepted(message))
    for number, who in ((1, 1), (2, 1), (2, 2), (3, 1), (4, 1), (5, 2), (5, 1)):
        link = LINKS[number - 1]
        at_s = SENT_S + 700 * number + who
        put(
            db,
            clicked(f"c{number}{who}", link=number, recipient=who, destination=link.url, at_s=at_s),
        )
    return db


@pytest.mark.parametrize("period", [None, DAY])
def test_every_clicked_link_is_on_one_page_of_the_list(
    clicked_links: Db, period: Period | None
) -> None:
    """In the same order as on a single one, and with the same figures whatever the period."""
    every = listing(clicked_links, period, limit=10)
    told = [(each.figures.clicks_all, each.figures.unique_human) for each in every.rows]
    assert told == [(2, 2), (2, 2), (1, 1), (1, 1), (1, 1)]
    assert sorted(each.link[-7] for each in every.rows) == ["1", "2", "3", "4", "5"]
    found, after = [], None
    while True:
        some = listing(clicked_links, period, after=after, limit=2)
        found += some.rows
        if (after := some.next) is None:
            break
    assert found == list(every.rows)
    assert every.next is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("STRASSE 2", "2"),
        ("straße 7", "7"),
        ("shop.example/3", "3"),
        ("https://shop.example/4", "4"),
        ("%25", "5243167"),
        ("_", ""),
        ("", "5243167"),
    ],
)
@pytest.mark.parametrize("period", [None, DAY])
def test_a_link_is_found_by_its_text_or_url(
    clicked_links: Db, text: str, found: str, period: Period | None
) -> None:
    """Whatever the case, clicked or not, the most clicked first; no letter has a meaning of its own."""
    rows = search(clicked_links, text, period)
    assert sorted(each.link[-7] for each in rows) == sorted(found)
    assert [each.figures.clicks_all for each in rows] == sorted(
        (each.figures.clicks_all for each in rows), reverse=True
    )


def test_among_many_links_one_is_found_by_how_its_url_begins(
    clicked_links: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a look at all of them; with its scheme or without."""
    monkeypatch.setattr(module, "SEARCHED", 1)
    assert search(clicked_links, "Straße 3", None) == []
    for text in ("shop.example/3", "https://shop.example/3"):
        assert [each.link[-7] for each in search(clicked_links, text, None)] == ["3"]


def test_no_table_that_grows_is_looked_through(clicked_links: Db) -> None:
    """Nor all entries of an index."""
    place: Place = (1, 5)
    for period in (None, DAY):
        for ask in (
            lambda period=period: listing(clicked_links, period, after=place, limit=2),  # type: ignore[misc]
            lambda period=period: search(clicked_links, "straße", period),  # type: ignore[misc]
        ):
            assert list(scans(clicked_links, ask)) == []
