"""Files and folders that outlive a crash: made, owned, synced."""

import os
import stat
from pathlib import Path

import pytest

from config.files import durable

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
    os.close(durable.open_or_make(file, os.O_RDWR))
    assert [(each.stat().st_uid, each.stat().st_gid) for each in (made, file)] == [
        (12345, 12346)
    ] * 2


@needs_root
def test_root_gives_away_no_file_that_was_there(tmp_path: Path) -> None:
    """Whoever owns the folder may have put another name of anybody's file there."""
    (tmp_path / "roots").write_text("of root")
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 12345, 12345)
    file = tmp_path / "theirs" / "file"
    file.hardlink_to(tmp_path / "roots")
    os.close(durable.open_or_make(file, os.O_RDWR))
    assert (file.stat().st_uid, file.read_text()) == (0, "of root")


@needs_root
@pytest.mark.parametrize("target", ["roots", "nothing yet"])
def test_root_follows_no_link_of_others(tmp_path: Path, target: str) -> None:
    """Neither to a file that is there, nor to one that would be made."""
    (tmp_path / "roots").write_text("of root")
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 12345, 12345)
    (tmp_path / "theirs" / "file").symlink_to(tmp_path / target)
    with pytest.raises(OSError, match="A symbolic link, which is not followed here"):
        durable.open_or_make(tmp_path / "theirs" / "file", os.O_RDWR)
    assert (tmp_path / "roots").stat().st_uid == 0
    assert not (tmp_path / "nothing yet").exists()


@needs_root
def test_a_folder_behind_a_link_is_nobodys_to_give_away(tmp_path: Path) -> None:
    """`mkdir` has made none then, and what is there stays as it is."""
    (tmp_path / "roots").mkdir()
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 12345, 12345)
    (tmp_path / "theirs" / "spool").symlink_to(tmp_path / "roots")
    durable.make_directory(tmp_path / "theirs" / "spool")
    assert (tmp_path / "roots").stat().st_uid == 0


def test_a_link_to_what_is_not_there_yet_leads_to_a_new_file(tmp_path: Path) -> None:
    """An operator may keep a file elsewhere."""
    (tmp_path / "file").symlink_to(tmp_path / "elsewhere")
    os.close(durable.open_or_make(tmp_path / "file", os.O_RDWR))
    assert (tmp_path / "elsewhere").is_file()


def test_a_user_gives_nothing_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could not, and what it makes is its own."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    given: list[object] = []
    monkeypatch.setattr(os, "fchown", lambda *what: given.append(what))
    os.close(durable.open_or_make(tmp_path / "file", os.O_RDWR))
    assert (tmp_path / "file").is_file()
    assert not given


def test_the_names_in_a_folder_are_synced(tmp_path: Path, synced: list[str]) -> None:
    """A file is no folder."""
    durable.sync_directory(tmp_path)
    assert synced == [str(tmp_path)]
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(NotADirectoryError):
        durable.sync_directory(file)
