"""What feeds the store is a process of its own: killed, it is replaced; its tracker killed, it is gone."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.clients.programs import WAYPOST, running, waypost
from tests.support.readers.links import Links
from tests.support.stack import Stack
from tests.support.waiting import until


def feeders(parent: int) -> list[int]:
    """Return the children of a process that feed a store: those that hold the lock of its ingester."""
    lists = [path.read_text() for path in Path(f"/proc/{parent}/task").glob("*/children")]
    return [int(child) for child in " ".join(lists).split() if holds_lock(int(child))]


def holds_lock(pid: int) -> bool:
    """Return whether a process has the file open that only the ingester keeps open."""
    with contextlib.suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if each.readlink().name == "ingester.lock":
                    return True
    return False


@pytest.fixture(params=["tracker", "serve"])
def command(request: pytest.FixtureRequest) -> str:
    """Return a service that has one."""
    return str(request.param)


def test_a_killed_feeder_is_replaced_and_every_click_is_counted(
    tmp_path: Path, command: str
) -> None:
    """Under load, three times; readers notice nothing."""
    links = Links(Stack(folder=tmp_path / "waypost", relay=9).furnish())
    sent = []
    with links.stack.serving(command) as process:
        for _ in range(3):
            until(lambda: bool(feeders(process.pid)))
            (victim,) = feeders(process.pid)
            sent += [links.click() for _ in range(50)]
            os.kill(victim, signal.SIGKILL)
            sent += [links.click() for _ in range(50)]
            until(lambda: feeders(process.pid) not in ([], [victim]))  # noqa: B023
        until(lambda: len(links.counted()) == len(sent))
    assert sorted(links.counted()) == sorted(sent)
    assert links.stack.log.read_text().count("feeder_lost") == 3


def test_a_feeder_ends_with_the_service_that_was_killed(tmp_path: Path, command: str) -> None:
    """The next one takes over at once, and counts what the first had answered."""
    links = Links(Stack(folder=tmp_path / "waypost", relay=9).furnish())
    with links.stack.serving(command) as process:
        until(lambda: bool(feeders(process.pid)))
        (feeder,) = feeders(process.pid)
        sent = [links.click() for _ in range(50)]
        process.kill()
        process.wait()
        until(lambda: not holds_lock(feeder))
    with links.stack.serving(command):
        sent += [links.click() for _ in range(5)]
        until(lambda: len(links.counted()) == len(sent))
    assert sorted(links.counted()) == sorted(sent)


def test_a_stop_ends_the_feeder_and_a_reload_does_not(tmp_path: Path, command: str) -> None:
    """As systemd stops a service: SIGTERM to each of its processes."""
    links = Links(Stack(folder=tmp_path / "waypost", relay=9).furnish())
    with links.stack.serving(command) as process:
        until(lambda: bool(feeders(process.pid)))
        (feeder,) = feeders(process.pid)
        process.send_signal(signal.SIGHUP)
        links.stack.wait_for_log("tracker_reloaded")
        assert feeders(process.pid) == [feeder]
        for pid in (feeder, process.pid):
            os.kill(pid, signal.SIGTERM)
        assert process.wait(60) == 0
        assert not Path(f"/proc/{feeder}").exists()
    assert "feeder_lost" not in links.stack.log.read_text()


def test_a_feeder_without_a_tracker_counts_for_one_that_comes_and_goes(tmp_path: Path) -> None:
    """Of `waypost feed` and a tracker on one store, whoever is first feeds it, and the other after it."""
    stack = Stack(folder=tmp_path / "waypost", relay=9).furnish()
    links = Links(stack)
    sent = []
    with stack.serving("tracker"):
        sent += [links.click() for _ in range(5)]
        with running([WAYPOST, "feed", "-c", stack.config], stack.http, stack.folder / "feed.log"):
            sent += [links.click() for _ in range(5)]
            until(lambda: len(links.counted()) == 10)
    begun_s = time.monotonic()
    assert waypost("report", "-c", stack.config).returncode == 0
    assert time.monotonic() - begun_s < 30
    assert sorted(links.counted()) == sorted(sent)
