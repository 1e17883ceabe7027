"""What a backup holds, and whether it is as it was written."""

import json
from pathlib import Path

import pytest

from tracker.backup import manifest
from tracker.backup.manifest import BadBackup, verified


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a backup of two files."""
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(name.encode())
    entries = tuple(manifest.entry(tmp_path, name, "store") for name in ("one", "two"))
    made = manifest.new("2026-11-29T12:00:00+00:00", entries)
    (tmp_path / manifest.NAME).write_bytes(manifest.written(made))
    return tmp_path


def test_a_manifest_is_read_as_it_was_written(folder: Path) -> None:
    """With the version that made it, and no secrets."""
    found = verified(folder)
    assert [each.name for each in found.entries] == ["one", "two"]
    assert found.waypost
    assert not found.has_secrets


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"oneX", "one has another size"),
        (b"ONE", "one has other octets"),
        (None, "one: No such file"),
    ],
)
def test_a_file_that_is_not_as_it_was_is_named(
    folder: Path, content: bytes | None, said: str
) -> None:
    """And nothing is restored."""
    (folder / "one").unlink()
    if content is not None:
        (folder / "one").write_bytes(content)
    with pytest.raises(BadBackup, match=said):
        verified(folder)


def test_a_name_that_leads_out_of_the_folder_is_none(folder: Path) -> None:
    """Whoever can write a manifest could have a file of theirs put anywhere."""
    text = (folder / manifest.NAME).read_text().replace('"one"', '"../one"')
    (folder / manifest.NAME).write_text(text)
    with pytest.raises(BadBackup, match="no name of a file in it"):
        verified(folder)


def test_a_folder_without_a_manifest_is_no_backup(tmp_path: Path) -> None:
    """As one that was not finished."""
    with pytest.raises(BadBackup, match="is no backup"):
        verified(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]"])
def test_a_manifest_that_is_none(folder: Path, text: str) -> None:
    """It is said in words."""
    (folder / manifest.NAME).write_text(text)
    with pytest.raises(BadBackup, match="is no manifest of a backup: ") as raised:
        verified(folder)
    assert "\n" not in str(raised.value)
    assert "pydantic" not in str(raised.value)


def test_a_backup_of_a_later_form_names_the_version_that_it_needs(folder: Path) -> None:
    """It may hold what this one would lose."""
    told = json.loads((folder / manifest.NAME).read_text()) | {"form": 2, "waypost": "9.0"}
    (folder / manifest.NAME).write_text(json.dumps(told))
    with pytest.raises(BadBackup, match=r"needs that version or a later one"):
        verified(folder)
