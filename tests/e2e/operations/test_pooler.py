"""Nodes that reach PostgreSQL through PgBouncer: with a session of their own all is well, else they say so."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.schema import Config
from tests.support.feeding import spool_message
from tests.support.nodes import exchange, node, records, revoke
from tests.support.pooler import pooling
from tests.support.postgresql import USER, cluster
from tracker.erasure.forget import erase
from tracker.ingest.catch_up import catch_up
from tracker.nodes.connecting import connect, connected
from tracker.nodes.inspection import Trouble, inspect
from tracker.reports import summary
from tracker.spool import segments
from tracker.sql.postgresql import shares_session
from tracker.store import database
from tracker.store.server.server_store import ServerStore

pytestmark = pytest.mark.timeout(300)


@contextlib.contextmanager
def nodes(folder: Path, mode: str) -> Iterator[tuple[Config, Config]]:
    """Yield two nodes that share a database through a pooler in a mode."""
    name = cluster().empty_store()
    with pooling(mode) as port:
        url = f"postgresql://{USER}@127.0.0.1:{port}/{name}"
        yield node(folder, url, "a"), node(folder, url, "b")


def test_through_a_pooler_that_gives_each_connection_a_session_all_is_as_without(
    tmp_path: Path,
) -> None:
    """Connections are those of others before; mail is counted, decisions are heard, and people forgotten."""
    with nodes(tmp_path, "session") as (one, other):
        assert [each.trouble for each in inspect(one).found] == []
        for number in (1, 3):
            exchange(one, other)
            spool_message(one, "May", number)
            spool_message(other, "June", number + 1)
            assert [catch_up(each).why for each in (one, other)] == ["", ""]
        made = revoke(one, "one.test")
        erase(one, "reader@example.net")
        exchange(one, other)
        assert records(other) == (made,)
        with database.reading(one.store) as db:
            assert summary.report(db).totals.messages == 4
            assert db.execute("SELECT count(*) FROM persons").fetchone() == (0,)


def test_what_a_connection_is_set_to_is_in_force_behind_a_pooler(tmp_path: Path) -> None:
    """Also of one that somebody else had before; else nobody would wait for a turn no longer than its bound."""
    with nodes(tmp_path, "session") as (one, _):
        for _ in range(2):
            with connected(one.store) as db:
                assert db.execute("SHOW lock_timeout").fetchone() == ("30s",)
                db.script("SET lock_timeout = '1s'")


def test_a_pooler_that_shares_sessions_is_told_and_nothing_is_counted_through_it(
    tmp_path: Path,
) -> None:
    """What is to be counted waits: locks of one would be locks of another."""
    with nodes(tmp_path, "transaction") as (one, _):
        (found,) = [each for each in inspect(one).found if each.trouble is not Trouble.UNHEARD]
        assert found.trouble is Trouble.POOLED
        spool_message(one, "May", 1)
        for use in (catch_up, lambda config: ServerStore.to_change(config.store)):
            with pytest.raises(database.StoreError, match="pool_mode = transaction"):
                use(one)
        assert segments.listing(one.store.spool_dir) != []


@contextlib.contextmanager
def busy(config: Config, count: int) -> Iterator[None]:
    """Have so many others ask for a while, again and again."""
    ended = threading.Event()

    def ask() -> None:
        with connected(config.store) as db:
            while not ended.is_set():
                db.execute("SELECT pg_sleep(0.002)")

    with ThreadPoolExecutor(count) as pool:
        asking = [pool.submit(ask) for _ in range(count)]
        try:
            yield
        finally:
            ended.set()
    for each in asking:
        each.result()


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_whether_a_pooler_shares_sessions_is_seen_while_others_are_busy(
    tmp_path: Path, mode: str
) -> None:
    """Either connection may find one then that the other had not."""
    with nodes(tmp_path, mode) as (one, _), busy(one, 4):
        for _ in range(40):
            with connected(one.store) as db:
                assert shares_session(db, lambda: connect(one.store)) is (mode == "transaction")


def test_who_prepares_statements_learns_of_shared_sessions_too(tmp_path: Path) -> None:
    """What one connection prepared another finds there already: so nothing is, to see it."""
    with nodes(tmp_path, "transaction") as (one, _):
        for _ in range(5):
            with pytest.raises(database.StoreError, match="pool_mode = transaction"):
                ServerStore.to_change(one.store)
