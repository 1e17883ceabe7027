"""Rows, from a file to a server."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from tests.support import moving
from tests.support.postgresql import cluster
from tracker.moving import copying
from tracker.moving.tables import Table, tables_of
from tracker.sql.sqlite import SQLite


def test_it_goes_on_after_the_last_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there already is not written again, in whatever table it ended."""
    monkeypatch.setattr(copying, "CHUNK", 2)
    path = moving.fed(tmp_path / "w.db")
    told: list[tuple[str, int]] = []

    def tell(table: Table, copied: int) -> None:
        told.append((table.name, copied))
        if (table.name, copied) == ("links", 2):
            raise KeyboardInterrupt

    with (
        contextlib.closing(sqlite3.connect(path)) as conn,
        cluster().lent_store() as db,
    ):
        db.execute("DELETE FROM campaigns")
        tables = tables_of(source := SQLite(conn))
        with pytest.raises(KeyboardInterrupt):
            copying.copy(source, db, tables, "a/", tell)
        told.clear()
        copying.copy(source, db, tables, "a/", lambda table, n: told.append((table.name, n)))
        links = source.execute("SELECT count(*) FROM links").fetchone()[0]
        assert max(copied for name, copied in told if name == "links") == links - 2
        assert max(copied for name, copied in told if name == "campaigns") == 0
        assert db.execute("SELECT name FROM segments").fetchall() == [("a/tracker-1.log",)]
