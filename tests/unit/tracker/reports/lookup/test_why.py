"""The reasons for verdicts in words."""

from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put
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
