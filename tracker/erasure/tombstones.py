"""Copies of mail of who was forgotten, by which events tell that nothing more of them is to be kept.

Owns: whether a copy is one.
Does not own: making it one (`rows`), or what is done with events of it (`spool`, `tracker.counting`).
"""

from tracker.sql.db import Db
from tracker.store.keys import SAME_MESSAGE_S, message_number
from tracker.store.reserved import ERASED_ADDRESS

_IS_ERASED = """
    SELECT 1 FROM deliveries WHERE sent_s IN (?, ?, ?) AND message_id = ? AND number = ?
    AND address = ?
"""


def is_erased(db: Db, message_id: str, sent_at_s: float, number: int) -> bool:
    """Return whether a copy is of somebody who was forgotten, by message id, second and number."""
    sent_s = int(sent_at_s)
    seconds = sent_s - SAME_MESSAGE_S, sent_s, sent_s + SAME_MESSAGE_S
    values = [*seconds, message_number(message_id), number, ERASED_ADDRESS]
    return db.execute(_IS_ERASED, values).fetchone() is not None
