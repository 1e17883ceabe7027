"""What people saw of links.

Owns: the question. Does not own: how a text comes into the store (`tracker.counting`), or what links are called
(`tracker.reports.names`).
"""

from collections.abc import Iterable

from tracker.sql.db import Db

_TEXTS = "SELECT id, text FROM links WHERE id IN (:ids) AND text IS NOT NULL"


def link_texts(db: Db, ids: Iterable[int]) -> dict[int, str]:
    """Return the texts of links by their rows, of those that have one."""
    return {row["id"]: row["text"] for row in db.query(_TEXTS, {"ids": sorted(set(ids))})}
