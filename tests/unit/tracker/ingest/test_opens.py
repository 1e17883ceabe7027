"""Opens in real SQLite: whatever comes in whatever order, and never a figure of clicks."""

import itertools

import pytest
from sqlite_utils import Database

from tests.support.checks.facts import SENT_S, accepted, clicked, empty, pending, put, totals
from tracker.events import Event, MessageAccepted, MessagePending, Opened, Recipient, decode, encode
from tracker.reports import opens
from tracker.reports.opens import Figures
from tracker.store.retention import purge


def with_pixel(message: str = "m1", **changes: object) -> MessagePending:
    """Give a message to two readers that has a pixel and no link."""
    return pending(message, **({"links": (), "opens": True} | changes))


def taken(message: str = "m1", *, links: bool = False) -> MessageAccepted:
    """Give the relay's 250 for it."""
    return MessageAccepted(message, SENT_S + 1, (1, 2), links=links, opens=True)


def opened(event_id: str, message: str = "m1", recipient: int = 1, *, human: bool = True) -> Opened:
    """Give an open of the first recipient's copy."""
    return Opened(event_id, SENT_S + 60, message, recipient, SENT_S, human)


def figures(db: Database) -> Figures:
    """Give the figures of everything."""
    return opens.report(db).totals


@pytest.mark.parametrize("event", [with_pixel(), taken(), opened("o1")])
def test_events_of_opens_are_read_back(event: Event) -> None:
    """From the spool as they were written."""
    assert decode(encode(event)) == event


def test_events_of_before_are_understood() -> None:
    """A spool that an older Waypost wrote says nothing of opens."""
    line = b'{"message_id":"m1","at_s":1.0,"recipients":[1],"kind":"accepted"}'
    assert decode(line) == MessageAccepted("m1", 1.0, (1,), links=True, opens=False)


def test_opens_count_copies_and_humans(db: Database) -> None:
    """A reader who opens twice is one; a machine counts apart."""
    machine = opened("o3", recipient=2, human=False)
    put(db, with_pixel(), taken(), opened("o1"), opened("o2"), machine)
    assert figures(db) == Figures(1, 2, 2, 2, 3, 1, 2)
    assert figures(db).open_rate == 0.5


def test_opens_leave_every_figure_of_clicks_alone(db: Database) -> None:
    """A message with a pixel alone is none that has tracked links, and no open is a click."""
    put(db, pending("m2"), accepted("m2"), clicked("c1", "m2"))
    before = totals(db)
    put(db, with_pixel(), taken(), opened("o1"), opened("o2", "m2"))
    assert totals(db) == before
    assert db["messages"].count == 1


def test_links_and_a_pixel_count_on_both_sides(db: Database) -> None:
    """Each in its own report."""
    put(db, pending(opens=True), taken(links=True), opened("o1"), clicked("c1"))
    assert (totals(db).messages, totals(db).clicks_all) == (1, 1)
    assert (figures(db).messages, figures(db).opens_all) == (1, 1)


def test_the_order_of_events_does_not_matter() -> None:
    """Nor does hearing them twice."""
    events: tuple[Event, ...] = (with_pixel(), taken(), opened("o1"), opened("o1"))
    for order in itertools.permutations(events):
        db = empty()
        for event in order:
            put(db, event)
        report = opens.report(db)
        assert report.campaigns == (("news", Figures(1, 2, 2, 1, 1, 1, 1)),)


def test_nobody_opened_a_shared_copy(db: Database) -> None:
    """Its opens count, for no one reader; that it was opened shows that it arrived."""
    put(db, with_pixel(shared=True), opened("o1", recipient=0))
    assert figures(db) == Figures(1, 2, 0, 1, 1, 0, 0)
    assert figures(db).open_rate is None


def test_a_message_that_nobody_took_does_not_count(db: Database) -> None:
    """Not before the relay's 250, or an open."""
    put(db, with_pixel())
    assert figures(db) == Figures()


def test_a_report_may_be_of_one_campaign_or_of_what_is_new(db: Database) -> None:
    """As that of clicks."""
    put(db, with_pixel(), taken(), with_pixel("m2", campaign=None), taken("m2"), opened("o1"))
    (news,) = opens.report(db, campaign="news").campaigns
    assert (news[0], news[1].opens_all) == ("news", 1)
    assert opens.report(db, since_s=SENT_S + 10).campaigns == ()
    assert [name for name, _ in opens.report(db).campaigns] == ["news", None]


def test_purged_opens_are_gone_for_good(db: Database) -> None:
    """What comes afterwards of such a message is not kept either."""
    put(db, with_pixel(), taken(), opened("o1"))
    purge(db, SENT_S + 10)
    assert figures(db) == Figures()
    put(db, with_pixel(), opened("o2"))
    assert (db["pixels"].count, db["opens"].count) == (0, 0)


def test_nothing_that_is_kept_names_a_reader(db: Database) -> None:
    """Opens know a copy by its number alone."""
    put(db, with_pixel(recipients=(Recipient(1, "ann@example.net", "4711"),)), opened("o1"))
    kept = repr([*db["pixels"].rows, *db["opens"].rows])
    assert "ann" not in kept
    assert "4711" not in kept
    assert db["persons"].count == 0
