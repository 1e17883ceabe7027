"""The links of a report: the most clicked first, all of them where they are asked for."""

import pytest

from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put
from tracker.events import SentLink
from tracker.reports import links
from tracker.reports.links import Links
from tracker.reports.period import Period
from tracker.sql.db import Db

PERIODS = [None, Period(since_s=SENT_S // 86400 * 86400)]
NAMES = [f"https://example.net/{n}" for n in range(1, 9)]


@pytest.fixture
def known(db: Db) -> Db:
    """Return a store of eight links, which two messages have; three of them were clicked."""
    sent = tuple(SentLink(n, name, None, f"link {n}") for n, name in enumerate(NAMES, 1))
    put(db, pending("m1", links=sent), pending("m2", links=sent), accepted("m1"))
    for number, link in enumerate((3, 1, 3, 2)):
        at = {"at_s": SENT_S + 9000 * (number + 1), "destination": NAMES[link - 1]}
        put(db, clicked(f"c{number}", "m1", link=link, **at))
    return db


def told(found: list[links.LinkFigures]) -> list[tuple[str, int]]:
    """Return links with their clicks."""
    return [(each.link[-1], each.figures.clicks_all) for each in found]


@pytest.mark.parametrize("period", PERIODS)
def test_links_with_as_many_clicks_stand_by_name(known: Db, period: Period | None) -> None:
    """After those with more, and before those that nobody clicked."""
    asked = Links(known, 0, period)
    assert told(asked.top(2)) == [("3", 2), ("1", 1)]
    assert told(asked.top(5)) == [("3", 2), ("1", 1), ("2", 1), ("4", 0), ("5", 0)]
    assert asked.how_many() == 8


@pytest.mark.parametrize("period", PERIODS)
def test_all_of_them_come_one_after_another(
    known: Db, period: Period | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many: they are looked at in chunks."""
    monkeypatch.setattr(links, "_CHUNK", 2)
    every = list(Links(known, 0, period).every())
    assert every == Links(known, 0, period).top(100)
    assert len(every) == 8
    assert [each.figures.unique_human for each in every[:4]] == [1, 1, 1, 0]


def test_of_very_many_with_as_many_clicks_the_latest_are_compared(
    known: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not all names are read for the first few."""
    monkeypatch.setattr(links, "COMPARED", 0)
    sql = "SELECT name FROM links WHERE name IN (?, ?) ORDER BY id DESC"
    latest = known.execute(sql, NAMES[:2]).fetchone()[0]
    assert told(Links(known, 0, None).top(2)) == [("3", 2), (latest[-1], 1)]


def test_a_campaign_has_its_own(known: Db) -> None:
    """One that nobody knows has none."""
    assert Links(known, -1, None).how_many() == 0
    assert Links(known, -1, None).top(9) == []
