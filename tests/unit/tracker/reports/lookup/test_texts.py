"""What people saw of links."""

import sqlite3

from tracker.reports.lookup.texts import link_texts
from tracker.sql.sqlite import SQLite


def test_links_with_a_text_have_one() -> None:
    """Others are left out, as are those that nobody asked for."""
    db = SQLite(sqlite3.connect(":memory:"))
    db.execute("CREATE TABLE links (id INTEGER PRIMARY KEY, name, text)")
    db.execute("INSERT INTO links VALUES (1, 'a', 'Coats'), (2, 'b', NULL), (3, 'c', 'Terms')")
    assert link_texts(db, [1, 1, 2, 9]) == {1: "Coats"}
    assert link_texts(db, []) == {}
