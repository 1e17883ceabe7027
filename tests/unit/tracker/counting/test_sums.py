"""Sums of the store: changes come out the same, however they are put together."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.facts import empty
from tests.support.engines import engine, gives_back
from tracker.counting import sums
from tracker.counting.model import Attribution, Click, MessageSum, MessageTotals, Sums
from tracker.judging.click import Click as Made
from tracker.judging.judge import Verdict
from tracker.sql.sqlite import SQLite
from tracker.store.reserved import DAY_S

__all__ = ["engine", "gives_back"]

HUMAN = Verdict(human=True, doubtful=False, score=0, reasons=())
DOUBTFUL = Verdict(human=True, doubtful=True, score=50, reasons=("no-html/1",))
MACHINE = Verdict(human=False, doubtful=False, score=100, reasons=("head/1",))

COUNTED = Attribution(3, 4, 5, 1)


def click(
    verdict: Verdict = HUMAN,
    *,
    at_s: float = DAY_S,
    recipient: int = 1,
    counted: Attribution = COUNTED,
) -> Click:
    """Return a click that counts for a link of a campaign."""
    return Click(b"", recipient, "", Made(at_s, 1, None, "", ()), verdict, counted)


CLICKS = st.builds(
    click,
    st.sampled_from([HUMAN, HUMAN, DOUBTFUL, MACHINE]),
    at_s=st.sampled_from([5 * DAY_S, 6 * DAY_S]),
    recipient=st.integers(0, 1),
    counted=st.builds(
        Attribution,
        campaign_id=st.integers(1, 2),
        link_id=st.integers(1, 2),
        person_id=st.none() | st.integers(1, 2),
        sent_day=st.integers(4, 5),
    ),
)
NOBODYS = CLICKS.map(lambda each: replace(each, counted=each.counted._replace(person_id=None)))
"""Those whose withdrawal asks no rows what is left of a person (`test_clickers.py`)."""


def changes(clicks: list[Click], sign: int = 1) -> Sums:
    """Return the changes that clicks make when they are added, or withdrawn."""
    changed = Sums()
    for each in clicks:
        changed.add_click(each, sign)
    return changed


def kept(db: SQLite) -> list[set[tuple[Any, ...]]]:
    """Return what the tables of sums hold, sums of nothing apart."""
    queries = (
        "SELECT * FROM counters WHERE messages > 0 OR clicks_all > 0 OR unique_all > 0",
        "SELECT * FROM cohorts",
        "SELECT * FROM hours",
        "SELECT * FROM clicked_by",
        "SELECT day, score, reasons, clicks FROM judged_days JOIN verdicts ON verdicts.id = verdict_id",
    )
    return [set(db.execute(query).fetchall()) for query in queries]


@given(st.lists(CLICKS, max_size=6))
def test_changes_may_be_applied_at_once_or_one_by_one(clicks: list[Click]) -> None:
    """Whoever clicks again is counted as one person all the same."""
    at_once, one_by_one = empty(), empty()
    sums.apply(at_once, changes(clicks))
    for each in clicks:
        sums.apply(one_by_one, changes([each]))
    assert kept(at_once) == kept(one_by_one)
    at_once.close()
    one_by_one.close()


@given(st.lists(NOBODYS, max_size=4), st.lists(NOBODYS, max_size=4))
def test_what_is_withdrawn_leaves_nothing(clicks: list[Click], others: list[Click]) -> None:
    """In no sum."""
    both, alone = empty(), empty()
    for changed in (changes(clicks), changes(others), changes(clicks, -1)):
        sums.apply(both, changed)
    sums.apply(alone, changes(others))
    assert kept(both) == kept(alone)
    both.close()
    alone.close()


@given(st.lists(NOBODYS, max_size=4), st.lists(NOBODYS, max_size=4))
def test_clicks_that_give_way_to_others_in_one_change_leave_nothing(
    clicks: list[Click], others: list[Click]
) -> None:
    """As many may come as go: what they differ in is changed all the same."""
    changed, alone = empty(), empty()
    sums.apply(changed, changes(clicks))
    both = changes(others)
    for each in clicks:
        both.add_click(each, -1)
    sums.apply(changed, both)
    sums.apply(alone, changes(others))
    assert kept(changed) == kept(alone)
    changed.close()
    alone.close()


def test_a_shared_click_that_gives_its_place_to_another_is_withdrawn(db: SQLite) -> None:
    """Though there are as many clicks as before."""
    shared = click(recipient=0, counted=Attribution(3, 4, None, 1))
    sums.apply(db, changes([shared]))
    both = changes([click()])
    both.add_click(shared, -1)
    sums.apply(db, both)
    assert {row["clicks_shared"] for row in db["counters"].rows} == {0}


def test_a_person_counts_once_however_often_they_click(db: SQLite) -> None:
    """As a human as soon as one of the clicks was a human's."""
    figures = (
        "SELECT clicks_human, clicks_all, unique_human, unique_all FROM counters WHERE day = 0"
    )
    sums.apply(db, changes([click(MACHINE)]))
    assert set(db.execute(figures)) == {(0, 1, 0, 1)}
    sums.apply(db, changes([click(), click()]))
    assert set(db.execute(figures)) == {(2, 3, 1, 1)}


