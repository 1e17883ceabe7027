"""Putting keys back. With store and spool: `tests/unit/tracker/cli/operations/test_backup.py`."""

from pathlib import Path

import pytest

from config.schema import Config, KeysConfig, StoreConfig
from tracker.backup import keys
from tracker.backup.manifest import Manifest, verified
from tracker.backup.restore import CannotRestore
from tracker.backup.take import take


def with_keys(tmp_path: Path, content: bytes) -> tuple[Config, Path, Manifest]:
    """Return a configuration with a key file, and a backup of it."""
    file = tmp_path / "etc" / "token.keys"
    file.parent.mkdir()
    file.touch(mode=0o600)
    file.write_bytes(content)
    config = Config(
        store=StoreConfig(url=f"sqlite:///{tmp_path}/none.db"), keys=KeysConfig(file=file)
    )
    take(config, b"", tmp_path / "keys", with_secrets=True)
    return config, file, verified(tmp_path / "keys")


def test_keys_find_their_places_by_the_settings_that_name_them(tmp_path: Path) -> None:
    """For their owner alone; what is the same already stays."""
    config, file, found = with_keys(tmp_path, b"secret")
    assert keys.planned(tmp_path / "keys", found, config, replace=False) == []
    file.unlink()
    wanted = keys.planned(tmp_path / "keys", found, config, replace=False)
    assert not file.exists()
    assert keys.put(wanted) == []
    assert file.read_bytes() == b"secret"
    assert file.stat().st_mode & 0o077 == 0


def test_other_keys_are_moved_aside_only_where_that_is_asked_for(tmp_path: Path) -> None:
    """Links that were made with them are dead unless they are kept."""
    config, file, found = with_keys(tmp_path, b"secret")
    file.write_bytes(b"newer")
    with pytest.raises(CannotRestore, match="holds something else"):
        keys.planned(tmp_path / "keys", found, config, replace=False)
    assert file.read_bytes() == b"newer"
    (aside,) = keys.put(keys.planned(tmp_path / "keys", found, config, replace=True))
    assert file.read_bytes() == b"secret"
    assert aside.read_bytes() == b"newer"
    assert aside.stat().st_mode & 0o077 == 0


def test_a_folder_that_is_not_there_is_named_before_anything_is_changed(tmp_path: Path) -> None:
    """Whose it shall be is not ours to say."""
    config, file, found = with_keys(tmp_path, b"secret")
    file.unlink()
    file.parent.rmdir()
    with pytest.raises(CannotRestore, match="make the folder"):
        keys.planned(tmp_path / "keys", found, config, replace=True)


def test_a_key_that_no_setting_names_is_told(tmp_path: Path) -> None:
    """It would be missed only when it is needed."""
    config, _, found = with_keys(tmp_path, b"secret")
    assert keys.without_place(found, config) == []
    nameless = config.model_copy(update={"keys": KeysConfig()})
    assert [each.name for each in keys.without_place(found, nameless)] == ["secrets/00-token.keys"]
