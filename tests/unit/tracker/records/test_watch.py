"""Watched files: a change is in force at the next look, and nothing good is ever lost."""

import asyncio
import errno
import threading
from pathlib import Path

import pytest

from config.keys import token_keys
from config.keys.secret_files import KeyFileError
from tests.support.log_lines import capture_logs
from tests.support.waiting_in_loop import until
from tracker.records import watch
from tracker.records.watch import ChangeDetector, Watched, watching
from tracker.tokens import Keyring


def number(path: Path) -> int:
    """Read a file that holds a number; raises ValueError for anything else."""
    return int(path.read_text())


def replace(path: Path, text: str) -> None:
    """Replace a file as editors and `waypost` do: a new one takes its name."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file that says 1."""
    path = tmp_path / "number"
    path.write_text("1")
    return path


def test_a_change_is_seen(file: Path) -> None:
    """What stands in the file counts after a refresh."""
    watched = Watched(file, number)
    replace(file, "2")
    assert watched() == 1
    watched.refresh()
    assert watched() == 2


def test_a_broken_file_leaves_the_last_good_state(file: Path) -> None:
    """A typo does not end what worked; the next good version counts again."""
    watched = Watched(file, number)
    replace(file, "two")
    watched.refresh()
    assert watched() == 1
    replace(file, "3")
    watched.refresh()
    assert watched() == 3


def test_a_reading_that_fails_for_a_moment_is_tried_again(file: Path) -> None:
    """No descriptor was free, say: the file itself does not change for that. It is told once."""
    fails = [OSError(errno.EMFILE, "Too many open files")] * 2

    def read(path: Path) -> int:
        if path.read_text() == "2" and fails:
            raise fails.pop()
        return number(path)

    watched = Watched(file, read)
    replace(file, "2")
    with capture_logs() as lines:
        for _ in range(2):
            watched.refresh()
            assert watched() == 1
        watched.refresh()
    assert watched() == 2
    assert [line["event"] for line in lines] == ["file_unusable", "file_reloaded"]


def test_a_missing_file_leaves_the_last_good_state(file: Path) -> None:
    """A file deleted by mistake takes nothing with it."""
    watched = Watched(file, number)
    file.unlink()
    watched.refresh()
    assert watched() == 1


def test_an_unchanged_file_is_not_read_again(file: Path) -> None:
    """Looking costs one stat(2)."""
    readings: list[Path] = []
    watched = Watched(file, lambda path: readings.append(path) or 1)
    for _ in range(3):
        watched.refresh()
    assert readings == [file]


def test_the_first_failure_is_the_callers(tmp_path: Path) -> None:
    """Nothing can start from a file that was never good."""
    with pytest.raises(FileNotFoundError):
        Watched(tmp_path / "none", number)


def test_rotated_keys_are_in_force_without_a_restart(tmp_path: Path) -> None:
    """P11: links that the proxy mints with a new key work at once; a broken file ends none."""
    path = tmp_path / "token.keys"
    old = token_keys.new_token_key()
    new = token_keys.new_token_key([old])
    token_keys.write_token_keys(path, [old])
    watched = Watched(path, Keyring.load)
    token_keys.write_token_keys(path, [old, new], replace=True)
    watched.refresh()
    assert watched().minting_id == new.id
    path.write_text("not a key file")
    watched.refresh()
    assert watched().minting_id == new.id


def test_a_key_file_that_others_can_read_is_refused_at_the_start(tmp_path: Path) -> None:
    """Permissions are judged when the tracker starts."""
    path = tmp_path / "token.keys"
    token_keys.write_token_keys(path, [token_keys.new_token_key()])
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="others"):
        Watched(path, Keyring.load)


def test_rights_that_were_put_right_are_seen(tmp_path: Path) -> None:
    """The log says `chmod 600`; whoever does that need not touch the file besides."""
    path = tmp_path / "token.keys"
    old = token_keys.new_token_key()
    new = token_keys.new_token_key([old])
    token_keys.write_token_keys(path, [old])
    watched = Watched(path, Keyring.load)
    token_keys.write_token_keys(path, [old, new], replace=True)
    path.chmod(0o644)
    watched.refresh()
    assert watched().minting_id == old.id
    path.chmod(0o600)
    watched.refresh()
    assert watched().minting_id == new.id


async def test_a_change_just_before_the_end_is_seen(file: Path) -> None:
    """Whoever stops a service a moment after a change loses nothing of it."""
    watched = Watched(file, number)
    async with watching(watched):
        replace(file, "2")
    assert watched() == 2


class Hanging:
    """A file on a disk that answers no more."""

    def __init__(self) -> None:
        self.answers = threading.Event()

    def refresh(self) -> None:
        """Wait for the disk."""
        self.answers.wait()


async def test_a_disk_that_hangs_keeps_nobody_from_stopping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else mail that is under way then would be cut off by whoever waits for the stop."""
    monkeypatch.setattr(watch, "LAST_LOOK_S", 0.1)
    hanging = Hanging()
    try:
        async with asyncio.timeout(60), watching(hanging):
            pass
        assert not hanging.answers.is_set()
    finally:
        hanging.answers.set()


class Failing:
    """What cannot be looked after, by no fault of its file."""

    def refresh(self) -> None:
        """Fail as where the system has no thread left."""
        raise RuntimeError


async def test_a_last_look_that_fails_is_no_end_of_the_service_by_an_error(file: Path) -> None:
    """Others are looked at, and what comes after is done."""
    watched = Watched(file, number)
    async with watching(Failing(), watched):
        replace(file, "2")
    assert watched() == 2


class FailingTwice:
    """What cannot be looked after for a moment."""

    def __init__(self) -> None:
        self.looks = 0

    def refresh(self) -> None:
        """Fail at the first two looks."""
        self.looks += 1
        if self.looks <= 2:
            raise RuntimeError("can't start new thread")


async def test_a_look_that_fails_is_told_once_and_is_not_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else what changes later, a revocation say, would not be in force before a restart."""
    monkeypatch.setattr(watch, "INTERVAL_S", 0.01)
    watched = FailingTwice()
    with capture_logs() as lines:
        async with watching(watched):
            await until(lambda: watched.looks > 3)
    assert [(line["event"], line["watched"]) for line in lines] == [
        ("file_look_failed", "FailingTwice")
    ]
    assert "can't start new thread" in str(lines[0]["exc_info"])


async def test_a_look_that_fails_again_later_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have another cause."""
    monkeypatch.setattr(watch, "INTERVAL_S", 0.01)
    watched = FailingTwice()
    with capture_logs() as lines:
        async with watching(watched):
            await until(lambda: watched.looks > 3)
            watched.looks = 0
            await until(lambda: watched.looks > 3)
    assert [line["event"] for line in lines] == ["file_look_failed"] * 2


async def test_where_there_is_nothing_to_look_after_nothing_is_waited_for() -> None:
    """As where all that could be watched is not there."""
    async with asyncio.timeout(60), watching(None):
        pass


def test_a_file_that_was_missing_is_due_once_it_is_there(tmp_path: Path) -> None:
    """And again once it is gone; while nothing changes it is not."""
    path = tmp_path / "records"
    changes = ChangeDetector(path)
    due = []
    for step in (lambda: None, path.touch, path.unlink):
        step()
        due.append(changes.is_due)
        with changes.reading():
            pass
        due.append(changes.is_due)
    assert due == [True, False] * 3
