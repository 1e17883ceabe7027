"""Servers that a benchmark runs: started and stopped, and what a whole family of processes costs.

Owns: start and stop of a program, CPU time and memory of processes with all their descendants.
Does not own: which programs (`support/waypost.py`, `rivals/`).
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.support import ROOT
from tests.support.clients.programs import free_port

__all__ = [
    "cpu_s",
    "free_port",
    "memory_mb",
    "program",
    "rested",
    "stop_all_at_sigterm",
    "wait_for",
]

REST_S = 1.25
"""Longer than any service leaves alone what it has yet to do."""
IDLE_SHARE = 0.02
PATIENCE_S = 30.0
PAGE_OCTETS = os.sysconf("SC_PAGE_SIZE")
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def stop_all_at_sigterm() -> None:
    """Let SIGTERM end this process as Ctrl-C does: what it started is stopped first."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


@contextmanager
def program(
    arguments: Sequence[str | Path], port: int, log: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server of this checkout until the block ends; yield it once it listens on `port`."""
    with (log or Path(os.devnull)).open("ab") as output:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
    try:
        wait_for(port, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody listens on `port` of the loopback."""
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nobody listens on port {port}: {process.args!r}")


def family(pids: Iterable[int]) -> Iterator[int]:
    """Yield these processes and all of their descendants that live."""
    for pid in pids:
        yield pid
        with suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                yield from family(map(int, (task / "children").read_text().split()))


def cpu_s(pids: Iterable[int]) -> float:
    """Return the CPU seconds that processes, their descendants, and those that ended, have used."""
    ticks = 0
    for pid in family(pids):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks * TICK_S


def memory_mb(pids: Iterable[int]) -> float:
    """Add up the resident memory of processes and descendants, and of files in memory they hold."""
    octets = 0
    held: dict[int, int] = {}
    for pid in family(pids):
        with suppress(OSError):
            octets += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_OCTETS
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                if str(descriptor.readlink()).startswith("/memfd:"):
                    status = descriptor.stat()
                    held[status.st_ino] = status.st_blocks * 512
    return (octets + sum(held.values())) / 2**20


def rested(pids: Sequence[int]) -> float:
    """Wait until processes have done what was left to do; return their CPU seconds by then."""
    deadline_s = time.monotonic() + PATIENCE_S
    before_s = cpu_s(pids)
    while time.monotonic() < deadline_s:
        time.sleep(REST_S)
        now_s = cpu_s(pids)
        if now_s - before_s <= REST_S * IDLE_SHARE:
            return now_s
        before_s = now_s
    raise SystemExit(f"processes {pids} are still busy after {PATIENCE_S:g} s")