def test_a_person_is_doubtful_while_every_human_click_is(db: SQLite) -> None:
    """Those of machines say nothing about that."""
    figures = "SELECT clicks_doubtful, unique_human, unique_doubtful FROM counters WHERE day = 0"
    sums.apply(db, changes([click(DOUBTFUL), click(MACHINE)]))
    assert set(db.execute(figures)) == {(1, 1, 1)}
    sums.apply(db, changes([click()]))
    assert set(db.execute(figures)) == {(1, 1, 0)}


def test_who_clicked_two_links_of_two_campaigns_is_one_person(db: SQLite) -> None:
    """In each sum that is over both; days have no clickers."""
    pairs = [(3, 4), (3, 6), (8, 4)]
    sums.apply(db, changes([click(counted=Attribution(*pair, 5, 1)) for pair in pairs]))
    query = "SELECT day, campaign_id, link_id, clicks_all, unique_all FROM counters"
    assert set(db.execute(query)) == {
        *((0, 0, 0, 3, 1), (0, 3, 0, 2, 1), (0, 8, 0, 1, 1), (0, 0, 4, 2, 1), (0, 0, 6, 1, 1)),
        *((0, *pair, 1, 1) for pair in pairs),
        *((1, 0, 0, 3, 0), (1, 3, 0, 2, 0), (1, 8, 0, 1, 0)),
    }


def test_clicks_are_summed_by_what_they_were_judged_to_be(db: SQLite) -> None:
    """On the day on which their message was sent; one that is judged otherwise moves."""
    sums.apply(db, changes([click(MACHINE), click(MACHINE), click(DOUBTFUL)]))
    both = changes([click(HUMAN)])
    both.add_click(click(DOUBTFUL), -1)
    sums.apply(db, both)
    query = """SELECT day, human, reasons, clicks FROM judged_days
        JOIN verdicts ON verdicts.id = verdict_id"""
    assert set(db.execute(query)) == {(1, 0, "head/1", 2), (1, 1, "", 1)}


def test_messages_are_summed_by_day_and_campaign(db: SQLite) -> None:
    """In all four scopes, and in none of a link."""
    changed = Sums()
    changed.add_message(MessageTotals(3, 20_000, MessageSum(1, 2, 1, 0, 0)), 1)
    changed.add_message(MessageTotals(3, 20_000, MessageSum(1, 0, 0, 1, 9)), 1)
    changed.add_message(None, 1)
    sums.apply(db, changed)
    query = """SELECT day, campaign_id, link_id, messages, deliveries, clicked,
        shared_messages, shared_recipients FROM counters"""
    assert set(db.execute(query)) == {
        (day, campaign, 0, 2, 2, 1, 1, 9) for day in (0, 20_000) for campaign in (0, 3)
    }
