"""The tables of the store."""

import re

import pytest

from tests.support.checks.facts import SENT_S, accepted, clicked, empty, pending, put
from tests.support.checks.recount import judged_sums, recount
from tracker.reports import summary
from tracker.sql.sqlite import SQLite
from tracker.store.file.schema import migrations
from tracker.store.reserved import DAY_S, NO_CAMPAIGN, PURGED, RESERVED_NAME

OF_EACH_CLICK = ("clicks", "arrivals")
SET = "link_id, campaign_id, day, part"
SETS = """
    link_id INTEGER NOT NULL, campaign_id INTEGER NOT NULL, day INTEGER NOT NULL,
    part INTEGER NOT NULL, certain BLOB, doubtful BLOB, machines BLOB
"""
OF_EACH_MESSAGE = ("messages", "deliveries", *OF_EACH_CLICK)


def test_an_empty_store_lacks_no_step(db: SQLite) -> None:
    """Nor does taking them again do any harm."""
    assert not migrations.pending(db)
    migrations.apply(db)


def test_campaigns_that_stand_for_others_are_always_there(db: SQLite) -> None:
    """Under the rows that the rules of counting know."""
    assert [(row["id"], row["name"]) for row in db["campaigns"].rows] == [
        (NO_CAMPAIGN, None),
        (PURGED, RESERVED_NAME),
    ]


def test_every_table_is_strict() -> None:
    """A number is a number, whoever writes it."""
    db = empty()
    tables = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    ours = {name: sql for name, sql in tables if not name.startswith(("sqlite_", "_sqlite_"))}
    assert [name for name, sql in ours.items() if not re.search(r"\)\s*STRICT\b", sql)] == []
    db.close()


@pytest.mark.parametrize("table", OF_EACH_MESSAGE)
def test_what_there_is_most_of_stands_in_the_order_of_sending(db: SQLite, table: str) -> None:
    """Clicks and copies beside their messages; only the order of arrival is another."""
    keys = [column.name for column in db[table].columns if column.is_pk]
    assert keys == ["arrival"] if table == "arrivals" else keys[:2] == ["sent_s", "message_id"]


@pytest.mark.parametrize("table", OF_EACH_CLICK)
def test_nothing_of_each_click_is_text(db: SQLite, table: str) -> None:
    """What others tell as well is told by number."""
    assert [column.name for column in db[table].columns if column.type == "TEXT"] == []


def test_a_store_of_before_sums_by_verdict_gets_them_from_its_clicks() -> None:
    """As if they had been kept from the beginning."""
    db = empty()
    at_s = SENT_S + DAY_S
    put(db, pending(), accepted(), clicked("c1"), clicked("c2", at_s=at_s, method="HEAD"))
    kept = judged_sums(db)
    assert len(kept) == 2
    db.execute("DROP TABLE judged_days")
    db.execute("DELETE FROM _sqlite_migrations WHERE name = 'clicks_by_verdict'")
    migrations.apply(db)
    assert judged_sums(db) == kept
    db.close()


def test_a_store_of_before_finds_messages_by_their_ids_and_days_once_it_is_opened() -> None:
    """Though somebody was killed between one statement and the next."""
    db = empty()
    put(db, pending(), accepted())
    db.execute("DROP INDEX messages_of_day")
    db.execute("CREATE INDEX messages_message_id ON messages (message_id)")
    db.execute("DELETE FROM _sqlite_migrations WHERE name = 'message_ids_by_day'")
    migrations.apply(db)
    db.execute("DELETE FROM _sqlite_migrations WHERE name = 'message_ids_by_day'")
    migrations.apply(db)
    names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert "messages_of_day" in names
    assert "messages_message_id" not in names
    db.close()


def test_a_store_of_before_has_its_sets_of_persons_side_by_side_once_it_is_opened() -> None:
    """The same ones, also where the step is taken again."""
    db = empty()
    put(db, pending(), accepted(), clicked("c1"), clicked("c2", method="HEAD", link=2))
    kept = _sets(db)
    assert kept
    db.execute(f"CREATE TABLE before ({SETS}, PRIMARY KEY ({SET})) STRICT, WITHOUT ROWID")
    db.execute("INSERT INTO before SELECT * FROM clicked_by")
    db.execute("DROP TABLE clicked_by")
    db.execute("ALTER TABLE before RENAME TO clicked_by")
    for _ in range(2):
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'sets_beside_each_other'")
        migrations.apply(db)
        assert _sets(db) == kept
        assert summary.report(db) == recount(db)
    db.close()


def test_what_somebody_made_of_sets_of_persons_is_no_hindrance_to_a_step() -> None:
    """Whoever may write the store can have views in it, also such as read nothing that is there."""
    db = empty()
    db.execute("DELETE FROM _sqlite_migrations WHERE name = 'sets_beside_each_other'")
    db.execute("CREATE VIEW sets AS SELECT count(*) FROM clicked_by")
    db.execute("CREATE VIEW broken AS SELECT * FROM nowhere")
    migrations.apply(db)
    assert db.execute("SELECT * FROM sets").fetchone() == (0,)
    db.close()


def test_many_sets_of_persons_share_a_page(db: SQLite) -> None:
    """They take little more room than they have octets."""
    before = db.execute("PRAGMA page_count").fetchone()[0]
    octets = 1200
    for link in range(1, 101):
        row = [link, 3, 20_000, 0, bytes(octets), None, None]
        db.execute("INSERT INTO clicked_by VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    pages = db.execute("PRAGMA page_count").fetchone()[0] - before
    assert pages < 1.5 * 100 * octets / db.execute("PRAGMA page_size").fetchone()[0]


def _sets(db: SQLite) -> list[tuple[object, ...]]:
    columns = f"{SET}, certain, doubtful, machines"
    found = db.execute(f"SELECT {columns} FROM clicked_by ORDER BY {SET}")
    return list(found)
