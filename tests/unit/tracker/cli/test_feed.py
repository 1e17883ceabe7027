"""`waypost feed`: what waits is counted, without a tracker."""

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path

from tests.support.clients.programs import WAYPOST, stop, waypost
from tests.support.postgresql import url_of_new_store
from tests.support.waiting import until
from tracker.sql.postgresql import connect
from tracker.store.database import StoreError, reading
from tracker.store.server import unfinished
from tracker.store.server.unfinished import Unfinished


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
            assert manager.recv(1000) == b"STATUS="  # of the reload, which left nothing out
            process.terminate()
            assert manager.recv(1000).startswith(b"STOPPING=1")
            assert process.wait(60) == 0
        finally:
            stop(process)
    assert b"ingester_started" in log.read_bytes()


def test_a_configuration_that_cannot_be_used_is_told(folder: Path) -> None:
    """Exit status 1 and a line for each problem, as of any service."""
    (folder / "waypost.toml").write_text("[store]\nurl = 5\n")
    done = waypost("feed", "-c", folder / "waypost.toml")
    assert done.returncode == 1
    assert b"store.url" in done.stderr


def test_it_does_not_start_where_a_store_is_being_copied(folder: Path) -> None:
    """Nor does a tracker; both say what to do."""
    url = url_of_new_store()
    with contextlib.closing(connect(url)) as db:
        unfinished.begin(db, Unfinished("/srv/w.db", "1:2", "a/"))
    config = folder / "waypost.toml"
    old = f'url = "sqlite:///{folder}/waypost.db"'
    assert old in config.read_text()
    store = f'url = "{url}"\nstate = "{folder}"\nnode = "a"'
    config.write_text(config.read_text().replace(old, store))
    for service in ("feed", "tracker"):
        done = waypost(service, "-c", config)
        assert done.returncode == 1
        assert b"is an unfinished copy of /srv/w.db: run `waypost store copy`" in done.stderr
