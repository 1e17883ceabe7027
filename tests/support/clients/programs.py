"""Run real programs for a test: free ports, waiting until they listen, stopping only our own."""

import contextlib
import itertools
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.waiting import WITHIN_S

WAYPOST = Path(sys.executable).with_name("waypost")


def _unasked_ports() -> Iterator[int]:
    """Return ports that the system hands to no connection going out, each as late again as can be."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = list(range(min(11_000, first // 2), first))
    random.shuffle(ports)  # other runs on this machine look for ports at the same time
    return itertools.cycle(ports)


_ports = _unasked_ports()


def free_port() -> int:
    """Return a port of the loopback that nobody has now, nor gets unless asking for it by number."""
    while True:
        port = next(_ports)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def need(program: str, package: str | None = None) -> str:
    """Return the path of a program, or skip the test, saying which package has it."""
    path = shutil.which(program, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"{program} is not installed (Debian: {package or program})")
    return path


def wait_until_listening(
    port: int, process: subprocess.Popen[bytes], within_s: float = WITHIN_S
) -> None:
    """Wait until somebody accepts on `port`; fail at once if `process` has ended."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"{process.args!r} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    pytest.fail(f"{process.args!r} does not listen on port {port} within {within_s} s")


@contextlib.contextmanager
def running(
    arguments: Sequence[str | Path], port: int, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; what it prints goes to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until_listening(port, process)
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes], patience_s: float = WITHIN_S) -> int:
    """End a process as systemd would: SIGTERM, then SIGKILL; return its exit status."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def waypost(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run one `waypost` command to its end."""
    return subprocess.run([WAYPOST, *arguments], capture_output=True, check=False, timeout=180)
