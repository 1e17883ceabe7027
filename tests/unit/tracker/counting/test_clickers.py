"""Who clicked: sets of persons hold exactly those whose clicks say so, whatever happened in between."""

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.facts import SENT_S, accepted, clicked, empty, pending, put
from tests.support.checks.recount import recount
from tests.support.engines import engine, gives_back
from tracker.counting import sums
from tracker.counting.model import Attribution, Click, Sums
from tracker.events import Event
from tracker.judging.click import Click as Made
from tracker.judging.judge import Verdict
from tracker.reports import summary
from tracker.sql.sqlite import SQLite
from tracker.store.reserved import DAY_S, Kind
from tracker.store.rows import clicked_by
from tracker.store.rows.clicked_by import PART, Scope

__all__ = ["engine", "gives_back"]

DAY = SENT_S // DAY_S
MESSAGES = tuple(
    (f"m{number}", SENT_S + day * DAY_S, campaign)
    for number, (day, campaign) in enumerate(itertools.product((0, 1, 2), ("news", "other")))
)
HUMAN = Verdict(human=True, doubtful=False, score=0, reasons=())


def _sent() -> list[Event]:
    """Return messages of three days and two campaigns, each to the same two readers."""
    told: list[Event] = []
    for message, at_s, campaign in MESSAGES:
        told += [pending(message, at_s=at_s, campaign=campaign), accepted(message, sent_s=at_s)]
    return told


@st.composite
def _clicks(draw: st.DrawFn) -> list[Event]:
    """Return clicks on them: some together, which only a machine can make, some doubtful."""
    found: list[Event] = []
    for number in range(draw(st.integers(0, 10))):
        message, sent_s, _ = draw(st.sampled_from(MESSAGES))
        facts: dict[str, Any] = {
            "at_s": sent_s + draw(st.sampled_from([9000.0, 9000.1, 9000.2, 20_000.0])),
            "sent_at_s": sent_s,
            "recipient": draw(st.integers(1, 2)),
            "link": draw(st.integers(1, 3)),
            "signals": draw(st.sampled_from([(), (), ("no-html",)])),
        }
        facts["destination"] = f"https://example.net/{facts['link']}"
        found.append(clicked(f"c{number}", message, **facts))
    return found


@given(_clicks(), st.randoms(use_true_random=False))
def test_people_of_any_days_are_those_that_a_recount_finds(
    events: list[Event], random: Any
) -> None:
    """One by one, in any order, with messages known before or after; of all campaigns and of one."""
    db = empty()
    mixed = _sent() + events
    random.shuffle(mixed)
    for event in mixed:
        put(db, event)
    assert summary.report(db) == recount(db)
    for first, last in itertools.combinations_with_replacement((DAY, DAY + 1, DAY + 2), 2):
        for campaign in (None, "news"):
            within = {"since_s": first * DAY_S, "until_s": (last + 1) * DAY_S}
            found = summary.report(db, campaign=campaign, **within)
            assert found == recount(db, first=first, last=last, campaign=campaign)
    db.close()


def test_whose_only_click_turns_out_to_be_a_machines_is_no_human(db: SQLite) -> None:
    """Nor of its campaign, its link or its day; who clicked elsewhere as well stays one of all."""
    put(db, *_sent())
    put(db, clicked("c1", "m0", at_s=SENT_S + 9000))
    put(db, clicked("c2", "m2", at_s=SENT_S + 2 * DAY_S, sent_at_s=SENT_S + DAY_S, link=2))
    for number, link in enumerate((2, 3), 3):
        put(db, clicked(f"c{number}", "m0", at_s=SENT_S + 9000 + number / 10, link=link))
    whole = summary.report(db).totals
    assert (whole.clicks_human, whole.unique_human, whole.unique_all) == (1, 1, 1)
    first = summary.report(db, until_s=(DAY + 1) * DAY_S).totals
    assert (first.clicks_human, first.unique_human, first.unique_all) == (0, 0, 1)
    assert summary.report(db) == recount(db)


def test_a_set_of_nobody_is_no_row(db: SQLite) -> None:
    """When the click of the only one counts elsewhere."""
    put(db, *_sent(), clicked("c1", "m0", at_s=SENT_S + 9000))
    rows = db["clicked_by"].count
    assert rows == 7
    clicked_by.save(db, {(Scope(0, 0, DAY), 0): clicked_by.Persons()})
    assert db["clicked_by"].count == rows - 1


def test_persons_of_high_numbers_are_in_parts_of_their_own(db: SQLite) -> None:
    """And are counted with the others."""
    changed = Sums()
    for person in (1, PART - 1, PART, 3 * PART + 7):
        click = Click(b"", 1, "", Made(9e4, 1, None, "", ()), HUMAN, Attribution(3, 4, person, 2))
        changed.add_click(click, 1)
    sums.apply(db, changed)
    assert clicked_by.load(db, Scope(4, 3, 2), 3).kind(7) is Kind.CERTAIN
    parts = db.execute(
        "SELECT part FROM clicked_by WHERE link_id = 0 AND day = 0 AND campaign_id = 0"
    )
    assert {part for (part,) in parts} == {0, 1, 3}
    query = "SELECT DISTINCT unique_human, unique_all FROM counters WHERE day = 0"
    assert db.execute(query).fetchall() == [(4, 4)]
