"""`waypost tracker`: up until it is told to stop; a clear word where it cannot come up."""

import contextlib
import os
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.clients.programs import WAYPOST, free_port, running, stop
from tracker.cli.serve import tracker


@pytest.fixture
def ports(folder: Path) -> tuple[int, int]:
    """Have two listeners in the configuration; return their ports."""
    public, admin = free_port(), free_port()
    with (folder / "waypost.toml").open("a") as file:
        file.write(
            f'[tracker]\nlisten = ["127.0.0.1:{public}"]\nadmin_listen = ["127.0.0.1:{admin}"]\n'
        )
    return public, admin


@contextlib.contextmanager
def taken(*ports: int) -> Iterator[None]:
    """Listen on ports, as another program would."""
    with contextlib.ExitStack() as held:
        for port in ports:
            held.enter_context(socket.create_server(("127.0.0.1", port)))
        yield


def test_every_problem_has_its_line(folder: Path, ports: tuple[int, int]) -> None:
    """Exit status 1; whoever mends one need not start anew to hear of the next."""
    with taken(*ports):
        done = CliRunner().invoke(tracker, ["-c", str(folder / "waypost.toml")])
    assert done.exit_code == 1
    assert sorted(done.stderr.removeprefix("Error: ").splitlines()) == sorted(
        f"cannot listen on 127.0.0.1:{port}: another program has it" for port in ports
    )


def test_it_serves_until_sigterm(folder: Path, ports: tuple[int, int]) -> None:
    """Both listeners; the exit status of an ordinary end is 0."""
    command = [WAYPOST, "tracker", "-c", folder / "waypost.toml"]
    with running(command, ports[0], folder / "log") as process:
        for port in ports:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60) as answer:
                assert answer.read() == b"ok\n"
        assert stop(process) == 0


def test_systemd_hears_when_it_is_ready(folder: Path, ports: tuple[int, int]) -> None:
    """Not before readers are served; and when it begins to stop."""
    address = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(30)
        process = subprocess.Popen(
            [WAYPOST, "tracker", "-c", folder / "waypost.toml"],
            env=os.environ | {"NOTIFY_SOCKET": str(address)},
            stderr=subprocess.DEVNULL,
        )
        try:
            assert manager.recv(1000).startswith(b"READY=1")
            socket.create_connection(("127.0.0.1", ports[0]), 10).close()
            process.terminate()
            assert manager.recv(1000).startswith(b"STOPPING=1")
            assert process.wait(60) == 0  # a second signal would end it in its last moments
        finally:
            stop(process)
