"""SIGHUP asks a service for a reload: while it starts, later, and for what it cannot change."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import STDOUT, Popen

import pytest

from tests.support.clients.programs import WAYPOST, stop, until
from tests.support.stack import Stack

RELOADED = {
    "proxy": ["proxy_reloaded"],
    "tracker": ["tracker_reloaded"],
    "serve": ["proxy_reloaded", "tracker_reloaded"],
}


@contextmanager
def starting(stack: Stack, command: str) -> Iterator[Popen[bytes]]:
    """Start a service, and do not wait for it."""
    with stack.log.open("ab") as log:
        process = Popen([WAYPOST, command, "-c", stack.config], stdout=log, stderr=STDOUT)
    try:
        yield process
    finally:
        stop(process)


def holds_sighup(pid: int) -> bool:
    """Return whether a process has SIGHUP wait (proc(5): the mask of blocked signals)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (mask,) = (int(line.split()[1], 16) for line in lines if line.startswith("SigBlk:"))
    return bool(mask & 1 << (signal.SIGHUP - 1))


@pytest.mark.parametrize(
    ("command", "proxy"), [("proxy", ""), ("proxy", "workers = 2"), ("tracker", ""), ("serve", "")]
)
def test_a_service_that_is_asked_while_it_starts_comes_up(
    tmp_path: Path, command: str, proxy: str
) -> None:
    """It reads its configuration anew then, and again whenever it is asked later."""
    stack = Stack(folder=tmp_path / "waypost", relay=9).furnish(proxy=proxy)
    with starting(stack, command) as process:
        until(lambda: process.poll() is not None or holds_sighup(process.pid), within_s=10)
        for _ in range(5):
            process.send_signal(signal.SIGHUP)
        stack.wait_for_log(*RELOADED[command])
        before = [stack.log.read_text().count(event) for event in RELOADED[command]]
        process.send_signal(signal.SIGHUP)
        until(
            lambda: all(
                stack.log.read_text().count(event) > count
                for event, count in zip(RELOADED[command], before, strict=True)
            )
        )
        assert stop(process) == 0
