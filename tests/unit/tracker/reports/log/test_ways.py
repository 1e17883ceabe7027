"""By which way clicks are looked for, and how many are looked at."""

import pytest

from tests.support.checks.facts import SENT_S
from tracker.reports.log import ways
from tracker.reports.log.filters import Filter, Wanted
from tracker.reports.log.ways import NEWEST_FIRST, OLDEST_FIRST
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.keys import message_number, message_text
from tracker.store.reserved import DAY_S


def _source(db: Db, asked: Filter, cursor: int = 0) -> str:
    source = ways.way(db, Wanted.of(db, asked), cursor, OLDEST_FIRST).source
    return source.partition(" CROSS JOIN ")[0].split()[-1]


@pytest.fixture
def large(logged: Db, monkeypatch: pytest.MonkeyPatch) -> Db:
    """Return a store that has more than is looked at by the order of arrival."""
    monkeypatch.setattr(ways, "LOOKED_AT", 3)
    return logged


def test_the_clicks_of_a_person_are_those_on_their_copies(large: Db) -> None:
    """However many others there are."""
    assert _source(large, Filter(person="ann@example.net")) == "copy"


def test_a_campaign_a_link_and_a_period_are_looked_at_by_days(large: Db) -> None:
    """By the days on which they were sent."""
    link, campaign = large.execute("SELECT id, 3 FROM links WHERE name = 'offer'").fetchone()
    first_day = Period(SENT_S // DAY_S * DAY_S, (SENT_S // DAY_S + 1) * DAY_S)
    for asked in (Filter(link=link), Filter(campaign=campaign), Filter(period=first_day)):
        assert _source(large, asked) == "run"


def test_the_clicks_on_a_message_stand_together(large: Db) -> None:
    """But for one that was clicked more often than anybody can be told."""
    message = message_text(message_number("m1"))
    assert _source(large, Filter(message=message)) == "clicks"


def test_what_follows_a_late_cursor_is_looked_at_in_order(large: Db) -> None:
    """A live view asks for a few clicks at a time."""
    assert _source(large, Filter(campaign=3), cursor=9) == "arrivals"


def test_too_many_clicks_of_some_days_are_not_looked_at_together(
    large: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor those of somebody who has had too many, or of a link of too many campaigns."""
    monkeypatch.setattr(ways, "SCANNED", 1)
    monkeypatch.setattr(ways, "OF_A_PERSON", 1)
    assert _source(large, Filter(campaign=3)) == "arrivals"
    assert _source(large, Filter(person="ann@example.net")) == "arrivals"
    assert _source(large, Filter(message=message_text(message_number("m1")))) == "arrivals"
    monkeypatch.setattr(ways, "SCANNED", 1000)
    monkeypatch.setattr(ways, "CAMPAIGNS_OF_A_LINK", 0)
    (link,) = large.execute("SELECT id FROM links WHERE name = 'offer'").fetchone()
    assert _source(large, Filter(link=link)) == "arrivals"


def test_no_more_is_looked_at_than_allowed(large: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way round; those that are passed over count as well."""
    monkeypatch.setattr(ways, "SCANNED", 0)
    asked = Wanted.of(large, Filter(label="machine"))
    assert ways.way(large, asked, 0, OLDEST_FIRST).end == 3
    assert ways.way(large, asked, 12, NEWEST_FIRST).end == 9
    monkeypatch.setattr(ways, "PASSED_OVER", 4)
    later = Wanted(Period(SENT_S + 2 * DAY_S), verdicts=asked.verdicts)
    assert ways.way(large, later, 0, OLDEST_FIRST).end == 4
    assert ways.way(large, later, 5, OLDEST_FIRST).end == 9


def test_more_is_told_from_nothing(logged: Db) -> None:
    """Each way round."""
    assert ways.is_more(logged, 10, OLDEST_FIRST)
    assert not ways.is_more(logged, 11, OLDEST_FIRST)
    assert ways.is_more(logged, 2, NEWEST_FIRST)
    assert not ways.is_more(logged, 1, NEWEST_FIRST)
