"""How often mail was opened, as a report says."""

from tests.support.checks.facts import SENT_S, opened, put, taken, with_pixel
from tracker.reports import opens
from tracker.reports.opens import Figures
from tracker.sql.db import Db


def figures(db: Db) -> Figures:
    """Return the figures of everything."""
    return opens.report(db).totals


def test_opens_count_copies_and_humans(db: Db) -> None:
    """A reader who opens twice is one; a machine counts apart."""
    machine = opened("o3", recipient=2, human=False)
    put(db, with_pixel(), taken(), opened("o1"), opened("o2"), machine)
    assert figures(db) == Figures(1, 2, 2, 2, 3, 1, 2)
    assert figures(db).open_rate == 0.5


def test_nobody_opened_a_shared_copy(db: Db) -> None:
    """Its opens count, for no one reader; that it was opened shows that it arrived."""
    put(db, with_pixel(shared=True), opened("o1", recipient=0))
    assert figures(db) == Figures(1, 2, 0, 1, 1, 0, 0)
    assert figures(db).open_rate is None


def test_a_message_that_nobody_took_does_not_count(db: Db) -> None:
    """Not before the relay's 250, or an open."""
    put(db, with_pixel())
    assert figures(db) == Figures()


def test_a_report_may_be_of_one_campaign_or_of_what_is_new(db: Db) -> None:
    """As that of clicks."""
    put(db, with_pixel(), taken(), with_pixel("m2", campaign=None), taken("m2"), opened("o1"))
    (news,) = opens.report(db, campaign="news").campaigns
    assert (news[0], news[1].opens_all) == ("news", 1)
    assert opens.report(db, since_s=SENT_S + 10).campaigns == ()
    assert [name for name, _ in opens.report(db).campaigns] == ["news", None]
