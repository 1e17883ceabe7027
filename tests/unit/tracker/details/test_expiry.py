"""Details go when they are old, and with whoever is forgotten; nothing of them stays."""

from dataclasses import replace

import pytest

from tests.support.checks.facts import empty
from tests.support.details import SENT_S, handled
from tests.support.engines import engine, gives_back
from tracker.details import expiry, feed, lookup
from tracker.events import Recipient
from tracker.sql.sqlite import SQLite
from tracker.store.keys import MessageKey

__all__ = ["engine", "gives_back"]

KEY = MessageKey.of(SENT_S, "00000000000000aa")
TABLES = ("details", "detail_texts", "detail_names", "detail_recipients")
ANN = Recipient(1, "ann@example.net")


def expired(db: SQLite, before_s: float) -> int:
    """Delete what was sent before a moment; return how much it was."""
    return sum(expiry.expiring(db, before_s))


def left(db: SQLite) -> dict[str, int]:
    """Return how many rows each table has."""
    return {table: db[table].count for table in TABLES}


def test_what_is_old_goes_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """With all that only it needed."""
    monkeypatch.setattr(expiry, "CHUNK_ROWS", 3)
    db = empty()
    events = [
        replace(handled(1, ANN), message_id=f"{number:016x}", sent_s=SENT_S + number)
        for number in range(5)
    ]
    feed.feed(db, events, 0)
    assert expired(db, SENT_S + 3.5) == 4
    assert expired(db, SENT_S + 4) == 0
    assert left(db)["details"] == 1
    assert expired(db, SENT_S + 5) == 1
    assert left(db) == dict.fromkeys(TABLES, 0)


def test_copies_are_forgotten_by_their_number() -> None:
    """The others' stay; a copy that several share goes with any of them."""
    db = empty()
    feed.feed(db, [handled(1), handled(2), replace(handled(1), message_id="bb")], 0)
    assert expiry.forget_copies(db, [(KEY, 2)]) == 1
    assert [copy.number for copy in lookup.copies(db, KEY)] == [1]
    assert expiry.forget_copies(db, [(MessageKey.of(SENT_S, "bb"), 7), (KEY, 1)]) == 2
    assert left(db) == dict.fromkeys(TABLES, 0)


def test_mail_left_untouched_is_forgotten_by_its_recipient() -> None:
    """In whatever case the address is written."""
    db = empty()
    feed.feed(db, [handled(1, ANN)], 0)
    assert expiry.forget_recipient(db, "bob@example.net") == 0
    assert expiry.forget_recipient(db, "ANN@example.net") == 1
    assert left(db) == dict.fromkeys(TABLES, 0)


def test_texts_are_rewritten_where_they_stand() -> None:
    """Also where another text is the same then; what became of the message stays."""
    db = empty()
    events = [
        replace(handled(number), subject=subject)
        for number, subject in enumerate(["For Ann", "For X", "For all"], 1)
    ]
    feed.feed(db, events, 0)
    rows = dict(expiry.texts(db, 0))
    assert expiry.texts(db, 2, limit=3) == list(rows.items())[2:5]
    expiry.rewrite_texts(db, [(row, "For X") for row, text in rows.items() if text == "For Ann"])
    assert [copy.subject for copy in lookup.copies(db, KEY)] == ["For X", "For X", "For all"]
    feed.feed(db, [replace(handled(4), subject="For X")], 0)
    assert [copy.subject for copy in lookup.copies(db, KEY)][3] == "For X"
