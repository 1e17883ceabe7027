"""Sums of the store: changes come out the same, however they are put together."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from tests.support.checks.facts import empty
from tracker.ingest import sums
from tracker.ingest.counting import Click, MessageTotals, Sums

DAY_S = 86400
CLICKS = st.builds(
    Click,
    id=st.just(1),
    at_s=st.sampled_from([5 * DAY_S, 6 * DAY_S]),
    recipient=st.just(1),
    number=st.just(1),
    destination=st.just(""),
    human=st.booleans(),
    campaign_id=st.integers(1, 2),
    link_id=st.integers(1, 2),
    person_id=st.none() | st.integers(1, 2),
)


def changes(clicks: list[Click], sign: int = 1) -> Sums:
    """Return the changes that clicks make when they are added, or withdrawn."""
    changed = Sums()
    for click in clicks:
        changed.add_click(click, sign)
    return changed


def kept(db: Database) -> list[set[tuple[Any, ...]]]:
    """Return what the tables of sums hold, sums of nothing apart."""
    queries = (
        "SELECT * FROM counters WHERE messages OR clicks_all OR unique_all",
        "SELECT * FROM clickers",
    )
    return [set(db.execute(query).fetchall()) for query in queries]


@given(st.lists(CLICKS, max_size=6))
def test_changes_may_be_applied_at_once_or_one_by_one(clicks: list[Click]) -> None:
    """Whoever clicks again is counted as one person all the same."""
    at_once, one_by_one = empty(), empty()
    sums.apply(at_once, changes(clicks))
    for click in clicks:
        sums.apply(one_by_one, changes([click]))
    assert kept(at_once) == kept(one_by_one)
    at_once.close()
    one_by_one.close()


@given(st.lists(CLICKS, max_size=4), st.lists(CLICKS, max_size=4))
def test_what_is_withdrawn_leaves_nothing(clicks: list[Click], others: list[Click]) -> None:
    """Neither in the sums nor among the clickers."""
    both, alone = empty(), empty()
    for changed in (changes(clicks), changes(others), changes(clicks, -1)):
        sums.apply(both, changed)
    sums.apply(alone, changes(others))
    assert kept(both) == kept(alone)
    both.close()
    alone.close()


def test_a_person_counts_once_however_often_they_click(db: Database) -> None:
    """As a human as soon as one of the clicks was a human's."""
    machine = Click(1, DAY_S, 1, 1, "", human=False, campaign_id=3, link_id=4, person_id=5)
    human = Click(2, DAY_S, 1, 1, "", human=True, campaign_id=3, link_id=4, person_id=5)
    figures = (
        "SELECT clicks_human, clicks_all, unique_human, unique_all FROM counters WHERE day = 0"
    )
    sums.apply(db, changes([machine]))
    assert set(db.execute(figures)) == {(0, 1, 0, 1)}
    sums.apply(db, changes([human, human]))
    assert set(db.execute(figures)) == {(2, 3, 1, 1)}


def test_messages_are_summed_by_day_and_campaign(db: Database) -> None:
    """In all four scopes, and in none of a link."""
    changed = Sums()
    changed.add_message(MessageTotals(3, 20_000, recipients=2, personal=1), 1)
    changed.add_message(None, 1)
    sums.apply(db, changed)
    query = "SELECT day, campaign_id, link_id, messages, recipients, personal FROM counters"
    assert set(db.execute(query)) == {
        (day, campaign, 0, 1, 2, 1) for day in (0, 20_000) for campaign in (0, 3)
    }
