"""A spool on a disk that fails, or that somebody moves about: `waypost tracker` and real clicks."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.clients.programs import until
from tests.support.readers.links import Links

BAD_DISK = """
import os, pathlib, threading

IS_BAD = pathlib.Path({switch!r})
fdatasync, close = os.fdatasync, os.close

def failing_fdatasync(descriptor):
    if IS_BAD.exists():
        raise OSError(5, "Input/output error")
    fdatasync(descriptor)

def failing_close(descriptor):
    close(descriptor)
    if IS_BAD.exists() and threading.current_thread().name == "spool":
        raise OSError(5, "Input/output error")

os.fdatasync, os.close = failing_fdatasync, failing_close
"""
"""Makes syncs fail, and closing a file after that, while the file `switch` is there."""


@pytest.fixture
def switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that turns bad the disk of whatever is started after this."""
    folder = tmp_path / "faults"
    folder.mkdir()
    switch = folder / "bad"
    (folder / "sitecustomize.py").write_text(BAD_DISK.format(switch=str(switch)))
    path = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{path}" if path else str(folder))
    return switch


def spool_of(links: Links) -> Path:
    """Return the folder of a spool."""
    return links.stack.folder / "waypost.db.spool"


def test_disk_that_fails_for_a_while_loses_no_click(links: Links, switch: Path) -> None:
    """Not though closing the file fails as well: what was held is written afterwards."""
    with links.stack.serving("tracker"):
        clicked = [links.click() for _ in range(3)]
        switch.touch()
        clicked += [links.click() for _ in range(4)]
        links.stack.wait_for_log("spool_write_failed")
        switch.unlink()
        clicked += [links.click() for _ in range(5)]
        links.stack.wait_for_log("spool_recovered")
        until(lambda: sorted(links.counted()) == sorted(clicked))


def rename_and_replace(spool: Path) -> None:
    """Move the folder away, and make an empty one."""
    spool.rename(spool.with_name("moved"))
    spool.mkdir(mode=0o700)


@pytest.mark.parametrize(
    "take_away",
    [lambda spool: spool.rename(spool.with_name("moved")), rename_and_replace, shutil.rmtree],
    ids=["renamed", "replaced", "deleted"],
)
def test_spool_that_is_taken_away_loses_no_click(
    links: Links, take_away: Callable[[Path], object]
) -> None:
    """It is told at once, and what was answered is counted, once, whoever reads the spool."""
    with links.stack.serving("tracker") as tracker:
        clicked = [links.click() for _ in range(5)]
        links.stack.wait_for_log("ingester_started")
        take_away(spool_of(links))
        links.stack.wait_for_log("spool_moved", within_s=5)
        clicked += [links.click() for _ in range(5)]
        tracker.kill()
        tracker.wait()
    assert sorted(links.counted()) == sorted(clicked)
    assert not list(spool_of(links).glob("quarantine/*"))


def test_clicks_go_on_while_the_spool_is_renamed_again_and_again(links: Links) -> None:
    """A hundred of them, each where it belongs."""
    clicked = []
    with links.stack.serving("tracker"):
        for number in range(100):
            clicked.append(links.click())
            if number % 10 == 5:
                spool_of(links).rename(links.stack.folder / f"moved{number}")
        time.sleep(0.1)
        until(lambda: sorted(links.counted()) == sorted(clicked))
