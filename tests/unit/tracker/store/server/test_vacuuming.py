"""Having a server give up the octets of rows that were deleted."""

import contextlib

from tests.support.postgresql import cluster, url_of_new_store
from tracker.decisions import shared_log
from tracker.moving import target
from tracker.sql import postgresql
from tracker.sql.postgresql import connect
from tracker.store.server import vacuuming

SECRET = "ann-of-green-gables@example.net"


def test_deleted_rows_are_gone_from_tables_and_indexes() -> None:
    """What nobody vacuums stands there until somebody needs the room."""
    with contextlib.closing(connect(url_of_new_store())) as db:
        db.execute("INSERT INTO persons (id, name) VALUES (1, ?)", [SECRET])
        db.execute("DELETE FROM persons")
        assert vacuuming.vacuum(db)
        db.execute("CREATE EXTENSION pageinspect")
        heap = "SELECT count(*) FROM heap_page_items(get_raw_page('persons', 0)) WHERE t_data IS NOT NULL"
        entries = "SELECT live_items + dead_items FROM bt_page_stats('persons_alike', 1)"
        has_pages = db.execute("SELECT pg_relation_size('persons')").fetchone()[0] > 0
        assert not has_pages or db.execute(heap).fetchone() == (0,)
        assert db.execute(entries).fetchone() == (0,)


def test_it_stops_between_tables() -> None:
    """A service that ends has no time for all of them."""
    with contextlib.closing(connect(url_of_new_store())) as db:
        assert not vacuuming.vacuum(db, lambda: True)


def test_no_two_things_have_one_lock() -> None:
    """Else one would wait for the other, or never be done."""
    locks = (postgresql.WRITING, shared_log.TURN, target.COPYING, vacuuming.VACUUMING)
    assert len(set(locks)) == len(locks)


def test_every_table_is_there() -> None:
    """One that is renamed has to be named here."""
    with cluster().lent_store() as db:
        there = {name for (name,) in db.execute("SELECT relname FROM pg_class")}
    assert set(vacuuming.TABLES) <= there
