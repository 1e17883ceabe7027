"""Opens in real SQLite: whatever comes in whatever order, and never a figure of clicks."""

import itertools

from tests.support.checks.facts import (
    SENT_S,
    accepted,
    clicked,
    empty,
    opened,
    pending,
    put,
    taken,
    totals,
    with_pixel,
)
from tests.support.engines import engine, gives_back
from tracker.events import Event, Recipient
from tracker.reports import opens
from tracker.reports.opens import Figures
from tracker.retention.retention import purge
from tracker.sql.sqlite import SQLite

__all__ = ["engine", "gives_back"]


def test_opens_leave_every_figure_of_clicks_alone(db: SQLite) -> None:
    """A message with a pixel alone is none that has tracked links, and no open is a click."""
    put(db, pending("m2"), accepted("m2"), clicked("c1", "m2"))
    before = totals(db)
    put(db, with_pixel(), taken(), opened("o1"), opened("o2", "m2"))
    assert totals(db) == before
    assert db["messages"].count == 1


def test_links_and_a_pixel_count_on_both_sides(db: SQLite) -> None:
    """Each in its own report."""
    put(db, pending(opens=True), taken(links=True), opened("o1"), clicked("c1"))
    assert (totals(db).messages, totals(db).clicks_all) == (1, 1)
    assert (opens.report(db).totals.messages, opens.report(db).totals.opens_all) == (1, 1)


def test_the_order_of_events_does_not_matter() -> None:
    """Nor does hearing them twice."""
    events: tuple[Event, ...] = (with_pixel(), taken(), opened("o1"), opened("o1"))
    for order in itertools.permutations(events):
        db = empty()
        for event in order:
            put(db, event)
        report = opens.report(db)
        assert report.campaigns == (("news", Figures(1, 2, 2, 1, 1, 1, 1)),)


def test_purged_opens_are_gone_for_good(db: SQLite) -> None:
    """What comes afterwards of such a message is not kept either."""
    put(db, with_pixel(), taken(), opened("o1"))
    purge(db, SENT_S + 10)
    assert opens.report(db).totals == Figures()
    put(db, with_pixel(), opened("o2"))
    assert (db["pixels"].count, db["opens"].count) == (0, 0)


def test_nothing_that_is_kept_names_a_reader(db: SQLite) -> None:
    """Opens know a copy by its number alone."""
    put(db, with_pixel(recipients=(Recipient(1, "ann@example.net", "4711"),)), opened("o1"))
    kept = repr([*db["pixels"].rows, *db["opens"].rows])
    assert "ann" not in kept
    assert "4711" not in kept
    assert db["persons"].count == 0
