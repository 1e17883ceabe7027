"""Figures that are up to date, with and without a service that feeds the store."""

import contextlib
import sqlite3
import time
from pathlib import Path

import pytest

from config.schema import Config
from tests.support import earlier_stores
from tests.support.engines import IN_A_FILE, engine, gives_back, store_table
from tests.support.feeding import click_count, eventually, metric, put, running
from tracker.first_form import upgrade
from tracker.ingest import backlog as backlog_module
from tracker.ingest import catch_up as catch_up_module
from tracker.ingest import ingester as ingester_module
from tracker.ingest.catch_up import catch_up
from tracker.ingest.ingester import Ingester
from tracker.ingest.lock import Lock
from tracker.spool import segments
from tracker.spool.writer import Spool
from tracker.store import database
from tracker.store.file import file_store

__all__ = ["engine", "gives_back", "store_table"]


def test_catching_up_feeds_where_nobody_does(storing: Config, spool: Spool) -> None:
    """A report needs no running service."""
    put(spool, *range(10))
    assert catch_up(storing).octets == 0
    assert click_count(storing) == 10


def test_catching_up_does_not_wait_for_what_it_fed_itself(
    storing: Config, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks has waited for the feeding."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    put(spool, *range(10))
    assert catch_up(storing).octets == 0
    assert (click_count(storing), pauses) == (10, [])


def test_catching_up_does_not_wait_for_room(
    storing: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a proxy's segment, no more than the records are to be counted."""
    pauses: list[float] = []
    proxy = Spool.open(storing.store.spool_dir, "proxy", room_octets=8192)
    put(proxy, 1, 2)
    (path,) = segments.listing(storing.store.spool_dir)
    eventually(lambda: path.stat().st_size > 8192)
    with monkeypatch.context() as patched:
        patched.setattr(time, "sleep", pauses.append)
        assert catch_up(storing, patience_s=0).octets == 0
    assert (click_count(storing), pauses) == (2, [])
    put(proxy, 3)
    assert catch_up(storing).octets == 0
    assert click_count(storing) == 3
    proxy.close()


def test_catching_up_waits_for_the_ingester(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """What was in the spool when it began is in the store when it ends."""
    with running(ingester):
        for number in range(5):
            put(spool, number)
            assert catch_up(storing).octets == 0
            assert click_count(storing) == number + 1


@IN_A_FILE
def test_an_earlier_store_that_comes_back_is_upgraded_at_once(
    storing: Config, tmp_path: Path, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the service that does so leaves alone what nobody asks for."""
    monkeypatch.setattr(ingester_module, "QUIET_S", 600.0)
    monkeypatch.setattr(catch_up_module, "PATIENCE_S", 5.0)
    copy = earlier_stores.put_last(tmp_path / "copy.db")
    with running(ingester):
        eventually(lambda: database.exists(storing.store))
        eventually((storing.store.spool_dir / ".ingester.bell").is_fifo)
        copy.rename(storing.store.path)
        assert not catch_up(storing, tell=lambda _: None, through_upgrade=True).octets
    assert not upgrade.is_due(storing.store.path)


def test_catching_up_says_what_is_left_when_time_is_up(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """An ingester that does not come on is not waited for without end."""
    ingester.drain()
    put(spool, 1)
    backlog = catch_up(storing, patience_s=0.1)
    assert backlog.octets > 0
    assert backlog.why == "another process is feeding the store"


@IN_A_FILE
def test_catching_up_on_nothing_makes_nothing(storing: Config) -> None:
    """Asking leaves no trace."""
    assert catch_up(storing).octets == 0
    assert list(storing.store.path.parent.iterdir()) == []


@IN_A_FILE
def test_catching_up_on_a_malformed_store_is_an_error(storing: Config, spool: Spool) -> None:
    """A report does not set anything aside."""
    put(spool, 1)
    storing.store.path.write_bytes(b"\xaa" * 5000)
    with pytest.raises(database.StoreError, match="malformed"):
        catch_up(storing)
    assert storing.store.path.read_bytes() == b"\xaa" * 5000


def folder_of_that_name(storing: Config) -> Path:
    """Make a folder that bears the name of a segment."""
    path = storing.store.spool_dir / "proxy-0000000001-10-00000000000000aa.log"
    path.mkdir(parents=True)
    return path


@pytest.mark.parametrize("served", [False, True])
def test_segment_that_cannot_be_read_is_named_and_not_waited_for(
    storing: Config, spool: Spool, ingester: Ingester, *, served: bool
) -> None:
    """Whether a service feeds the store or not; all others are counted."""
    put(spool, 1, 2)
    bad = folder_of_that_name(storing)
    with running(ingester) if served else contextlib.nullcontext():
        if served:
            eventually(lambda: bool(Lock(storing.store.spool_dir).told().unreadable))
        begun_s = time.monotonic()
        backlog = catch_up(storing, 100.0)
    assert time.monotonic() - begun_s < 50
    assert list(backlog.sentences()) == [
        f"Not counted yet: 0 octets of the spool ({bad.name} cannot be read: Is a directory)"
    ]
    assert click_count(storing) == 2


@IN_A_FILE
def test_what_hinders_the_service_is_said(
    storing: Config, spool: Spool, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not only that another process is at work."""
    monkeypatch.setattr(file_store, "BUSY_TIMEOUT_MS", 50)
    put(spool, 1)
    ingester.drain()
    ingester.close()
    with contextlib.closing(sqlite3.connect(storing.store.path)) as other, running(ingester):
        other.execute("BEGIN IMMEDIATE")
        put(spool, 2)
        eventually(lambda: bool(Lock(storing.store.spool_dir).told().failing))
        backlog = catch_up(storing, patience_s=0.1)
    assert backlog.why == "another process is feeding the store: locked: database is locked"


@IN_A_FILE
def test_what_vanished_is_said(
    storing: Config, spool: Spool, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the service that knows of it, to whoever asks for figures."""
    monkeypatch.setattr(backlog_module, "GRACE_S", 0)
    monkeypatch.setattr(file_store, "BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr(ingester_module, "MAX_BACKOFF_S", 0.3)
    ingester.drain()
    ingester.close()
    with contextlib.closing(sqlite3.connect(storing.store.path)) as other, running(ingester):
        other.execute("BEGIN IMMEDIATE")
        put(spool, *range(7))
        spool.close()
        (segment,) = segments.listing(storing.store.spool_dir)
        size = segment.stat().st_size
        eventually(lambda: metric("waypost_spool_backlog_octets") == size)
        segment.unlink()
        eventually(lambda: bool(Lock(storing.store.spool_dir).told().vanished_octets))
        assert list(catch_up(storing).sentences()) == [
            f"Not counted: {size} octets that vanished from the spool before they were counted"
        ]


@IN_A_FILE
def test_emptied_store_is_made_anew_and_that_is_said(storing: Config) -> None:
    """Though nothing waits in the spool; zeros alone would tell nobody."""
    storing.store.path.touch()
    for _ in range(2):
        (said,) = catch_up(storing).sentences()
        assert "waypost.db.emptied-" in said
    assert storing.store.path.stat().st_size > 0
    (aside,) = storing.store.path.parent.glob("waypost.db.emptied-*")
    aside.unlink()
    assert list(catch_up(storing).sentences()) == []


@IN_A_FILE
def test_database_of_another_program_is_an_error_at_once(storing: Config, spool: Spool) -> None:
    """No waiting makes it ours."""
    put(spool, 1)
    with contextlib.closing(sqlite3.connect(storing.store.path)) as other:
        other.execute("CREATE TABLE letters (text)")
    begun_s = time.monotonic()
    with pytest.raises(database.StoreError, match="another program"):
        catch_up(storing, 100.0)
    assert time.monotonic() - begun_s < 50
