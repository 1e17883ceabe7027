"""A spool on a disk that fails, or that somebody moves about: `waypost tracker` and real clicks."""

import contextlib
import json
import os
import shutil
import sqlite3
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.clients.programs import WAYPOST, need, waypost
from tests.support.clients.programs import running as running_program
from tests.support.readers.links import Links
from tests.support.stack import Stack
from tests.support.waiting import until

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
    assert sorted(links.counted()) == sorted(clicked)  # once, whatever was written twice
    assert not list(spool_of(links).glob("quarantine/*"))


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
        links.stack.wait_for_log("spool_moved")
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
        until(lambda: sorted(links.counted()) == sorted(clicked))
    assert len(list(links.stack.folder.glob("moved*"))) == 10
    assert sorted(links.counted()) == sorted(clicked)
    assert not list(spool_of(links).glob("quarantine/*"))


def test_folder_that_is_called_as_a_segment_stops_nothing(links: Links) -> None:
    """All clicks are counted; log, metric and reports name it until it is gone."""
    stack, name = links.stack, "proxy-0000000001-10-00000000000000aa.log"
    with stack.serving("tracker"):
        clicked = [links.click() for _ in range(5)]
        (spool_of(links) / name).mkdir()
        stack.wait_for_log("segment_unreadable")
        clicked += [links.click() for _ in range(5)]
        until(lambda: sorted(links.counted()) == sorted(clicked))
        said = f"Not counted yet: 0 octets of the spool ({name} cannot be read: Is a directory)"
        assert report(stack) == (10, said, said)
        until(lambda: 'waypost_spool_unreadable_segments{process="feed"} 1.0' in metrics(stack))
        (spool_of(links) / name).rmdir()
        until(lambda: report(stack) == (10, "", None))
        until(lambda: 'waypost_spool_unreadable_segments{process="feed"} 0.0' in metrics(stack))


def test_segment_without_permission_is_counted_once_it_is_given_back(links: Links) -> None:
    """Other segments go on meanwhile, and reports say why this one does not."""
    stack = links.stack
    command: list[str | Path] = [WAYPOST, "tracker", "-c", stack.config]
    if os.geteuid() == 0:  # root may read everything, unless it gives that right up
        command = [need("setpriv"), "--bounding-set=-dac_override,-dac_read_search", *command]
    with running_program(command, stack.http, stack.log):
        clicked = [links.click() for _ in range(5)]
        until(lambda: sorted(links.counted()) == sorted(clicked))
        (segment,) = spool_of(links).glob("tracker-*.log")
        with segment.open("rb") as opened_before:
            segment.chmod(0o000)
            clicked += [links.click() for _ in range(5)]
            stack.wait_for_log("segment_unreadable")
            copied = spool_of(links) / "tracker-0000000001-10-00000000000000aa.log"
            copied.write_bytes(opened_before.read())
        until(lambda: len(list(spool_of(links).glob("*.log"))) == 1)
        counted, said, in_header = report(stack)
        assert counted == 10
        assert said == in_header
        assert f"{segment.name} cannot be read: Permission denied" in said
        clicked.append(links.click())
        assert report(stack)[0] == 10
        segment.chmod(0o600)
        stack.wait_for_log("segment_read_again")
        until(lambda: sorted(links.counted()) == sorted(clicked))
        assert report(stack) == (11, "", None)


def test_segments_that_were_moved_away_uncounted_are_told_until_they_are_back(
    links: Links,
) -> None:
    """What a dead process had written waits for a locked database, and its folder is renamed."""
    stack, moved = links.stack, links.stack.folder / "moved"
    with stack.serving("tracker"):
        clicked = [links.click() for _ in range(5)]
    assert sorted(links.counted()) == sorted(clicked)
    with contextlib.closing(sqlite3.connect(stack.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with stack.serving("tracker") as tracker:
            clicked += [links.click() for _ in range(5)]
            tracker.kill()
            tracker.wait()
        (left,) = spool_of(links).glob("tracker-*.log")
        size = left.stat().st_size
        with stack.serving("tracker"):
            clicked += [links.click() for _ in range(5)]
            stack.wait_for_log("cause=locked")
            spool_of(links).rename(moved)
            stack.wait_for_log("spool_moved")
            stack.wait_for_log("segment_vanished")
            other.rollback()
            until(lambda: len(links.counted()) == 10)
            counted, said, in_header = report(stack)
            assert (counted, said) == (10, in_header)
            assert f"{size} octets that vanished from the spool before they were counted" in said
            for segment in moved.glob("*.log"):
                segment.replace(spool_of(links) / segment.name)
            until(lambda: sorted(links.counted()) == sorted(clicked))
            until(lambda: report(stack) == (15, "", None))


def report(stack: Stack) -> tuple[int, str, str | None]:
    """Return all clicks that are counted, and what command and API say is not."""
    done = waypost("report", "-c", stack.config, "--json")
    assert done.returncode == 0, done.stderr.decode()
    url = f"http://127.0.0.1:{stack.admin}/api/v1/report"
    with urllib.request.urlopen(url, timeout=60) as answer:
        assert json.load(answer) == json.loads(done.stdout)
        header = answer.headers["waypost-not-counted"]
    return json.loads(done.stdout)["totals"]["clicks"]["all"], done.stderr.decode().strip(), header


def metrics(stack: Stack) -> list[str]:
    """Return the lines of the tracker's page."""
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.admin}/metrics", timeout=60) as answer:
        return str(answer.read().decode()).splitlines()
