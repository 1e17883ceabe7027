"""What clicks were judged by goes when it has grown old; labels and sums stay."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.checks.facts import NAMING, SENT_S, accepted, clicked, empty, pending, put
from tests.support.checks.plans import scans
from tests.support.engines import engine, gives_back
from tests.support.feeding import click_rows
from tracker.counting import reclassify
from tracker.counting.batch import feed
from tracker.details import settling
from tracker.details.settling import Age
from tracker.events import Clicked
from tracker.judging.rules import Settings
from tracker.privacy.agents import Agents
from tracker.reports import activity, summary
from tracker.sql.sqlite import SQLite
from tracker.store.database import Store
from tracker.store.reserved import DAY_S

__all__ = ["engine", "gives_back"]

LATER_S = SENT_S + 90 * DAY_S
AGE = Age(SENT_S + 1, LATER_S)
KEPT = ("event_id", "at_s", "recipient", "number", "link", "person", "human", "doubtful", "reasons")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have chunks of few clicks, so that there are several."""
    monkeypatch.setattr(settling, "CHUNK_ROWS", 3)


def click(number: int, message: str = "m1", **changes: object) -> Clicked:
    """Return a click with all that is kept of one."""
    told = {"ip": "192.0.2.0", "network": "192.0.2.0", "signals": ("no-language",)}
    about = {"link": 1 + number % 3, "at_s": SENT_S + 9000.0 + number * 1000}
    return clicked(f"c{number}", message, **{**told, **about, **changes})


def settled(db: SQLite, age: Age = AGE) -> int:
    """Settle what is old; return how many clicks that were."""
    return sum(settling.settling(db, age))


def bare(db: SQLite) -> set[str]:
    """Return the clicks of which nothing but label, link and time is kept."""
    rows = [row for row in click_rows(db) if row["signals"] == "settled"]
    assert {(row["ip"], row["user_agent"], row["method"]) for row in rows} <= {(None, "", "")}
    return {row["event_id"] for row in rows}


def test_details_go_and_labels_stay(db: SQLite) -> None:
    """With link, time, person and sums; an agent that nobody else has is gone."""
    put(db, pending(), accepted(), *(click(n, user_agent=f"Browser/{n}") for n in range(7)))
    put(db, pending("m2", at_s=SENT_S + 9), click(9, "m2", sent_at_s=SENT_S + 9))
    before, report = click_rows(db), summary.report(db)
    assert settled(db, Age(SENT_S + 0.5, LATER_S)) == 7
    now = click_rows(db)
    assert [{name: row[name] for name in KEPT if name in row} for row in now] == [
        {name: row[name] for name in KEPT if name in row} for row in before
    ]
    assert summary.report(db) == report
    assert len(bare(db)) == 7
    agents = {row["name"]: row["clicks"] for row in db["user_agents"].rows}
    assert agents == {"": 7, "Browser/1": 1}
    assert settled(db) == 0


def test_clicks_of_the_last_day_stay_until_they_are_older(db: SQLite) -> None:
    """On whatever message, also where they arrived after its other clicks went."""
    put(db, pending(), accepted(), click(1))
    assert settled(db) == 1
    put(db, click(2, at_s=LATER_S - 60), click(3, at_s=LATER_S - 2 * DAY_S))
    assert settled(db, Age(SENT_S + 1, LATER_S + 600)) == 0
    assert settled(db, Age(SENT_S + 1, LATER_S + DAY_S)) == 0
    assert settled(db, Age(SENT_S + 1, LATER_S + 2 * DAY_S)) == 2
    assert len(bare(db)) == 3


def test_a_store_that_was_never_settled_begins_with_what_arrived_of_late(db: SQLite) -> None:
    """What was made before goes with its message."""
    put(db, pending(), accepted(), click(1), click(2, at_s=LATER_S - 3 * DAY_S))
    put(db, click(3, at_s=LATER_S - 60))
    assert settled(db) == 2
    assert settled(db, Age(SENT_S + 1, LATER_S + 2 * DAY_S)) == 1


def test_a_click_of_the_future_is_no_exception(db: SQLite) -> None:
    """A wrong clock told of it."""
    put(db, pending(), accepted(), click(1, at_s=LATER_S + 9 * DAY_S))
    assert settled(db) == 1


def test_a_clock_that_was_ahead_for_a_while_holds_nothing_up(db: SQLite) -> None:
    """Late clicks go a day after it was put right, and none of them before it is old."""
    put(db, pending(), accepted(), click(1))
    assert settled(db, Age(SENT_S + 1, LATER_S + 20 * DAY_S)) == 1
    put(db, click(2, at_s=LATER_S - 60))
    assert settled(db, Age(SENT_S + 1, LATER_S)) == 0
    assert settled(db, Age(SENT_S + 1, LATER_S + DAY_S)) == 0
    assert settled(db, Age(SENT_S + 1, LATER_S + 2 * DAY_S)) == 1


def test_what_is_to_be_kept_longer_now_is_kept(db: SQLite) -> None:
    """Clicks on messages sent since the new moment, though others of their time went."""
    put(db, pending(), accepted(), click(1))
    assert settled(db, Age(SENT_S + 9 * DAY_S, LATER_S)) == 1
    put(db, pending("m2", at_s=SENT_S + 5 * DAY_S))
    put(db, click(2, "m2", sent_at_s=SENT_S + 5 * DAY_S))
    assert settled(db, Age(SENT_S + DAY_S, LATER_S + 2 * DAY_S)) == 0
    assert settled(db, Age(SENT_S + 6 * DAY_S, LATER_S + 2 * DAY_S)) == 1


