"""The tables of the store."""

import re

import pytest

from tests.support.checks.facts import SENT_S, accepted, clicked, empty, pending, put
from tests.support.checks.recount import judged_sums
from tracker.sql.sqlite import SQLite
from tracker.store.reserved import DAY_S, NO_CAMPAIGN, PURGED, RESERVED_NAME
from tracker.store.schema import migrations

OF_EACH_CLICK = ("clicks", "arrivals")
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
