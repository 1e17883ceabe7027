"""What one person was sent and clicked, and why each click was judged as it was."""

from dataclasses import replace

from tests.support.checks.facts import LINKS, SENT_S, accepted, clicked, pending, put
from tests.support.details import handled
from tracker.details import feed
from tracker.events import Recipient
from tracker.reports.activity import COLUMNS, FOR_PEOPLE, activity
from tracker.sql.db import Db

BOB = Recipient(1, "bob@example.net", "id-7")


def test_the_latest_comes_first_and_every_row_has_all_columns(db: Db) -> None:
    """What was sent has no verdict."""
    put(db, pending(), accepted(), clicked("c1", at_s=SENT_S + 9000))
    rows = list(activity(db, "ann@example.net"))
    assert [row["event"] for row in rows] == ["clicked", "sent"]
    assert all(tuple(row) == COLUMNS for row in rows)
    assert set(FOR_PEOPLE) < set(COLUMNS)
    assert (rows[0]["human"], rows[0]["doubtful"], rows[0]["why"]) == (True, False, "")
    assert (rows[1]["human"], rows[1]["score"], rows[1]["why"]) == (None, None, None)


def test_what_was_sent_is_told_with_its_subject(db: Db) -> None:
    """Each copy's own; a copy that several had is told of under the first of them."""
    put(db, pending("m1"), accepted("m1"), pending("m2", shared=True), accepted("m2"))
    told = {"sent_s": SENT_S, "subject": "For both"}
    events = [
        replace(handled(1), message_id="m1", **{**told, "subject": "For Ann"}),
        replace(handled(2), message_id="m1", **{**told, "subject": "For Bob"}),
        replace(handled(1), message_id="m2", **told),
    ]
    feed.feed(db, events, 0)
    subjects = {row["subject"] for row in activity(db, "bob@example.net")}
    assert subjects == {"For Bob", "For both"}


def test_an_address_leads_to_mail_that_went_there_under_an_id(db: Db) -> None:
    """The id leads to the same."""
    put(db, pending(recipients=(BOB,)), accepted("m1", 1), clicked("c1"))
    assert list(activity(db, "id-7")) == list(activity(db, "bob@example.net")) != []
    assert list(activity(db, "id-7", "bob@example.net")) == list(activity(db, "id-7"))


def test_why_a_click_is_a_machines_is_told_in_words(db: Db) -> None:
    """With what its rules saw in all clicks on the copy, not in those on others."""
    put(db, pending(), pending("m2"), accepted(), accepted("m2"))
    for n, link in enumerate(LINKS):
        at_s = SENT_S + 4000 + n / 5
        put(db, clicked(f"c{n}", link=link.number, destination=link.url, at_s=at_s))
    put(db, clicked("other", "m2", at_s=SENT_S + 4000.5))
    told = {(row["link"], row["human"]): row["why"] for row in activity(db, "ann@example.net")}
    assert told["https://example.net/2", False] == "3 links within 0.4 s"
    assert told["https://example.net/1", True] == ""


def test_a_click_on_a_shared_copy_is_nobodys(db: Db) -> None:
    """What was sent is told."""
    put(db, pending(shared=True), accepted(), clicked("c1", recipient=0))
    assert [row["event"] for row in activity(db, "ann@example.net")] == ["sent"]
