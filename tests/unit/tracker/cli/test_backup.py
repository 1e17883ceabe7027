"""`waypost backup` and `waypost restore`, as an operator types them."""

from pathlib import Path

from tests.support.commands import run


def test_a_backup_says_what_it_has_and_that_keys_are_not_in_it(folder: Path) -> None:
    """Without these, delivered links are dead."""
    file = folder / "waypost.toml"
    said = run("backup", folder / "backup", "-c", file)
    assert said.startswith(f"{folder / 'backup'}: ")
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


def test_what_cannot_be_done_is_one_line(folder: Path) -> None:
    """Exit status 1."""
    file = folder / "waypost.toml"
    (folder / "backup").mkdir()
    assert "is there already" in run("backup", folder / "backup", "-c", file, status=1)
    assert "is no backup" in run("restore", folder / "backup", "-c", file, status=1)
