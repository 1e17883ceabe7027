"""`waypost backup` and `waypost restore`, as an operator types them."""

from pathlib import Path

from config.loading.config_file import ConfigFile
from config.loading.load import load
from tests.support.commands import run
from tracker.ingest.lock import Lock


def test_a_backup_says_what_it_has_and_that_keys_are_not_in_it(folder: Path) -> None:
    """Without these, delivered links are dead."""
    file = folder / "waypost.toml"
    said = run("backup", folder / "backup", "-c", file)
    assert f"There is no store yet: {folder / 'waypost.db'} is not there.\n" in said
    assert f"{folder / 'backup'}: 1 files, " in said
    assert f"  {folder / 'token.keys'}" in said
    assert (folder / "backup" / "waypost.toml").read_bytes() == file.read_bytes()


def test_a_backup_with_secrets_is_restored_whole(folder: Path) -> None:
    """By the configuration that is in it."""
    file, keys = folder / "waypost.toml", folder / "token.keys"
    before = keys.read_bytes()
    assert "Without keys" not in run("backup", "--with-secrets", folder / "backup", "-c", file)
    keys.unlink()
    said = run("restore", folder / "backup", "-c", file)
    assert f"key restored: {keys}" in said
    assert keys.read_bytes() == before


def test_while_a_service_runs_keys_stay_as_they_are(folder: Path) -> None:
    """It reads them again when they change, and links of newer keys would be dead."""
    file, keys = folder / "waypost.toml", folder / "token.keys"
    config = load(ConfigFile(file, named=True), files=False)
    run("backup", "--with-secrets", folder / "backup", "-c", file)
    run("keys", "rotate", "-c", file)
    newer = keys.read_bytes()
    lock = Lock(config.store.spool_dir)
    assert lock.acquire()
    said = run("restore", "--replace", folder / "backup", "-c", file, status=1)
    lock.release()
    assert "a service runs" in said
    assert keys.read_bytes() == newer


def test_a_restore_says_what_it_moved_aside(folder: Path) -> None:
    """Keys among it: newer links need them."""
    file, keys = folder / "waypost.toml", folder / "token.keys"
    run("backup", "--with-secrets", folder / "backup", "-c", file)
    run("keys", "rotate", "-c", file)
    newer = keys.read_bytes()
    said = run("restore", "--replace", folder / "backup", "-c", file)
    assert f"moved aside: {keys}.before-restore-" in said
    (aside,) = folder.glob("token.keys.before-restore-*")
    assert aside.read_bytes() == newer


def test_what_cannot_be_done_is_one_line(folder: Path) -> None:
    """Exit status 1."""
    file = folder / "waypost.toml"
    (folder / "backup").mkdir()
    assert "is there already" in run("backup", folder / "backup", "-c", file, status=1)
    assert "is no backup" in run("restore", folder / "backup", "-c", file, status=1)
