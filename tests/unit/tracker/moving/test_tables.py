"""The tables that are copied."""

import contextlib
import sqlite3
from pathlib import Path

from tests.support import moving
from tests.support.postgresql import cluster
from tracker.moving.tables import quoted, tables_of
from tracker.sql.sqlite import SQLite

ONLY_ON_A_SERVER = {"last_numbers", "migrations", "nodes", "shared_log", "tasks"}
"""What the copy makes by itself, or nodes do."""
_ON_A_SERVER = """
    SELECT columns.table_name, column_name FROM information_schema.columns
    JOIN pg_class ON relname = columns.table_name AND relnamespace = 'public'::regnamespace
    WHERE table_schema = 'public' AND relkind IN ('r', 'p') AND NOT relispartition
"""


def test_each_column_of_a_file_is_on_a_server_and_the_other_way_round(tmp_path: Path) -> None:
    """So that nothing that a later version keeps is left behind."""
    with contextlib.closing(sqlite3.connect(moving.fed(tmp_path / "w.db"))) as conn:
        tables = tables_of(SQLite(conn))
    with cluster().lent_store() as db:
        there = set(db.execute(_ON_A_SERVER))
    here = {(table.name, name) for table in tables for name in table.names}
    assert {(table, name) for table, name in there if table not in ONLY_ON_A_SERVER} == here


def test_each_table_has_a_key(tmp_path: Path) -> None:
    """By which its rows are in an order."""
    with contextlib.closing(sqlite3.connect(moving.fed(tmp_path / "w.db"))) as conn:
        keys = {table.name: [each.name for each in table.key] for table in tables_of(SQLite(conn))}
    assert all(keys.values())
    assert keys["clicks"] == ["sent_s", "message_id", "event_id"]
    assert keys["clicked_by"] == ["link_id", "campaign_id", "day", "part"]


def test_names_are_quoted() -> None:
    """One is a word of SQL."""
    assert quoted(["name", "offset"]) == '"name", "offset"'
