"""Campaigns of a period, in any order."""

import pytest

from tests.support.checks.facts import SENT_S, accepted, clicked, empty, pending, put
from tests.support.checks.plans import scans
from tracker.reports.campaigns.listing import ORDERS, Order, listing
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S

EVER = Period()


@pytest.fixture
def sent() -> Db:
    """Return a store of five campaigns, one of which is clicked more than the others."""
    db = empty()
    for number, name in enumerate(("a", "b", "c", "d", None)):
        message, at_s = f"{number:016x}", SENT_S + number * DAY_S
        put(db, pending(message, campaign=name, at_s=at_s), accepted(message, sent_s=at_s))
    at_s = SENT_S + DAY_S
    put(db, clicked("c1", f"{1:016x}", sent_at_s=at_s, at_s=at_s + 600))
    return db


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("rising", [False, True])
def test_every_campaign_is_on_one_page_of_the_list(sent: Db, order: Order, *, rising: bool) -> None:
    """In the same order as on a single one."""
    every = listing(sent, EVER, order, rising=rising, limit=10)
    assert (len(every.rows), every.total, every.single, every.next) == (5, 5, 5, None)
    found, after = [], None
    while True:
        some = listing(sent, EVER, order, rising=rising, after=after, limit=2)
        found += some.rows
        if (after := some.next) is None:
            break
    assert found == list(every.rows)


def test_the_latest_comes_first_and_has_its_day(sent: Db) -> None:
    """The one without a name as well."""
    rows = listing(sent, EVER, limit=10).rows
    assert [row.campaign.campaign for row in rows] == [None, "d", "c", "b", "a"]
    assert (str(rows[-1].last_day), rows[-1].campaign.id) == ("2026-09-21", 3)


@pytest.mark.parametrize("order", ["people", "clicks", "rate"])
def test_what_is_clicked_most_comes_first(sent: Db, order: Order) -> None:
    """With its figures."""
    row = listing(sent, EVER, order, limit=1).rows[0]
    assert row.campaign.campaign == "b"
    assert (row.campaign.figures.unique_human, row.campaign.figures.click_rate) == (1, 0.5)


def test_a_period_has_what_was_sent_in_it(sent: Db) -> None:
    """And nothing else."""
    days = Period.of_days(SENT_S + DAY_S, SENT_S + 3 * DAY_S)
    assert [row.campaign.campaign for row in listing(sent, days, limit=10).rows] == ["c", "b"]


def test_no_table_that_grows_is_looked_through(sent: Db) -> None:
    """By people, all sets of the period are read, by their keys."""
    days = Period.of_days(SENT_S, SENT_S + DAY_S)
    for order in ORDERS:
        assert list(scans(sent, lambda order=order: listing(sent, days, order, limit=2))) == []  # type: ignore[misc]
