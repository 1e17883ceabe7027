"""Letting go of details: those that have grown old, and those of whoever is to be forgotten.

Owns: which rows go, some at a time.
Does not own: when (`tracker.ingest.ingester`, `tracker.erasure.details`), or whose copies a person's are
(`tracker.erasure.rows`).
"""

import math
from collections.abc import Iterable, Iterator

from tracker.details import rows
from tracker.details.rows import CopyKey, name_hash, text_hash
from tracker.sql.db import Db
from tracker.store.chunks import Changeable, Pace
from tracker.store.keys import MessageKey

CHUNK_ROWS = 2000
"""Rows that are deleted in one transaction, or texts that are looked at."""

_OLD = """
    SELECT sent_s, message_id, number FROM details WHERE sent_s < ?
    ORDER BY sent_s, message_id, number LIMIT ?
"""
_OF_MESSAGE = """
    SELECT sent_s, message_id, number FROM details WHERE sent_s = ? AND message_id = ? ORDER BY number
"""
_NAMED = "SELECT sent_s, message_id, number FROM detail_names WHERE hash = ?"
_TEXTS = "SELECT id, text FROM detail_texts WHERE id > ? ORDER BY id LIMIT ?"
_REWRITE = "UPDATE detail_texts SET text = ?, hash = ? WHERE id = ?"


def expiring(opened: Changeable, before_s: float) -> Iterator[int]:
    """Delete the details of what was sent before a moment; yield how many each transaction deleted."""
    pace = Pace(CHUNK_ROWS)
    last = -1
    while last:
        with pace.writing(opened) as db:
            old = db.execute(_OLD, [math.ceil(before_s), pace.size]).fetchall()
            last = rows.drop(db, [CopyKey(*row) for row in old])
        yield last


def forget_copies(db: Db, copies: Iterable[tuple[MessageKey, int]]) -> int:
    """Delete the details of copies, by the numbers of their recipients; return how many there were.

    A copy that several have is told of under the number of the first of them, and goes with any.
    """
    gone: set[CopyKey] = set()
    for message, number in copies:
        found = [CopyKey(*row) for row in db.execute(_OF_MESSAGE, list(message)).fetchall()]
        gone.update([key for key in found if key.number <= number][-1:])
    return rows.drop(db, sorted(gone))


def forget_recipient(db: Db, address: str) -> int:
    """Delete the details of mail to an address that no other table tells of; return how many there were."""
    found = db.execute(_NAMED, [name_hash("to", address)]).fetchall()
    return rows.drop(db, [CopyKey(*row) for row in found])


def texts(db: Db, after: int, limit: int = CHUNK_ROWS) -> list[tuple[int, str]]:
    """Return some texts with their rows, from the one on that follows a row."""
    return db.execute(_TEXTS, [after, limit]).fetchall()


def rewrite_texts(db: Db, clean: Iterable[tuple[int, str]]) -> None:
    """Put texts in the place of those that rows have.

    The hash becomes one of the row's own: another row may have the same text.
    """
    db.executemany(_REWRITE, [(text, text_hash(f"row {row} {text}"), row) for row, text in clean])
