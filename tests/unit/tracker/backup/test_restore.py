"""Putting a backup back. The whole of it: `tests/e2e/operations/test_backup.py`."""

import contextlib
import dataclasses
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from config.schema import Config, StoreConfig
from config.telemetry import exposition
from tests.support.feeding import put, rows, spool_message
from tracker.backup.manifest import verified
from tracker.backup.restore import CannotRestore, restore
from tracker.backup.take import take
from tracker.ingest.catch_up import catch_up
from tracker.ingest.ingester import Ingester
from tracker.ingest.lock import Lock
from tracker.minting import short_links
from tracker.spool.writer import Spool
from tracker.store.file import files, moved


@pytest.fixture
def folder(storing: Config, tmp_path: Path) -> Path:
    """Return a backup of one message."""
    spool_message(storing, "Spring", 1)
    catch_up(storing)
    take(storing, b"", tmp_path / "backup", with_secrets=False)
    return tmp_path / "backup"


def elsewhere(tmp_path: Path) -> Config:
    """Return a configuration of a store that is not there, in a folder that is not there."""
    return Config(store=StoreConfig(url=f"sqlite:///{tmp_path}/new/waypost.db"))


def test_a_backup_is_put_where_the_configuration_says(folder: Path, tmp_path: Path) -> None:
    """For its owner alone."""
    config = elsewhere(tmp_path)
    assert restore(folder, verified(folder), config, replace=False) == []
    assert rows(config, "messages") == 1
    assert config.store.path.stat().st_mode & 0o077 == 0


def test_what_is_there_stays_unless_it_may_be_moved_aside(
    storing: Config, folder: Path, spool: Spool
) -> None:
    """Then it is under another name, with all that belongs to it."""
    spool_message(storing, "Autumn", 2)
    catch_up(storing)
    found = verified(folder)
    with pytest.raises(CannotRestore, match="there is something already"):
        restore(folder, found, storing, replace=False)
    assert rows(storing, "messages") == 2
    aside = restore(folder, found, storing, replace=True)
    assert rows(storing, "messages") == 1
    assert "waypost.db" in {path.name.partition(".before-restore-")[0] for path in aside}
    assert all(path.exists() for path in aside)


def test_a_store_that_was_given_up_is_used_again(storing: Config, folder: Path) -> None:
    """Whoever puts one back does not go on with its copy elsewhere."""
    moved.give_up(storing.store.path, "elsewhere")
    restore(folder, verified(folder), storing, replace=True)
    spool_message(storing, "Autumn", 2)
    assert catch_up(storing).octets == 0
    assert rows(storing, "messages") == 2


def test_while_a_service_feeds_the_store_nothing_is_restored(
    storing: Config, folder: Path, ingester: Ingester
) -> None:
    """The tracker."""
    lock = Lock(storing.store.spool_dir)
    assert lock.acquire()
    with pytest.raises(CannotRestore, match="a service runs"):
        restore(folder, verified(folder), storing, replace=True)
    lock.release()


def test_while_a_service_writes_events_nothing_is_restored(
    storing: Config, folder: Path, spool: Spool
) -> None:
    """The proxy."""
    put(spool, 1)
    with pytest.raises(CannotRestore, match="a service runs"):
        restore(folder, verified(folder), storing, replace=True)


def test_while_a_service_is_idle_nothing_is_restored_either(storing: Config, folder: Path) -> None:
    """It tells its metrics all the time."""
    directory = exposition.directory_of(storing.store.spool_dir)
    with exposition.published(directory, "proxy"):
        while not list(directory.glob("*.prom")):
            pass
        with pytest.raises(CannotRestore, match="a service runs"):
            restore(folder, verified(folder), storing, replace=True)


def test_a_restore_that_was_cut_short_is_begun_anew(folder: Path, tmp_path: Path) -> None:
    """Half a file is under a hidden name, and is written over."""
    config = elsewhere(tmp_path)
    config.store.path.parent.mkdir()
    config.store.path.with_name(".waypost.db.restored").write_bytes(b"half")
    restore(folder, verified(folder), config, replace=False)
    assert rows(config, "messages") == 1


