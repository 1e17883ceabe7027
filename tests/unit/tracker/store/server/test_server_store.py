"""The store on a server, opened."""

import contextlib
import threading
from pathlib import Path

import pytest

from config.schema import StoreConfig
from tests.support.postgresql import cluster
from tests.support.waiting import until
from tracker.sql.errors import ServerError
from tracker.sql.postgresql import connect
from tracker.store.opened import StoreError
from tracker.store.server import partitions, server_store
from tracker.store.server.partitions import Month
from tracker.store.server.server_store import ServerStore, filling, reading

_SOMEBODY_WAITS = """
    SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'relation'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


def config(folder: Path, database: str = "", node: str = "a") -> StoreConfig:
    """Return where the store of a node is."""
    name = database or cluster().new()
    return StoreConfig(url=cluster().url(name), state=folder, node=node)


def test_nodes_know_their_own_segments_alone(tmp_path: Path) -> None:
    """So that none forgets how far another's were fed."""
    name = cluster().new()
    one, two = (ServerStore.to_feed(config(tmp_path, name, node)) for node in ("a", "b"))
    for store, octets in ((one, 3), (two, 5)):
        with store.transaction():
            store.set_offset("tracker-1.log", octets)
    assert (one.offsets(), two.offset("tracker-1.log")) == ({"tracker-1.log": 3}, 5)
    one.forget_segments({"tracker-1.log"})
    assert (one.offsets(), two.offsets()) == ({}, {"tracker-1.log": 5})
    one.close()
    two.close()


def test_a_node_knows_whether_it_has_somebody_to_forget(tmp_path: Path) -> None:
    """It alone, not the others; nor has who has something to do that only a later version knows."""
    name = cluster().new()
    one, two = (ServerStore.to_feed(config(tmp_path, name, node)) for node in ("a", "b"))
    sql = "INSERT INTO tasks (node, kind, about, at_s) VALUES (?, ?, '{}', 0)"
    one.db.executemany(sql, [("b", "forget"), ("a", "of_a_later_version")])
    asked = [each.has_somebody_to_forget("tracker-1.log") for each in (one, two)]
    assert asked == [False, True]
    one.close()
    two.close()


def test_who_is_forgotten_but_for_some_files_is_to_be_forgotten_in_these_alone(
    tmp_path: Path,
) -> None:
    """All others may be counted."""
    store = ServerStore.to_feed(config(tmp_path))
    sql = "INSERT INTO tasks (node, kind, about, at_s) VALUES ('a', 'forget', ?, 0)"
    store.db.execute(sql, ['{"files": ["tracker-1.log"]}'])
    names = ("tracker-1.log", "tracker-2.log")
    assert [store.has_somebody_to_forget(each) for each in names] == [True, False]
    store.close()


def test_a_connection_that_the_server_ended_is_noticed(tmp_path: Path) -> None:
    """It is opened anew then."""
    store = ServerStore.to_feed(config(tmp_path))
    assert store.is_current()
    pid = store.db.execute("SELECT pg_backend_pid()").fetchone()[0]
    with contextlib.closing(connect(cluster().url("postgres"))) as other:
        other.execute(f"SELECT pg_terminate_backend({pid})")
    with pytest.raises(ServerError):
        store.offsets()
    assert not store.is_current()
    store.close()


def test_a_store_without_tables_is_told_with_what_to_do(tmp_path: Path) -> None:
    """Whoever reads or changes it makes none."""
    place = config(tmp_path)
    with pytest.raises(StoreError, match="start `waypost tracker` once") as told, reading(place):
        pass
    assert told.value.cause == "outdated"
    with pytest.raises(StoreError, match="cannot be read yet"):
        ServerStore.to_change(place)


def test_a_database_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """It would not take every name."""
    with contextlib.closing(connect(cluster().url("postgres"))) as db:
        db.script("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreError, match="ENCODING 'UTF8'"):
        ServerStore.to_feed(config(tmp_path, "latin"))


def test_a_server_that_is_away_is_unreachable(tmp_path: Path) -> None:
    """To who reads, with its own words."""
    place = StoreConfig(url="postgresql:///waypost?host=/nowhere", state=tmp_path)
    with pytest.raises(StoreError, match="nowhere") as told, reading(place):
        pass
    assert told.value.cause == "unreachable"


def test_house_is_kept_in_months(tmp_path: Path) -> None:
    """Those to come are there, those that are over and empty are not."""
    store = ServerStore.to_feed(config(tmp_path))
    with store.transaction():
        partitions.make_for(store.db, [0, Month(1970, 2).begin_s, Month(1970, 3).begin_s])
    store.keep_house(float(Month(1970, 3).begin_s))
    parts = {name for (name,) in store.db.execute("SELECT relname FROM pg_class")}
    assert not parts & {"clicks_1970_01", "clicks_1970_02"}
    assert {"clicks_1970_03", "clicks_at_other_times"} <= parts
    store.close()


def test_no_house_is_kept_where_somebody_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an export that takes long: feeding goes on, and the months are made the next time."""
    monkeypatch.setattr(server_store, "PATIENCE_MS", 50)
    place = config(tmp_path)
    store = ServerStore.to_feed(place)
    before = parts(store)
    month = max(before)
    for table in partitions.PARTED:
        store.db.execute(f"DROP TABLE {month.replace('clicks', table)}")
    with reading(place) as db:
        db.execute("SELECT count(*) FROM clicks").fetchone()
        store.keep_house(0.0)
        assert parts(store) == before - {month}
        again = ServerStore.to_feed(place)
        again.close()
    store.keep_house(0.0)
    assert parts(store) == before
    store.close()


def test_who_reads_one_table_after_the_other_is_not_held_up(tmp_path: Path) -> None:
    """Whatever the order: whoever waits for a table to make its month holds none that a reader may want."""
    place = config(tmp_path)
    store = ServerStore.to_feed(place)
    month = max(parts(store))
    for table in partitions.PARTED:
        store.db.execute(f"DROP TABLE {month.replace('clicks', table)}")
    keeps_house = threading.Thread(target=store.keep_house, args=[0.0])
    with reading(place) as db:
        db.execute("SELECT count(*) FROM clicks").fetchone()
        keeps_house.start()
        until(lambda: db.execute(_SOMEBODY_WAITS).fetchone()[0])
        assert db.execute("SELECT count(*) FROM messages").fetchone() == (0,)
    keeps_house.join()
    assert month in parts(store)
    store.close()


def parts(store: ServerStore) -> set[str]:
    """Return the months in which there are clicks."""
    found = store.db.execute(
        "SELECT relname FROM pg_class WHERE relname LIKE 'clicks~_2%' ESCAPE '~'"
    )
    return {name for (name,) in found if not name.endswith("_pkey")}


def test_a_database_is_filled_in_tables_of_this_version(tmp_path: Path) -> None:
    """Those of a later one may have columns that nobody here knows."""
    place = config(tmp_path)
    with filling(place) as db:
        db.execute("INSERT INTO migrations (name) VALUES ('of_tomorrow')")
    with pytest.raises(StoreError, match="later version, which knows of_tomorrow"), filling(place):
        pass
