"""What each rule caught."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put
from tests.unit.tracker.counting.test_batch import fed, histories
from tracker.events import Event
from tracker.reports import clicks
from tracker.reports.log.filters import rules_of
from tracker.reports.machines.rules import ByRule, Caught, Judged, by_rule
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S, day_of

DAY = day_of(SENT_S) * DAY_S


def test_a_rule_has_the_clicks_that_it_gave_points(db: Db) -> None:
    """A machine's with one reason was caught by that rule alone."""
    put(db, pending(), accepted(), clicked("person", at_s=SENT_S + 5000))
    put(db, clicked("head", at_s=SENT_S + 20_000, method="HEAD"))
    put(db, clicked("both", recipient=2, at_s=SENT_S + 1, method="HEAD"))
    put(db, clicked("doubtful", at_s=SENT_S + 40_000, signals=("no-html",)))
    found = by_rule(db, Period())
    assert found.total == Judged(clicks=4, human=2, doubtful=1)
    assert found.rules == (
        Caught("head", Judged(2, 0, 0), alone=1),
        Caught("early", Judged(1, 0, 0), alone=0),
        Caught("no-html", Judged(1, 1, 1), alone=0),
    )
    assert found.total.machine_share == pytest.approx(0.5)
    assert "HEAD" in found.rules[0].sees


def test_a_rule_of_another_version_has_no_words() -> None:
    """But its name."""
    assert Caught("moon-phase", Judged()).sees == ""


def test_a_period_goes_by_when_messages_were_sent(db: Db) -> None:
    """Whenever they were clicked."""
    for day in (0, 1):
        sent_s = SENT_S + day * DAY_S
        put(db, pending(f"m{day}", at_s=sent_s), accepted(f"m{day}", sent_s=sent_s))
        put(
            db,
            clicked(f"c{day}", f"m{day}", sent_at_s=sent_s, at_s=sent_s + 9 * DAY_S, method="HEAD"),
        )
    assert by_rule(db, Period(DAY, DAY + DAY_S)).total.clicks == 1
    assert by_rule(db, Period(DAY + 5 * DAY_S)) == ByRule(Judged(), ())
    assert Judged().machine_share is None


@given(histories(), st.lists(st.integers(0, 99), max_size=4))
def test_the_figures_are_those_of_all_clicks(events: list[Event], cuts: list[int]) -> None:
    """As counting them one by one would have it."""
    db = fed(events, cuts)
    found = by_rule(db, Period())
    rows = list(clicks.clicks(db))
    by_hand = Counter(
        rule for row in rows if not row["human"] for rule in rules_of(" ".join(row["reasons"]))
    )
    assert found.total.clicks == len(rows)
    assert found.total.human == sum(row["human"] for row in rows)
    assert {
        each.rule: each.judged.machines for each in found.rules if each.judged.machines
    } == by_hand
    db.close()
