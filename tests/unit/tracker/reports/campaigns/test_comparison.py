"""Two campaigns, link by link."""

import pytest

from tests.support.checks.facts import SENT_S, accepted, clicked, empty, pending, put
from tests.support.checks.plans import scans
from tracker.reports.campaigns.comparison import compare
from tracker.sql.db import Db

FIRST, SECOND = 3, 4


@pytest.fixture
def two() -> Db:
    """Return a store of two campaigns, of which the second has not got the third link."""
    db = empty()
    put(db, pending("m1", campaign="a"), accepted("m1"))
    put(db, pending("m2", campaign="b", links=pending().links[:2]), accepted("m2"))
    for message in ("m1", "m2"):
        put(
            db,
            pending(
                message + "x",
                campaign="ab"[message == "m2"],
                links=pending("m1").links[: 3 - (message == "m2")],
            ),
        )
    put(db, clicked("c1"), clicked("c2", recipient=2, at_s=SENT_S + 600))
    put(db, clicked("c3", "m2", at_s=SENT_S + 900))
    return db


def test_each_link_has_its_figures_in_both(two: Db) -> None:
    """None where a campaign has not got it, and 0 where nobody clicked it there."""
    pairs = compare(two, FIRST, SECOND, 10)
    people = {
        pair.link.link[-1]: tuple(side and side.unique_human for side in (pair.one, pair.other))
        for pair in pairs
    }
    assert people == {"1": (2, 1), "2": (0, 0), "3": (0, None)}
    assert pairs[0].link.link.endswith("1")


def test_no_table_that_grows_is_looked_through(two: Db) -> None:
    """Nor all entries of an index."""
    assert list(scans(two, lambda: compare(two, FIRST, SECOND, 10))) == []
