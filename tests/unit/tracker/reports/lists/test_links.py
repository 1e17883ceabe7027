"""All links by number: their figures are those of the report."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.facts import SENT_S, accepted, clicked, empty, pending, put
from tests.support.checks.plans import scans
from tests.support.checks.random_history import CAMPAIGNS, history
from tracker.events import SentLink
from tracker.reports import names, summary
from tracker.reports.figures import LinkFigures
from tracker.reports.lists import links
from tracker.reports.lists.links import Asked
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S

PERIODS = {
    "all times": None,
    "a day": Period.of_days(SENT_S + DAY_S, SENT_S + 2 * DAY_S),
    "from a day on": Period.of_days(SENT_S + DAY_S, None),
}


def every(db: Db, asked: Asked, limit: int) -> list[LinkFigures]:
    """Read a list to its end."""
    found: list[LinkFigures] = []
    after: int | None = 0
    while after is not None:
        part = links.links(db, asked, after=after, limit=limit)
        assert len(part.rows) <= limit
        found += part.rows
        after = part.next
    return found


@given(
    st.integers(0, 2**32),
    st.integers(1, 5),
    st.sampled_from(list(PERIODS)),
    st.sampled_from(["all", *CAMPAIGNS[:-1]]),
    st.sampled_from([2, 100]),
)
def test_a_list_is_the_report_link_by_link(
    seed: int, limit: int, name: str, campaign: str, looked_at: int
) -> None:
    """Whatever happened, of all campaigns or of one; each once, in the order of their numbers."""
    db, period = empty(), PERIODS[name]
    put(db, *history(Random(seed), SENT_S))
    bounds = {} if period is None else {"since_s": period.since_s, "until_s": period.until_s}
    only = None if campaign == "all" else campaign
    told = summary.report(db, campaign=only, **bounds)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(links, "LOOKED_AT", looked_at)
        listed = every(db, Asked(names.scope(db, only), period), limit)
    assert {each.link: each.figures for each in listed} == {
        each.link: each.figures for each in told.links
    }
    numbers = [each.id for each in listed]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == told.links_total
    db.close()


def test_a_link_tells_its_campaigns(filled: Db) -> None:
    """With its figures in each, clicked there or not."""
    put(filled, pending("m3", campaign="other"), accepted("m3"), clicked("c9", "m3"))
    (first,) = (each for each in every(filled, Asked(), 9) if each.link.endswith("/1"))
    told = links.campaigns_of(filled, first.id, 9)
    assert {name.text: each.figures.clicks_all for _, name, each in told} == {
        "news": 2,
        None: 1,
        "other": 1,
    }
    assert len(links.campaigns_of(filled, first.id, 2)) == 2


def test_a_link_that_became_another_leads_on(filled: Db) -> None:
    """Through all that it became, and never in a circle."""
    filled.executemany("INSERT INTO link_aliases VALUES (?, ?)", [(101, 102), (102, 1)])
    filled.executemany("INSERT INTO link_aliases VALUES (?, ?)", [(201, 202), (202, 201)])
    assert links.number_now(filled, 101) == 1
    assert links.number_now(filled, 7) == 7
    assert links.number_now(filled, 201) in {201, 202}


@pytest.mark.parametrize("name", PERIODS)
@pytest.mark.parametrize("campaign", [0, 3])
def test_no_list_looks_at_all_rows(filled: Db, name: str, campaign: int) -> None:
    """Of what grows with mail, clicks or readers."""
    asked = Asked(campaign, PERIODS[name])
    assert list(scans(filled, lambda: every(filled, asked, 1))) == []
    assert list(scans(filled, lambda: links.campaigns_of(filled, 1, 9))) == []


def test_links_that_are_in_no_list_do_not_end_a_page(db: Db) -> None:
    """Where there are very many of them, a page may be short, and the next goes on behind them."""
    other = SentLink(1, "https://example.net/last", None, "last")
    put(db, pending("m1"))
    put(db, pending("m2", links=(other,), campaign="other"), accepted("m2"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(links, "LOOKED_AT", 2)
        first = links.links(db, Asked(), limit=10)
        assert (len(first.rows), first.next) == (0, 2)
        assert [each.link for each in every(db, Asked(), 10)] == [other.url]
