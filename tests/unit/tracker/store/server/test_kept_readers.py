"""Connections of who reads, kept for whoever reads next."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.schema import StoreConfig
from tests.support.feeding import eventually
from tests.support.postgresql import Cluster, cluster, url_of_new_store
from tracker.sql.db import Db
from tracker.sql.postgresql import connect
from tracker.store import database
from tracker.store.opened import StoreError
from tracker.store.server import kept_readers
from tracker.store.server.kept_readers import READERS, KeptReaders


@pytest.fixture
def store(tmp_path: Path) -> StoreConfig:
    """Return where an empty store is."""
    return StoreConfig(url=url_of_new_store(), state=tmp_path, node="a")


def process(db: Db) -> int:
    """Return which process of the server a connection has."""
    return int(db.execute("SELECT pg_backend_pid()").fetchone()[0])


def reader(store: StoreConfig) -> int:
    """Return which process of the server answers who reads now."""
    with database.reading(store) as db:
        return process(db)


def is_there(store: StoreConfig, pid: int) -> bool:
    """Return whether a process of the server is still there."""
    with contextlib.closing(connect(store.url)) as db:
        sql = "SELECT 1 FROM pg_stat_activity WHERE pid = :pid"
        return db.execute(sql, {"pid": pid}).fetchone() is not None


def test_a_service_reads_over_one_connection_again_and_again(store: StoreConfig) -> None:
    """Each time it sees what was written since; at the end it is closed."""
    with database.connections_kept():
        first = reader(store)
        with database.changing(store) as opened, opened.transaction():
            opened.db.execute("INSERT INTO settings VALUES ('a', 1)")
        with database.reading(store) as db:
            assert process(db) == first
            assert db.execute("SELECT count(*) FROM settings").fetchone() == (1,)
    assert READERS.take(f"{store.url} {store.passfile}") is None


def test_a_command_keeps_none(store: StoreConfig) -> None:
    """It reads once."""
    assert reader(store) != reader(store)


def test_those_who_read_at_once_have_one_each(store: StoreConfig) -> None:
    """And no more are kept than a few."""
    with database.connections_kept(), contextlib.ExitStack() as stack:
        every = [
            process(stack.enter_context(database.reading(store)))
            for _ in range(kept_readers.MOST + 2)
        ]
        assert len(set(every)) == len(every)
        stack.close()
        eventually(lambda: sum(is_there(store, each) for each in every) == kept_readers.MOST)
        assert reader(store) in every


def test_one_that_the_server_ended_is_no_error(store: StoreConfig) -> None:
    """Whoever reads next has a new one."""
    with database.connections_kept():
        first = reader(store)
        with contextlib.closing(connect(cluster().url("postgres"))) as other:
            other.execute(f"SELECT pg_terminate_backend({first})")
        assert reader(store) != first


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """Return a cluster that a test may stop."""
    with cluster().another() as made:
        yield made


def test_a_server_that_was_started_again_is_no_error(tmp_path: Path, own_cluster: Cluster) -> None:
    """While it is stopped, that is told."""
    store = StoreConfig(url=own_cluster.url("postgres"), state=tmp_path, node="a")
    database.open_to_feed(store).close()
    with database.connections_kept():
        reader(store)
        own_cluster.stop()
        with pytest.raises(StoreError, match="cannot be read"):
            reader(store)
        own_cluster.start()
        reader(store)
        own_cluster.kill()
        own_cluster.start()
        reader(store)


def test_after_an_error_of_who_reads_the_connection_is_of_use(store: StoreConfig) -> None:
    """Nothing of the transaction that failed is left."""
    with database.connections_kept():
        first = reader(store)
        with pytest.raises(StoreError), database.reading(store) as db:
            db.execute("SELECT * FROM nothing_of_ours")
        assert reader(store) == first


def test_one_that_waits_for_long_is_closed(store: StoreConfig) -> None:
    """A server has better uses for it."""
    now_s = 0.0
    kept = KeptReaders(lambda: now_s)
    with kept.keeping():
        db = connect(store.url)
        kept.give_back("a", db)
        assert kept.take("b") is None
        now_s = kept_readers.IDLE_S + 1
        assert kept.take("a") is None
    assert db.is_closed
