"""What the store lets go of, and what it keeps."""

import pytest
from sqlite_utils import Database

from tests.support.facts import SENT_S, accepted, clicked, pending, put, totals
from tracker import reports, retention
from tracker.attribution import PURGED_NAME
from tracker.retention import Purged, expire_pending, purge

DAY_S = 86400


def names(db: Database, table: str) -> set[str]:
    """Give the names in a table."""
    return {row["name"] for row in db[table].rows if row["name"]}


def test_pending_messages_expire_unless_clicked(db: Database) -> None:
    """The relay's 250 or a click keeps them."""
    put(db, pending("m1"), pending("m2"), pending("m3"), accepted("m2"), clicked("c1", "m3"))
    assert expire_pending(db, SENT_S + 1) == 1
    assert {row["message_id"] for row in db["messages"].rows} == {"m2", "m3"}
    assert totals(db).messages == 2


def test_young_pending_messages_wait(db: Database) -> None:
    """Their 250 may still be on its way."""
    put(db, pending())
    assert expire_pending(db, SENT_S) == 0


def test_purge_deletes_what_is_old_in_chunks(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, and nothing else; the sums stay as they were."""
    monkeypatch.setattr(retention, "CHUNK_MESSAGES", 3)
    for number in range(10):
        message = f"m{number}"
        put(
            db, pending(message, at_s=SENT_S + number), accepted(message), clicked(message, message)
        )
    before = totals(db)
    assert purge(db, SENT_S + 7) == Purged(messages=7, clicks=7)
    assert {row["message_id"] for row in db["messages"].rows} == {"m7", "m8", "m9"}
    assert (db["clicks"].count, db["deliveries"].count) == (3, 6)
    assert totals(db) == before


def test_who_has_no_message_left_is_forgotten(db: Database) -> None:
    """Whoever has one is not: a further click makes no new clicker."""
    put(db, pending("old"), accepted("old"), clicked("c1", "old", recipient=2))
    only_ann = pending("new", at_s=SENT_S + DAY_S, recipients=pending().recipients[:1])
    put(db, only_ann, accepted("new", 1), clicked("c2", "new", at_s=SENT_S + DAY_S + 9))
    purge(db, SENT_S + DAY_S)
    assert names(db, "persons") == {"ann@example.net"}
    before = totals(db)
    put(db, clicked("c3", "new", at_s=SENT_S + DAY_S + 10))
    assert totals(db).unique_human == before.unique_human


def test_click_on_a_purged_message_counts_as_such(db: Database) -> None:
    """As a click, and as nothing else; also when the message's own event comes again."""
    put(db, pending(), accepted(), clicked("c1"))
    purge(db, SENT_S + DAY_S)
    before = totals(db)
    put(db, clicked("c2"), pending(), accepted())
    put(db, clicked("c3"))
    after = totals(db)
    assert (after.messages, after.recipients, after.unique_human) == (1, 2, before.unique_human)
    campaigns = {row.campaign: row.figures.clicks_all for row in reports.report(db).campaigns}
    assert campaigns == {"news": 1, PURGED_NAME: 2}


def test_purges_do_not_go_back(db: Database) -> None:
    """A later purge of less does not bring back what an earlier one let go."""
    purge(db, SENT_S + 10)
    purge(db, SENT_S - 10)
    assert retention.purged_before_s(db) == SENT_S + 10