def test_what_was_put_back_already_is_not_in_the_way(folder: Path, tmp_path: Path) -> None:
    """A restore that ended before the store was in its place, on a full disk or by a signal."""
    config = elsewhere(tmp_path)
    restore(folder, verified(folder), config, replace=False)
    config.store.path.unlink()
    assert restore(folder, verified(folder), config, replace=False) == []
    assert rows(config, "messages") == 1


def test_a_store_of_another_name_is_put_back_under_that(folder: Path, tmp_path: Path) -> None:
    """What has the old name in the same folder may be another Waypost's."""
    config = Config(store=StoreConfig(url=f"sqlite:///{tmp_path}/new/other.db"))
    config.store.path.parent.mkdir()
    theirs = config.store.path.with_name("waypost.db")
    theirs.write_bytes(b"another store")
    restore(folder, verified(folder), config, replace=False)
    assert rows(config, "messages") == 1
    assert theirs.read_bytes() == b"another store"


def test_what_was_moved_aside_is_whole(storing: Config, folder: Path) -> None:
    """What a service that was killed left in the write-ahead log is a part of the store."""
    spool_message(storing, "Autumn", 2)
    catch_up(storing)
    dead = storing.store.path
    with contextlib.closing(sqlite3.connect(dead)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE late (x)")
        db.commit()
        for each in (dead, *files.beside(dead)):
            shutil.copy(each, each.with_name(f"killed.{each.name}"))
    for each in (dead, *files.beside(dead)):
        each.unlink(missing_ok=True)
    for each in (dead, *files.beside(dead)):
        each.with_name(f"killed.{each.name}").rename(each)
    aside = restore(folder, verified(folder), storing, replace=True)
    (kept,) = (
        path for path in aside if re.fullmatch(r"waypost\.db\.before-[^-]+-[^-]+", path.name)
    )
    with contextlib.closing(sqlite3.connect(kept)) as db:
        assert db.execute("SELECT count(*) FROM late").fetchone() == (0,)


def test_events_that_came_since_are_counted_after_a_restore(storing: Config, folder: Path) -> None:
    """What waits beside a store that broke: its clicks are nowhere else."""
    spool_message(storing, "Autumn", 2)
    restore(folder, verified(folder), storing, replace=True)
    catch_up(storing)
    assert rows(storing, "messages") == 2


@pytest.mark.parametrize("more", [b"", b"and a later line\n"])
def test_a_file_of_lines_that_goes_on_from_the_backup_stays(
    storing: Config, tmp_path: Path, more: bytes
) -> None:
    """Short links made since are in it, and what was revoked."""
    lines = short_links.file_of(storing.store.file)
    lines.write_bytes(b"a line\n")
    take(storing, b"", tmp_path / "later", with_secrets=False)
    lines.write_bytes(b"a line\n" + more)
    aside = restore(tmp_path / "later", verified(tmp_path / "later"), storing, replace=True)
    assert lines.read_bytes() == b"a line\n" + more
    assert lines.name not in {path.name.partition(".before-restore-")[0] for path in aside}


def test_a_file_of_lines_that_lost_some_is_put_back(storing: Config, tmp_path: Path) -> None:
    """What is left of it is moved aside."""
    lines = short_links.file_of(storing.store.file)
    lines.write_bytes(b"a line\nanother\n")
    take(storing, b"", tmp_path / "later", with_secrets=False)
    lines.write_bytes(b"a line\n")
    restore(tmp_path / "later", verified(tmp_path / "later"), storing, replace=True)
    assert lines.read_bytes() == b"a line\nanother\n"


def test_a_backup_is_not_put_into_itself(folder: Path, tmp_path: Path) -> None:
    """A relative path of its configuration starts from there."""
    config = Config(store=StoreConfig(url=f"sqlite:///{folder}/waypost.db"))
    with pytest.raises(CannotRestore, match="would be in the backup itself"):
        restore(folder, verified(folder), config, replace=False)
    assert not config.store.path.exists()


def test_a_disk_with_too_little_room_is_told_before_anything_is_changed(
    storing: Config, folder: Path
) -> None:
    """What is there keeps its names."""
    found = verified(folder)
    (store,) = (each for each in found.entries if each.name == "store/waypost.db")
    huge = dataclasses.replace(found, entries=(dataclasses.replace(store, octets=10**18),))
    with pytest.raises(CannotRestore, match="has room for"):
        restore(folder, huge, storing, replace=True)
    assert rows(storing, "messages") == 1
