"""The store of an ingester, in every bad state that its file may be in."""

import contextlib
import dataclasses
import os
import sqlite3
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from config.schema import Config
from tests.support.feeding import click, click_count, eventually, metric, put, rows, running
from tracker.ingest import kept_store
from tracker.ingest.ingester import Ingester
from tracker.ingest.kept_store import KeptStore
from tracker.spool.writer import Spool
from tracker.store.database import StoreError


def test_store_is_opened_once(storing: Config) -> None:
    """As long as its file is the same; and again once it was closed."""
    kept = KeptStore(storing.store.path)
    kept.close()
    first = kept.open()
    assert kept.open() is first
    kept.close()
    second = kept.open()
    assert second is not first
    assert not kept.set_aside_if_emptied()
    kept.set_aside_if_malformed()
    assert kept.open() is second
    kept.close()


def test_deleted_database_is_made_anew_from_what_the_spool_has(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """Segments in use are fed again, and nothing of the old one is mixed in."""
    put(spool, *range(20))
    with running(ingester):
        eventually(lambda: click_count(storing) == 20)
        for name in ("waypost.db", "waypost.db-wal"):
            storing.store.path.with_name(name).unlink(missing_ok=True)
        put(spool, 20)
        eventually(lambda: click_count(storing) == 21)
    assert rows(storing, "clicks") == 21


def test_database_put_in_place_of_another_is_the_one_that_is_fed(
    storing: Config, spool: Spool, ingester: Ingester, tmp_path: Path
) -> None:
    """Commits to a file that is no longer there would succeed, and be lost."""
    put(spool, 1)
    ingester.drain()
    copy = sqlite3.connect(tmp_path / "copy.db")
    with contextlib.closing(sqlite3.connect(storing.store.path)) as source, copy:
        source.backup(copy)
    copy.close()
    with running(ingester):
        (tmp_path / "copy.db").rename(storing.store.path)
        put(spool, 2)
        eventually(lambda: click_count(storing) == 2)
    assert rows(storing, "clicks") == 2


def test_malformed_store_is_set_aside_whole(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """It was ours, SQLite says that it is damaged: it is renamed, and a new one begun."""
    put(spool, *range(50))
    ingester.drain()
    ingester.close()
    with storing.store.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * 4096 * 30)
    with running(ingester):
        eventually(lambda: click_count(storing) == 50)
    # Whoever was reading at that moment leaves a log beside it.
    (kept,) = storing.store.path.parent.glob("waypost.db.corrupt-*Z")
    assert b"\xaa" * 4096 in kept.read_bytes()


def test_emptied_database_is_set_aside_and_made_anew(
    storing: Config, spool: Spool, ingester: Ingester, logged: list[MutableMapping[str, Any]]
) -> None:
    """Segments in use are fed again, as if it had been deleted; it is told at once."""
    put(spool, *range(20))
    before = metric("waypost_stores_lost_total", how="emptied")
    with running(ingester):
        eventually(lambda: click_count(storing) == 20)
        os.truncate(storing.store.path, 0)
        eventually(lambda: metric("waypost_stores_lost_total", how="emptied") > before)
        eventually(lambda: click_count(storing) == 20)
        put(spool, 20)
        eventually(lambda: click_count(storing) == 21)
    (aside,) = storing.store.path.parent.glob("waypost.db.emptied-*Z")
    told = [line for line in logged if line["event"].startswith("store_")]
    assert [(line["event"], line["name"]) for line in told] == [("store_emptied", str(aside))]
    assert aside.with_name(f"{aside.name}-wal").stat().st_size > 0


def test_database_that_was_emptied_while_nothing_ran_is_told_as_well(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """A new one would else stand there as if it had always been so."""
    put(spool, 1)
    storing.store.path.touch()
    assert ingester.drain()
    assert click_count(storing) == 1
    assert len(list(storing.store.path.parent.glob("waypost.db.emptied-*Z"))) == 1


def test_database_that_is_empty_for_a_moment_is_being_written(
    storing: Config, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever copies a file into its place empties it first."""
    assert ingester.drain()
    ingester.close()
    octets = storing.store.path.read_bytes()
    os.truncate(storing.store.path, 0)
    monkeypatch.setattr(
        kept_store.time, "sleep", lambda _seconds: storing.store.path.write_bytes(octets)
    )
    assert ingester.drain()
    assert storing.store.path.read_bytes() == octets


def test_older_copy_that_is_put_back_is_not_mixed_with_what_came_after_it(
    storing: Config, spool: Spool, ingester: Ingester, tmp_path: Path
) -> None:
    """The write-ahead log of the store it replaces stays behind, and is none of its own."""

    def fed(first: int, end: int) -> None:
        for number in range(first, end):
            put = spool.append(dataclasses.replace(click(number), message_id=f"{number:016x}"))
        put.result(30)
        ingester.drain()

    fed(0, 300)
    with (
        contextlib.closing(sqlite3.connect(tmp_path / "copy.db")) as copy,
        contextlib.closing(sqlite3.connect(storing.store.path)) as source,
    ):
        source.backup(copy)
    for round_ in range(12):
        fed(300 + 900 * round_, 1200 + 900 * round_)
    (tmp_path / "copy.db").rename(storing.store.path)
    fed(20_000, 20_010)
    assert click_count(storing) == 300 + 12 * 900 + 10
    assert len(list(tmp_path.glob("waypost.db.orphan-*Z-wal"))) == 1


def letters(path: Path) -> None:
    """Make the database of another program."""
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE letters (text)")
        other.execute("INSERT INTO letters VALUES ('Dear Sir')")
        other.commit()


def test_database_of_another_program_is_left_alone(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """Not an octet of it changes, nothing appears beside it; the error names it and the way out."""
    letters(storing.store.path)
    before = storing.store.path.read_bytes(), sorted(os.listdir(storing.store.path.parent))  # noqa: PTH208 - names
    put(spool, 1)
    failures = metric("waypost_ingest_failures_total", cause="foreign")
    with running(ingester):
        eventually(lambda: metric("waypost_ingest_failures_total", cause="foreign") > failures)
    with pytest.raises(StoreError, match=f"{storing.store.path} is a database of another program"):
        ingester.drain()
    after = sorted({*os.listdir(storing.store.path.parent)} - {"waypost.db.spool"})  # noqa: PTH208 - names
    assert (storing.store.path.read_bytes(), after) == before
    storing.store.path.rename(storing.store.path.with_name("letters.db"))
    assert ingester.drain()
    assert click_count(storing) == 1


def test_database_of_another_program_that_takes_the_place_of_ours_is_left_alone(
    storing: Config, spool: Spool, ingester: Ingester, tmp_path: Path
) -> None:
    """Our write-ahead log is taken away from it, too: its own program would play it."""
    put(spool, *range(20))
    assert ingester.drain()
    letters(tmp_path / "letters.db")
    octets = (tmp_path / "letters.db").read_bytes()
    (tmp_path / "letters.db").rename(storing.store.path)
    with pytest.raises(StoreError, match="another program"):
        ingester.drain()
    with contextlib.closing(sqlite3.connect(storing.store.path)) as other:
        assert other.execute("SELECT text FROM letters").fetchall() == [("Dear Sir",)]
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert storing.store.path.read_bytes() == octets


def test_file_that_is_no_store_of_ours_is_left_alone(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """A wrong `[store] url` must not cost anybody a file; clicks wait in the spool."""
    storing.store.path.write_bytes(b"somebody's letters " * 1000)
    put(spool, 1)
    before = metric("waypost_ingest_failures_total", cause="malformed")
    with running(ingester):
        eventually(lambda: metric("waypost_ingest_failures_total", cause="malformed") > before)
    assert storing.store.path.read_bytes() == b"somebody's letters " * 1000
    storing.store.path.unlink()
    assert ingester.drain()
    assert click_count(storing) == 1
