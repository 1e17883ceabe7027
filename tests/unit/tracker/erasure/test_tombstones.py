"""Copies of mail of who was forgotten."""

import contextlib

from tests.support.checks.facts import SENT_S, accepted, empty, pending, put
from tracker.erasure.tombstones import is_erased
from tracker.store.keys import message_text
from tracker.store.reserved import ERASED_ADDRESS


def test_a_copy_is_known_by_its_address() -> None:
    """Also where an event has its second by another clock; others to the same message are not."""
    with contextlib.closing(empty()) as db:
        put(db, pending(), accepted())
        (number,) = db.execute("SELECT message_id FROM messages").fetchone()
        message = message_text(number)
        assert not is_erased(db, message, SENT_S, 1)
        db.execute("UPDATE deliveries SET address = ? WHERE number = 1", [ERASED_ADDRESS])
        assert is_erased(db, message, SENT_S, 1)
        assert is_erased(db, message, SENT_S + 1.5, 1)
        assert not is_erased(db, message, SENT_S, 2)
        assert not is_erased(db, message, SENT_S + 60, 1)
