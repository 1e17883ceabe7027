"""Who waits for figures rings; who feeds the store hears it."""

import os
import stat
import threading
import time
from pathlib import Path

import pytest

from config.files import durable
from tracker.ingest import bell
from tracker.ingest.bell import Bell

LONG_S = 30.0


def test_who_waits_hears_it(tmp_path: Path) -> None:
    """Though it rang before; once for however often."""
    hung = Bell(tmp_path)
    assert hung.hang()
    bell.ring(tmp_path)
    bell.ring(tmp_path)
    hung.wait(LONG_S)
    begun_s = time.monotonic()
    hung.wait(0.05)
    assert time.monotonic() - begun_s >= 0.05
    hung.close()


def test_it_is_heard_while_somebody_waits(tmp_path: Path) -> None:
    """From another thread, as from another process."""
    hung = Bell(tmp_path)
    assert hung.hang()
    ringing = threading.Timer(0.1, bell.ring, [tmp_path])
    ringing.start()
    hung.wait(LONG_S)
    ringing.join()
    hung.close()


def test_nobody_hears_it_where_nobody_feeds(tmp_path: Path) -> None:
    """There may be no folder, no bell, or one that nobody listens to, and no ring waits for who comes."""
    bell.ring(tmp_path / "missing")
    bell.ring(tmp_path)
    assert not list(tmp_path.iterdir())
    hung = Bell(tmp_path)
    assert hung.hang()
    hung.close()
    bell.ring(tmp_path)
    assert hung.hang()
    begun_s = time.monotonic()
    hung.wait(0.05)
    assert time.monotonic() - begun_s >= 0.05
    hung.close()


def test_it_is_hung_up_again(tmp_path: Path) -> None:
    """Where somebody took it away; and it is for its owner alone."""
    hung = Bell(tmp_path)
    assert hung.hang()
    (path,) = tmp_path.iterdir()
    path.unlink()
    assert hung.hang()
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    bell.ring(tmp_path)
    hung.wait(LONG_S)
    hung.close()


def test_what_is_no_pipe_is_left_alone(tmp_path: Path) -> None:
    """A file, a folder, or a link to a pipe elsewhere."""
    path = tmp_path / ".ingester.bell"
    path.write_bytes(b"")
    assert not Bell(tmp_path).hang()
    bell.ring(tmp_path)
    assert path.read_bytes() == b""
    path.unlink()
    path.mkdir()
    assert not Bell(tmp_path).hang()
    path.rmdir()
    os.mkfifo(tmp_path / "other")
    path.symlink_to(tmp_path / "other")
    assert not Bell(tmp_path).hang()
    Bell(tmp_path).wait(LONG_S)


def test_there_may_be_no_room_for_one(tmp_path: Path) -> None:
    """As where there is no folder: then nobody waits for it."""
    hung = Bell(tmp_path / "missing")
    assert not hung.hang()
    hung.wait(LONG_S)
    hung.close()


def test_one_that_cannot_be_handed_over_is_left_for_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the owner of the folder; nothing of it stays open meanwhile."""

    def refuse(_descriptor: int, _folder: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(durable, "inherit_owner", refuse)
    before = _open_descriptors()
    hung = Bell(tmp_path)
    assert not hung.hang()
    assert _open_descriptors() == before
    assert hung.hang()
    hung.close()


def _open_descriptors() -> list[str]:
    return sorted(each.name for each in Path("/proc/self/fd").iterdir())
