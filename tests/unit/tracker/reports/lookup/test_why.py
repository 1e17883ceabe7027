"""The reasons for verdicts in words."""

from tests.support.checks import plans
from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put
from tracker.judging.rules import FLOOD
from tracker.reports import activity, clicks
from tracker.reports.log.filters import Filter
from tracker.reports.log.page import page
from tracker.reports.lookup import why
from tracker.reports.lookup.timeline import which
from tracker.sql.db import Db


def test_words_are_those_of_the_whole_copy(db: Db) -> None:
    """What one rule saw is in other clicks, which need not be asked for."""
    put(
        db,
        pending(),
        accepted(),
        clicked("a", at_s=SENT_S + 20),
        clicked("b", link=2, at_s=SENT_S + 20.1),
    )
    put(db, clicked("c", "m1", recipient=2, at_s=SENT_S + 9000, method="HEAD"))
    rows = page(db, Filter()).rows
    told = {
        row["at"]: row["why"]
        for name in ("ann@example.net", "bob@example.net")
        for row in activity.activity(db, name)
        if row["event"] == "clicked"
    }
    found = why.in_words_of(db, [which(rows[1])])
    assert "2 links within 0.1 s" in found[rows[1]["event_id"]]
    words = why.in_words_of(db, [which(row) for row in rows])
    assert {row["at"]: words[row["event_id"]] for row in rows} == told


def test_a_click_that_is_gone_has_no_words(db: Db) -> None:
    """It may have been purged since the page was asked for."""
    put(db, pending(), accepted(), clicked("a"))
    (row,) = page(db, Filter()).rows
    db.execute("DELETE FROM clicks")
    assert why.in_words_of(db, [which(row)]) == {}
    assert list(clicks.clicks(db)) == []


def test_words_of_clicks_on_many_copies_take_as_many_questions_as_on_one(db: Db) -> None:
    """Each is a way to the server and back."""
    put(db, pending(), accepted(), clicked("a"), clicked("b", recipient=2))
    put(db, pending("m2"), accepted("m2"), clicked("c", "m2"))
    wanted = [which(row) for row in page(db, Filter()).rows]
    one, many = (plans.how_many(db, lambda n=n: why.in_words_of(db, wanted[:n])) for n in (1, 3))
    assert many == one
    assert len(why.in_words_of(db, wanted)) == 3


def test_words_of_a_flood_are_of_its_first_clicks(db: Db) -> None:
    """The rules looked no further; copies beside it have their words all the same."""
    put(db, pending(), accepted(), clicked("beside", recipient=2, at_s=SENT_S + 20))
    put(db, *(clicked(f"c{n}", at_s=SENT_S + 20 + n / 100) for n in range(FLOOD + 5)))
    rows = page(db, Filter(), limit=FLOOD + 6).rows
    found = why.in_words_of(db, [which(row) for row in rows])
    assert len(found) == FLOOD + 1
    theirs = sorted(row["event_id"] for row in rows if row["recipient"] == 1)
    assert found.keys() == {
        *theirs[:FLOOD],
        *(row["event_id"] for row in rows if row["recipient"] == 2),
    }
