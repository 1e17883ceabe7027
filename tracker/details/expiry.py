"""Letting go of details: those that have grown old, and those of whoever is to be forgotten.

Owns: which rows go, some at a time.
Does not own: when (`tracker.ingest.ingester`), the transactions that hold each step, or whose copies
a person's are (`tracker.erasure.rows`).
"""

from collections.abc import Callable, Iterable

from sqlite_utils import Database

from tracker.details import rows
from tracker.details.rows import CopyKey, name_hash
from tracker.store.keys import MessageKey

CHUNK_ROWS = 2000
"""Rows that are deleted, or texts that are looked at, in one transaction."""

_OLD = """
    SELECT sent_s, message_id, number FROM details WHERE sent_s < ?
    ORDER BY sent_s, message_id, number LIMIT ?
"""
_OF_MESSAGE = """
    SELECT sent_s, message_id, number FROM details WHERE sent_s = ? AND message_id = ? ORDER BY number
"""
_NAMED = "SELECT sent_s, message_id, number FROM detail_names WHERE hash = ?"
_TEXTS = "SELECT id, text FROM detail_texts WHERE id > ? ORDER BY id LIMIT ?"
_REWRITE = "UPDATE OR IGNORE detail_texts SET text = ?, hash = ? WHERE id = ?"


def expire(db: Database, before_s: float, limit: int = CHUNK_ROWS) -> int:
    """Delete some details of what was sent before a moment; return how many, 0 when all are gone."""
    return rows.drop(db, [CopyKey(*row) for row in db.execute(_OLD, [before_s, limit]).fetchall()])


def forget_copies(db: Database, copies: Iterable[tuple[MessageKey, int]]) -> int:
    """Delete the details of copies, by the numbers of their recipients; return how many there were.

    A copy that several have is told of under the number of the first of them, and goes with any.
    """
    gone: set[CopyKey] = set()
    for message, number in copies:
        found = [CopyKey(*row) for row in db.execute(_OF_MESSAGE, list(message)).fetchall()]
        gone.update([key for key in found if key.number <= number][-1:])
    return rows.drop(db, sorted(gone))


def forget_recipient(db: Database, address: str) -> int:
    """Delete the details of mail to an address that no other table tells of; return how many there were."""
    found = db.execute(_NAMED, [name_hash("to", address)]).fetchall()
    return rows.drop(db, [CopyKey(*row) for row in found])


def rewrite_texts(
    db: Database, without: Callable[[str], str], after: int = 0, limit: int = CHUNK_ROWS
) -> int | None:
    """Take a person out of some of the texts; return after which row to go on, None when all are done.

    `without` returns a text less the person.
    """
    found = db.execute(_TEXTS, [after, limit]).fetchall()
    changed = [(row, text, without(text)) for row, text in found]
    for row, before, text in changed:
        if text != before:
            # A hash of the row's own: another row may have the same text by now.
            db.execute(_REWRITE, [text, name_hash(f"row {row}", text), row])
    return found[-1][0] if found else None
