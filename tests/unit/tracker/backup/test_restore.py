"""Putting a backup back. The whole of it: `tests/e2e/operations/test_backup.py`."""

from pathlib import Path

import pytest

from config.schema import Config, KeysConfig, StoreConfig
from config.telemetry import exposition
from tests.support.feeding import put, rows, spool_message
from tracker.backup.manifest import Manifest, verified
from tracker.backup.restore import CannotRestore, restore, restore_secrets
from tracker.backup.take import take
from tracker.ingest.catch_up import catch_up
from tracker.ingest.ingester import Ingester
from tracker.ingest.lock import Lock
from tracker.spool.writer import Spool


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


def with_keys(tmp_path: Path, content: bytes) -> tuple[Config, Path, Manifest]:
    """Return a configuration with a key file, and a backup of it."""
    keys = tmp_path / "token.keys"
    keys.touch(mode=0o600)
    keys.write_bytes(content)
    config = Config(
        store=StoreConfig(url=f"sqlite:///{tmp_path}/none.db"), keys=KeysConfig(file=keys)
    )
    take(config, b"", tmp_path / "keys", with_secrets=True)
    return config, keys, verified(tmp_path / "keys")


def test_keys_find_their_places_by_the_settings_that_name_them(tmp_path: Path) -> None:
    """For their owner alone; what is the same already stays."""
    config, keys, found = with_keys(tmp_path, b"secret")
    assert restore_secrets(tmp_path / "keys", found, config, replace=False) == []
    keys.unlink()
    assert restore_secrets(tmp_path / "keys", found, config, replace=False) == [keys]
    assert keys.read_bytes() == b"secret"
    assert keys.stat().st_mode & 0o077 == 0


def test_other_keys_are_overwritten_only_where_that_is_asked_for(tmp_path: Path) -> None:
    """Links that were made with them would be dead."""
    config, keys, found = with_keys(tmp_path, b"secret")
    keys.write_bytes(b"newer")
    with pytest.raises(CannotRestore, match="holds something else"):
        restore_secrets(tmp_path / "keys", found, config, replace=False)
    assert keys.read_bytes() == b"newer"
    assert restore_secrets(tmp_path / "keys", found, config, replace=True) == [keys]
    assert keys.read_bytes() == b"secret"
