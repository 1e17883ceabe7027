"""The steps by which a store on a server comes to be."""

import contextlib
import threading

from tests.support.postgresql import cluster, url_of_new_store
from tracker.sql.postgresql import connect
from tracker.store.file.schema import migrations
from tracker.store.reserved import NO_CAMPAIGN, PURGED, RESERVED_NAME
from tracker.store.server import schema


def test_the_steps_are_those_of_sqlite() -> None:
    """By name and in order: so it is known what a store has, wherever it is. Only servers have nodes."""
    assert [name for name in schema.STEPS if name != "nodes"] == [
        step.name for step in migrations._migrations
    ]


def test_an_empty_store_lacks_no_step() -> None:
    """Nor does taking them again do any harm."""
    with contextlib.closing(connect(url_of_new_store())) as db:
        assert schema.pending(db) == []
        schema.apply(db)
        assert db.execute("SELECT id, name FROM campaigns ORDER BY id").fetchall() == [
            (NO_CAMPAIGN, None),
            (PURGED, RESERVED_NAME),
        ]


def test_a_step_that_is_missing_is_taken() -> None:
    """One of a later version is no concern of ours."""
    with contextlib.closing(connect(url_of_new_store())) as db:
        db.execute("DROP TABLE pseudonyms")
        db.execute(
            "UPDATE migrations SET name = 'of_a_later_version' WHERE name LIKE 'pseudonyms%'"
        )
        assert schema.pending(db) == ["pseudonyms_of_clicks"]
        schema.apply(db)
        assert db.execute("SELECT count(*) FROM pseudonyms").fetchone() == (0,)


def test_nodes_that_start_at_once_take_each_step_once() -> None:
    """One after another."""
    url = cluster().url(cluster().new())
    failed: list[Exception] = []

    def start() -> None:
        with contextlib.closing(connect(url)) as db:
            try:
                schema.apply(db)
            except Exception as error:  # noqa: BLE001 - told below
                failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with contextlib.closing(connect(url)) as db:
        assert schema.pending(db) == []


def test_steps_of_a_later_version_are_known() -> None:
    """By their names."""
    with cluster().lent_store() as db:
        assert schema.later(db) == []
        db.execute("INSERT INTO migrations (name) VALUES ('of_tomorrow')")
        assert schema.later(db) == ["of_tomorrow"]
