"""`waypost feed`: what waits is counted, without a tracker."""

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path

from tests.support.clients.programs import WAYPOST, stop, until, waypost
from tracker.store.database import StoreError, reading


def clicks(folder: Path) -> int:
    """Return how many clicks the store has."""
    with contextlib.suppress(StoreError), reading(folder / "waypost.db") as db:
        return db["clicks"].count
    return 0


def test_it_feeds_the_store_until_sigterm(filled: Path) -> None:
    """Systemd hears when it is at work and when it begins to stop; SIGHUP does not end it."""
    address, log = filled / "notify", filled / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, log.open("wb") as output:
        manager.bind(str(address))
        manager.settimeout(30)
        process = subprocess.Popen(
            [WAYPOST, "feed", "-c", filled / "waypost.toml"],
            env=os.environ | {"NOTIFY_SOCKET": str(address)},
            stdout=output,
            stderr=output,
        )
        try:
            assert manager.recv(1000).startswith(b"READY=1")
            until(lambda: clicks(filled) == 4)
            process.send_signal(signal.SIGHUP)
            until(lambda: b"feeder_reloaded" in log.read_bytes())
            process.terminate()
            assert manager.recv(1000).startswith(b"STOPPING=1")
            assert process.wait(30) == 0
        finally:
            stop(process)
    assert b"ingester_started" in log.read_bytes()


def test_a_configuration_that_cannot_be_used_is_told(folder: Path) -> None:
    """Exit status 1 and a line for each problem, as of any service."""
    (folder / "waypost.toml").write_text("[store]\nurl = 5\n")
    done = waypost("feed", "-c", folder / "waypost.toml")
    assert done.returncode == 1
    assert b"store.url" in done.stderr
