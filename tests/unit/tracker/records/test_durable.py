"""Files and folders that outlive a crash: made, owned, synced."""

import os
import stat
from pathlib import Path

import pytest

from tracker.records import durable

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths of what is synced from now on, which still is."""
    paths: list[str] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        paths.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    return paths


def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path, synced: list[str]) -> None:
    """With those above it; its name outlives a crash."""
    folder = tmp_path / "lib" / "spool"
    durable.make_directory(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert synced == [str(folder.parent)]


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path, synced: list[str]) -> None:
    """Its rights are the operator's, and nothing is synced at every event."""
    tmp_path.chmod(0o750)
    durable.make_directory(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750
    assert synced == []


@needs_root
def test_what_root_makes_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    """As the service runs as that user."""
    os.chown(tmp_path, 12345, 12346)
    made, file = tmp_path / "spool", tmp_path / "file"
    durable.make_directory(made)
    file.touch()
    durable.inherit_owner(file)
    assert [(each.stat().st_uid, each.stat().st_gid) for each in (made, file)] == [
        (12345, 12346)
    ] * 2


def test_a_user_gives_nothing_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could not, and what it makes is its own."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "chown", lambda *_: pytest.fail("a file was given away"))
    durable.inherit_owner(tmp_path)


def test_the_names_in_a_folder_are_synced(tmp_path: Path, synced: list[str]) -> None:
    """A file is no folder."""
    durable.sync_directory(tmp_path)
    assert synced == [str(tmp_path)]
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(NotADirectoryError):
        durable.sync_directory(file)
