"""All campaigns by number: their figures are those of the report."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.facts import SENT_S, empty, put
from tests.support.checks.plans import scans
from tests.support.checks.random_history import history
from tracker.reports import summary
from tracker.reports.lists import campaigns
from tracker.reports.lists.campaigns import Listed
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S

PERIODS = {
    "all times": None,
    "a day": Period.of_days(SENT_S + DAY_S, SENT_S + 2 * DAY_S),
    "from a day on": Period.of_days(SENT_S + DAY_S, None),
}


def every(db: Db, asked: Period | None, limit: int) -> list[Listed]:
    """Read a list to its end."""
    found: list[Listed] = []
    after: int | None = 0
    while after is not None:
        part = campaigns.campaigns(db, asked, after=after, limit=limit)
        assert len(part.rows) <= limit
        found += part.rows
        after = part.next
    return found


@given(st.integers(0, 2**32), st.integers(1, 5), st.sampled_from(list(PERIODS)))
def test_a_list_is_the_report_campaign_by_campaign(seed: int, limit: int, name: str) -> None:
    """Whatever happened, of all times or of a period; each once, in the order of their numbers."""
    db, asked = empty(), PERIODS[name]
    put(db, *history(Random(seed), SENT_S))
    bounds = {} if asked is None else {"since_s": asked.since_s, "until_s": asked.until_s}
    told = summary.report(db, **bounds).campaigns
    listed = every(db, asked, limit)
    assert {each.figures.campaign: each.figures.figures for each in listed} == {
        each.campaign: each.figures for each in told
    }
    numbers = [each.figures.id for each in listed]
    assert numbers == sorted(set(numbers))
    for each in listed:
        assert campaigns.campaign(db, each.figures.id, asked) == each
    db.close()


def test_a_campaign_tells_when_it_was_sent(filled: Db) -> None:
    """First and last, whatever period is asked for."""
    listed = {each.figures.campaign: each for each in every(filled, None, 10)}
    assert (listed["news"].first_sent, listed["news"].last_sent) == ("2026-09-21", "2026-09-21")
    assert listed[None].first_sent == "2026-09-22"
    assert list(listed["news"].json())[:4] == ["id", "campaign", "first_sent", "last_sent"]


def test_a_campaign_that_nobody_knows_is_none(filled: Db) -> None:
    """Nor one of which nothing was sent then, which is known, and has no figures."""
    assert campaigns.campaign(filled, 99, None) is None
    (news,) = (each for each in every(filled, None, 9) if each.figures.campaign == "news")
    later = campaigns.campaign(filled, news.figures.id, Period.of_days(SENT_S + 9 * DAY_S, None))
    assert later is not None
    assert later.figures.figures.messages == 0


@pytest.mark.parametrize("name", PERIODS)
def test_no_list_looks_at_all_rows(filled: Db, name: str) -> None:
    """Of what grows with mail, clicks or readers."""
    asked = PERIODS[name]
    assert list(scans(filled, lambda: every(filled, asked, 1))) == []
    assert list(scans(filled, lambda: campaigns.campaign(filled, 3, asked))) == []
