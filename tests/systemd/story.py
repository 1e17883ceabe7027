"""What `make systemd` tries, on the inside: install, mail, click, reload, restart, kill, stop.

Runs as root beside the units, with the machine's own Python and no dependency.
"""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from by_hand import LINK, arrives, message, send

CONFIG = Path("/etc/waypost/waypost.toml")
INBOX = Path("/tmp/inbox")
UNITS = ("waypost-tracker", "waypost-proxy")
FEEDER = "waypost-feeder"


def run(*command: str) -> str:
    """Run a command; what it says on standard output. Raises CalledProcessError."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def told(what: str) -> None:
    """Print that a step is done."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def configure() -> subprocess.Popen[bytes]:
    """Configure where the relay is, as the README asks for, and run one."""
    text = CONFIG.read_text().replace("\nport = 25\n", '\nport = 2526\ntls = "none"\n')
    text = re.sub(r"(?m)^base_url = .*", 'base_url = "http://127.0.0.1:8080"', text)
    CONFIG.write_text(text)
    INBOX.mkdir(mode=0o777)
    INBOX.chmod(0o777)
    run("/opt/waypost/bin/waypost", "check")
    sink = ["smtp-sink", "-u", "nobody", "-R", str(INBOX), "-d", "%M", "127.0.0.1:2526", "100"]
    return subprocess.Popen(sink)


def start() -> None:
    """Start as the README says."""
    run("systemctl", "daemon-reload")
    sockets = [f"{unit}.socket" for unit in UNITS]
    run("systemctl", "enable", "--now", *sockets, *UNITS)
    for unit in UNITS:
        assert run("systemctl", "is-active", unit) == "active", unit
    told("both services are active, with keys from credentials and sockets from systemd")


def mail_and_click() -> None:
    """Have a small and a large message tracked, and follow their links."""
    for size_octets in (1_000, 2_000_000):
        send(message(size_octets))
    found = [LINK.search(each.read_bytes()) for each in INBOX.iterdir()]
    assert len(found) == 2
    for link in found:
        assert link is not None
        assert arrives(link[0].decode()) == "https://example.com/sale"
    told("a small and a large message are tracked, their links lead where they were written to")


class Load:
    """Programs that do the same again and again."""

    def __init__(self, action: Callable[[], object], programs: int) -> None:
        self.done = 0
        self.failed: list[Exception] = []
        self._action = action
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(programs)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._action()
            except Exception as error:  # noqa: BLE001 - told, and a failure, whatever it is
                with self._lock:
                    self.failed.append(error)
            else:
                with self._lock:
                    self.done += 1


def reload() -> None:
    """Be told of a reload that is refused, and of one that leaves something out; nothing stops."""
    good = CONFIG.read_text()
    CONFIG.write_text(good.replace("[proxy]", '[proxy]\nmax_size = "large"', 1))
    for unit in UNITS:
        refused = subprocess.run(["systemctl", "reload", unit], check=False, capture_output=True)
        assert refused.returncode != 0, unit
        assert run("systemctl", "is-active", unit) == "active", unit
    assert "max_size" in journal("waypost-proxy")
    CONFIG.write_text(good.replace("[proxy]", "[proxy]\nworkers = 2", 1))
    run("systemctl", "reload", *UNITS)
    for _ in range(50):
        status = run("systemctl", "show", "-p", "StatusText", "--value", "waypost-proxy")
        if "proxy.workers" in status:
            break
        time.sleep(0.1)
    else:
        raise AssertionError(f"the status does not say what takes a restart, but {status!r}")
    CONFIG.write_text(good)
    run("systemctl", "reload", *UNITS)
    send(message(500))
    told(f"a mistake is told to who reloads; what takes a restart is in the status: {status}")


def restart_under_load() -> None:
    """Restart amid mail and clicks: nobody notices, and nothing is lost."""
    before = len(list(INBOX.iterdir()))
    link = LINK.search(next(INBOX.iterdir()).read_bytes())
    assert link is not None
    url = link[0].decode()
    with Load(lambda: send(message(500)), 8) as mail, Load(lambda: arrives(url), 2) as clicks:
        time.sleep(1)
        run("systemctl", "reload", *UNITS)
        for _ in range(5):
            time.sleep(1)
            run("systemctl", "restart", *UNITS)
        time.sleep(1)
    kept = len(list(INBOX.iterdir())) - before
    told(
        f"a reload and 5 restarts under load: {mail.done} messages acknowledged, {kept} at the "
        f"relay; {clicks.done} readers arrived; failed: {[*mail.failed, *clicks.failed][:5]}"
    )
    assert not mail.failed
    assert not clicks.failed
    assert kept == mail.done > 100
    assert clicks.done > 100


def wait_until_active(unit: str) -> None:
    """Wait for a service that is being started again."""
    command = ["systemctl", "is-active", unit]
    wait_until(
        lambda: subprocess.run(command, check=False, capture_output=True).stdout == b"active\n",
        f"{unit} is started again",
    )


def killed() -> None:
    """Kill both, and find them started again."""
    for unit in UNITS:
        run("kill", "-KILL", run("systemctl", "show", "-p", "MainPID", "--value", unit))
        wait_until_active(unit)
    send(message(1_000))
    told("killed services are started again")


def feeder_alone() -> None:
    """Count without a tracker, beside which the unit for that only stands by."""
    run("systemctl", "start", FEEDER)
    assert run("systemctl", "is-active", FEEDER) == "active"
    assert "ingester_started" not in journal(FEEDER)
    run("systemctl", "reload", FEEDER)
    before = messages()
    run("systemctl", "stop", "waypost-tracker.socket", "waypost-tracker")
    wait_until(lambda: "ingester_started" in journal(FEEDER), "the feeder takes over")
    send(message(500))
    wait_until(lambda: messages() == before + 1, "a message is counted")
    run("systemctl", "stop", FEEDER)
    assert run("systemctl", "show", "-p", "Result", "--value", FEEDER) == "success"
    run("systemctl", "start", "waypost-tracker.socket", "waypost-tracker")
    told("without a tracker, waypost-feeder counts; beside one it stands by")


def journal(*units: str) -> str:
    """Return what units logged."""
    return run("journalctl", "--no-pager", "-o", "cat", *(f"-u{unit}" for unit in units))


def messages() -> int:
    """Return how many messages are counted."""
    report = json.loads(run("/opt/waypost/bin/waypost", "report", "--json"))
    return int(report["totals"]["messages"])


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait for what a service does."""
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(f"not in time: {what}")


def stop() -> None:
    """They end in time, and in peace."""
    for unit in UNITS:
        run("systemctl", "stop", f"{unit}.socket", unit)
        assert run("systemctl", "show", "-p", "Result", "--value", unit) == "success"
    told("both stop in peace")


def main() -> None:
    """Do all of it; the last line says whether all is well."""
    relay = configure()
    try:
        steps = (start, mail_and_click, reload, restart_under_load, killed, feeder_alone, stop)
        for step in steps:
            step()
    except BaseException:
        told(journal(*UNITS, FEEDER)[-8000:])
        raise
    finally:
        relay.kill()
    told("all is well")


if __name__ == "__main__":
    main()
