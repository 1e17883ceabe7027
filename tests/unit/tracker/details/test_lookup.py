"""A message is found by whatever people know of it."""

import pytest

from tests.support.checks.facts import empty, pending, put
from tests.support.checks.plans import scans
from tests.support.details import SENT_S, handled
from tests.support.engines import engine, gives_back
from tracker.details import feed, lookup
from tracker.events import Recipient
from tracker.sql.sqlite import SQLite
from tracker.store.keys import MessageKey, message_text
from tracker.store.reserved import DAY_S

__all__ = ["engine", "gives_back"]

KEY = MessageKey.of(SENT_S, "00000000000000aa")


@pytest.fixture
def db() -> SQLite:
    """Return a store with a message that was left untouched."""
    db = empty()
    feed.feed(db, [handled(1, Recipient(1, "Ann@example.net"), Recipient(2, "bob@example.net"))], 0)
    return db


@pytest.mark.parametrize(
    "name",
    [
        *("00000000000000aa", "<1@example.com>", "1@example.com", "4Fk2"),
        *("Ann@example.net", "ann@example.net", "bob@example.net"),
    ],
)
def test_a_message_left_untouched_is_found(db: SQLite, name: str) -> None:
    """By its id, Message-ID, the relay's queue id, or an address in any case."""
    assert lookup.find(db, name) == [KEY]
    assert lookup.recipients(db, KEY) == {1: "Ann@example.net", 2: "bob@example.net"}


@pytest.mark.parametrize("name", ["", "<>", "4fk2", "cay@example.net", "00000000000000ab", "%"])
def test_what_nobody_knows_is_not_found(db: SQLite, name: str) -> None:
    """Whatever is typed."""
    assert lookup.find(db, name) == []


def test_a_tracked_message_is_found_by_its_readers_and_its_id() -> None:
    """As figures know them; no more is kept of these."""
    db = empty()
    put(db, pending("00000000000000aa"))
    (key,) = lookup.find(db, "00000000000000aa")
    assert message_text(key.message_id) == "00000000000000aa"
    (bob,) = db.execute("SELECT id FROM persons WHERE name = 'bob@example.net'").fetchone()
    assert lookup.find(db, "bob@example.net", [bob]) == [key]


@pytest.mark.parametrize("day", range(5))
def test_a_message_is_found_by_its_id_on_whatever_day_it_was_sent(day: int) -> None:
    """Days without mail are passed over; days are looked up by index, and never all messages."""
    db = empty()
    days = (0, 1, 2, 400, 20_000)
    for sent_day in days:
        sent_s = sent_day * DAY_S + DAY_S - 1
        put(db, pending(f"{sent_day:016x}", at_s=sent_s))
    found = lookup.find(db, f"{days[day]:016x}")
    assert found == [MessageKey(days[day] * DAY_S + DAY_S - 1, days[day])]
    assert list(scans(db, lambda: lookup.find(db, f"{days[day]:016x}"))) == []