def test_a_verdict_stays_whatever_comes_later(db: SQLite) -> None:
    """A click that would make a burst with it is judged without it."""
    put(db, pending(), accepted(), click(1))
    assert settled(db) == 1
    late = click(2, at_s=SENT_S + 10_000.1)
    put(db, late)
    alone = empty()
    put(alone, pending(), accepted(), late)
    told = [(row["human"], row["reasons"]) for row in click_rows(db)]
    assert told[1:] == [(row["human"], row["reasons"]) for row in click_rows(alone)]
    assert told[0] == (1, "no-language/1")
    alone.close()


def test_reclassify_leaves_what_is_settled(db: SQLite) -> None:
    """Other clicks of the copy are judged anew, and no more are said to be."""
    put(db, pending(), accepted(), click(1))
    assert settled(db) == 1
    put(db, click(2))
    strict = Settings(points={"no-language": 100})
    (done,) = reclassify.reclassify(Store(db), strict)
    assert (done.clicks, done.changed) == (1, 1)
    assert [row["human"] for row in click_rows(db)] == [1, 0]


def test_why_it_was_judged_so_is_told_as_far_as_it_is_known(db: SQLite) -> None:
    """By its reasons; nothing is made up of what is gone."""
    nets = [f"198.51.{n}.0" for n in range(3)]
    fleet = (
        click(n, at_s=SENT_S + 9000 + 5 * n, ip=net, network=net, signals=(), user_agent=f"B/{n}")
        for n, net in enumerate(nets)
    )
    put(db, pending(), accepted(), *fleet)
    words = [row["why"] for row in activity.activity(db, "ann@example.net")]
    assert words[0] == "3 networks within 10 s"
    assert settled(db) == 3
    words = [row["why"] for row in activity.activity(db, "ann@example.net")]
    assert words[0] == "several networks within 10 s"


CLICKS = st.lists(
    st.builds(
        lambda number, after_s, network, agent, signals: clicked(
            f"c{number}-{after_s}-{network}-{agent}",
            link=number,
            at_s=LATER_S + after_s,
            network=f"192.0.{network}.0",
            ip=f"192.0.{network}.0",
            user_agent=f"Browser/{agent}",
            signals=signals,
        ),
        st.integers(1, 3),
        st.sampled_from([0.0, 0.1, 3.0, 40.0, 700.0]),
        st.integers(1, 3),
        st.integers(1, 2),
        st.sampled_from([(), (), ("no-html",), ("head",)]),
    ),
    min_size=2,
    max_size=6,
    unique_by=lambda each: each.event_id,
)


@given(CLICKS, CLICKS, st.randoms(use_true_random=False))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_labels_depend_on_clicks_with_details_alone(
    old: list[Clicked], new: list[Clicked], die: random.Random
) -> None:
    """Whatever the order in which these come, and in which groups; the settled keep theirs."""
    found = []
    for _ in range(2):
        db = empty()
        put(db, pending(), accepted(), *old)
        settled(db, Age(SENT_S + 1, LATER_S + 2 * DAY_S))
        gone = bare(db)
        todo = die.sample(new, len(new))
        cut = die.randrange(len(todo))
        put(db, *todo[:cut])
        put(db, *todo[cut:])
        rows = click_rows(db)
        found.append({row["event_id"]: (row["human"], row["reasons"]) for row in rows})
        assert len(gone) == len(old)
        db.close()
    assert found[0] == found[1]


def test_nothing_is_searched_for(db: SQLite) -> None:
    """Every question is answered by an index."""
    put(db, pending(), accepted(), *(click(n) for n in range(9)))
    late = Age(SENT_S + 1, LATER_S + 9 * DAY_S)
    assert list(scans(db, lambda: settled(db))) == []
    put(db, click(20))
    assert list(scans(db, lambda: settled(db, late))) == []


def test_pseudonyms_leave_after_two_days(db: SQLite) -> None:
    """What they told apart stays as it was judged; all else of the clicks stays too."""
    reduced = Agents("none")
    put(db, pending(), accepted())
    with db.atomic():
        feed(db, [click(n) for n in range(5)], NAMING, agents=reduced)
    before = click_rows(db)
    made_s = SENT_S + 9000.0
    assert sum(settling.leaving(db, made_s + DAY_S)) == 0
    assert db["pseudonyms"].count == 5
    assert list(scans(db, lambda: list(settling.leaving(db, made_s + DAY_S)))) == []
    assert sum(settling.leaving(db, made_s + 2 * DAY_S)) == 5
    assert db["pseudonyms"].count == 0
    told = [{**row, "signals": "no-language settled"} for row in before]
    assert click_rows(db) == told
    put(db, click(9, at_s=made_s + 0.1))
    assert [row["reasons"] for row in click_rows(db)][:5] == [row["reasons"] for row in before]


def test_pseudonyms_of_the_future_leave_as_well(db: SQLite) -> None:
    """A wrong clock told of them; so do those of clicks that are gone."""
    put(db, pending(), accepted())
    with db.atomic():
        feed(db, [click(1, at_s=LATER_S), click(2)], NAMING, agents=Agents("none"))
    db.execute("DELETE FROM clicks WHERE arrival = 2")
    assert sum(settling.leaving(db, SENT_S + 9000.0)) == 1
    assert sum(settling.leaving(db, SENT_S + 9000.0 + 2 * DAY_S)) == 1


def test_a_settled_click_has_no_pseudonym(db: SQLite) -> None:
    """It goes with the rest."""
    put(db, pending(), accepted())
    with db.atomic():
        feed(db, [click(1)], NAMING, agents=Agents("family"))
    assert settled(db) == 1
    assert db["pseudonyms"].count == 0
