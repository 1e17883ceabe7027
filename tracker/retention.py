"""What the store lets go of: messages that were never sent, and what has grown old.

Owns: which rows are deleted, and that sums outlive them.
Does not own: when (`ingest`, `waypost purge`).
"""

from sqlite_utils import Database


def expire_pending(db: Database, before_s: float) -> int:
    """Drop messages from before `before_s` that the relay did not take and nobody clicked.

    They are in no sum. Gives how many there were.
    """
    never_sent = "SELECT id FROM messages WHERE counted = 0 AND sent_at_s < ?"
    db.execute(f"DELETE FROM deliveries WHERE message IN ({never_sent})", [before_s])  # noqa: S608 - a constant
    gone = db.execute("DELETE FROM messages WHERE counted = 0 AND sent_at_s < ?", [before_s])
    return gone.rowcount
