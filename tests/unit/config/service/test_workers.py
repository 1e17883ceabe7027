"""Workers and their parent: as processes of their own, since they fork."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.repository import ROOT
from tests.support.waiting import until

PARENT = """
import os, signal, socket, sys, time
from pathlib import Path
from config.service import workers

folder = Path(sys.argv[1])
workers.RESTART_PAUSE_S = 0.01
own = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
common = socket.create_server(("127.0.0.1", 0))
shares = [[each, common] for each in own]

def tell(*words):
    with (folder / "told").open("a") as file:
        file.write(" ".join(map(str, words)) + "\\n")

def work(index, on_ready):
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    signal.signal(signal.SIGHUP, lambda *_: tell("hangup", index))
    held = [each.fileno() >= 0 for each in (own[index], own[1 - index], common)]
    tell("begun", index, os.getpid(), *held)
    if (folder / "broken").exists():
        raise RuntimeError("a fault")
    while (folder / f"hold {index}").exists():
        time.sleep(0.01)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])
    on_ready()
    while not stopping:
        time.sleep(0.01)
    tell("ended", index)

tell("ports", *(each.getsockname()[1] for each in (*own, common)))
sys.exit(
    workers.Workers(
        shares,
        work,
        lambda: tell("hangup parent"),
        lambda index: tell("lost", index, os.getpid()),
        lambda **facts: print("worker_lost", facts, file=sys.stderr, flush=True),
    ).run()
)
"""


@dataclass
class Parent:
    """The parent process, and what it and its workers have told."""

    process: subprocess.Popen[bytes]
    folder: Path

    def told(self, word: str) -> list[list[str]]:
        """Return what was told under this word, so far."""
        file = self.folder / "told"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line.split()[1:] for line in lines if line.split()[0] == word]

    def workers(self) -> list[int]:
        """Return the process of each worker that has begun, in this order."""
        return [int(pid) for _, pid, *_ in self.told("begun")]

    def stop(self) -> int:
        """Have it end; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Be the service manager; return the socket that notifications arrive at."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(0)
        yield listening


@contextmanager
def started(folder: Path) -> Iterator[Parent]:
    """Start a parent with two workers; it is gone when the block ends."""
    told_systemd = {"NOTIFY_SOCKET": str(folder / "notify"), "PYTHONPATH": str(ROOT)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", PARENT, folder], env={**os.environ, **told_systemd}, stderr=log
        )
    parent = Parent(process, folder)
    try:
        until(lambda: len(parent.workers()) == 2)
        yield parent
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def parent(tmp_path: Path, manager: socket.socket) -> Iterator[Parent]:
    """Start two workers."""
    with started(tmp_path) as parent:
        yield parent


def heard(manager: socket.socket) -> list[str]:
    """Return what the service manager was told since it last asked."""
    found: list[str] = []
    while True:
        try:
            found += manager.recv(4096).decode().split("\n")[:1]
        except BlockingIOError:
            return found


def test_each_worker_holds_its_own_sockets_and_those_in_common(parent: Parent) -> None:
    """A socket of another would take connections that nobody serves."""
    assert sorted([index, *held] for index, _, *held in parent.told("begun")) == [
        ["0", "True", "False", "True"],
        ["1", "True", "False", "True"],
    ]
    assert parent.stop() == 0


def test_a_stop_ends_all_and_listens_no_more(parent: Parent) -> None:
    """Each worker finishes its work first."""
    ports = [int(port) for (ports) in parent.told("ports") for port in ports]
    assert parent.stop() == 0
    assert sorted(parent.told("ended")) == [["0"], ["1"]]
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)


def test_a_worker_that_was_killed_is_replaced(parent: Parent) -> None:
    """By one with the same sockets; the log says what it ended with."""
    (index, victim, *_), _ = parent.told("begun")
    os.kill(int(victim), signal.SIGKILL)
    until(lambda: len(parent.workers()) == 3)
    assert parent.told("begun")[2][0] == index
    assert "worker_lost" in (parent.folder / "log").read_text()
    assert parent.stop() == 0


def test_a_worker_that_fails_says_why_and_is_replaced(parent: Parent) -> None:
    """Nobody else could tell."""
    (parent.folder / "broken").touch()
    os.kill(parent.workers()[0], signal.SIGKILL)
    until(lambda: len(parent.workers()) >= 4)
    (parent.folder / "broken").unlink()
    assert "RuntimeError('a fault')" in (parent.folder / "log").read_text()
    assert parent.stop() == 0


def test_a_hangup_reaches_the_parent_before_its_workers(
    parent: Parent, manager: socket.socket
) -> None:
    """A worker that starts meanwhile begins with what the parent has read."""
    until(lambda: "READY=1" in heard(manager))
    parent.process.send_signal(signal.SIGHUP)
    until(lambda: len(parent.told("hangup")) == 3)
    assert parent.told("hangup")[0] == ["parent"]
    assert sorted(parent.told("hangup")[1:]) == [["0"], ["1"]]
    assert parent.stop() == 0


def test_a_hangup_that_comes_too_early_waits(tmp_path: Path, parent: Parent) -> None:
    """It would end a worker that cannot take it yet."""
    (tmp_path / "hold 0").touch()
    (first,) = [int(pid) for index, pid, *_ in parent.told("begun") if index == "0"]
    os.kill(first, signal.SIGKILL)
    until(lambda: len(parent.workers()) == 3)
    parent.process.send_signal(signal.SIGHUP)
    until(lambda: ["1"] in parent.told("hangup"))
    assert ["0"] not in parent.told("hangup")
    (tmp_path / "hold 0").unlink()
    until(lambda: ["0"] in parent.told("hangup"))
    assert len(parent.workers()) == 3
    assert parent.stop() == 0


def test_systemd_hears_that_all_are_ready(tmp_path: Path, manager: socket.socket) -> None:
    """Not while one of them is still at it; and when they begin to stop."""
    (tmp_path / "hold 1").touch()
    with started(tmp_path) as parent:
        assert heard(manager) == []
        (tmp_path / "hold 1").unlink()
        until(lambda: heard(manager) == ["READY=1"])
        assert parent.stop() == 0
        assert heard(manager) == ["STOPPING=1"]


def test_the_parent_hears_which_worker_was_lost(parent: Parent) -> None:
    """In its own process, before another takes the place."""
    (killed, _) = parent.workers()
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(parent.workers()) == 3)
    ((index, pid),) = parent.told("lost")
    first = next(index for index, pid, *_ in parent.told("begun") if int(pid) == killed)
    assert (index, int(pid)) == (first, parent.process.pid)
