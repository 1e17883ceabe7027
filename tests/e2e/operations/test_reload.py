"""SIGHUP asks a service for a reload: while it starts, later, and for what it cannot change."""

import http.client
import signal
import smtplib
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import STDOUT, Popen

import pytest

from tests.support.clients.programs import WAYPOST, free_port, stop
from tests.support.stack import Stack
from tests.support.waiting import until

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
        until(lambda: process.poll() is not None or holds_sighup(process.pid))
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


def asked(stack: Stack, password: str | None = None) -> int:
    """Return the status of an answer of the admin listener."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.admin, timeout=60)
    headers = {} if password is None else {"Authorization": f"Bearer {password}"}
    with closing(connection):
        connection.request("GET", "/metrics", headers=headers)
        return connection.getresponse().status


def reload(stack: Stack, process: Popen[bytes], *events: str) -> str:
    """Ask for a reload; return what is logged until each of `events` is."""
    before = len(stack.log.read_text())
    process.send_signal(signal.SIGHUP)
    until(lambda: all(event in stack.log.read_text()[before:] for event in events))
    return stack.log.read_text()[before:]


def test_a_password_is_in_force_with_its_reload(tmp_path: Path) -> None:
    """Added, named anew, and removed: then the listener asks for it until a restart."""
    stack = Stack(folder=tmp_path / "waypost", relay=9).furnish()
    without = stack.config.read_text()
    for name in ("first", "second"):
        (stack.folder / name).write_text(name)
        (stack.folder / name).chmod(0o600)
    with stack.serving() as process:
        stack.wait_for_log("tracker_ready")
        assert asked(stack) == 200
        for name, other in (("first", "second"), ("second", "first")):
            key = f'[tracker]\nadmin_password_file = "{name}"'
            stack.config.write_text(without.replace("[tracker]", key))
            assert "restart_needed" not in reload(stack, process, *RELOADED["serve"])
            assert (asked(stack), asked(stack, other), asked(stack, name)) == (401, 401, 200)
        stack.config.write_text(without)
        said = reload(stack, process, *RELOADED["serve"], "restart_needed")
        assert "keys=['tracker.admin_password_file'] service=tracker" in said
        assert (asked(stack), asked(stack, "second")) == (401, 200)
    with stack.serving():
        until(lambda: stack.log.read_text().count("tracker_ready") == 2)
        assert asked(stack) == 200


def test_what_takes_a_restart_is_in_force_after_one(tmp_path: Path) -> None:
    """Until then it is as it was, and each service says which keys of its own wait."""
    stack = Stack(folder=tmp_path / "waypost", relay=9).furnish()
    text, moved = stack.config.read_text(), free_port()
    with stack.serving() as process:
        stack.wait_for_log("tracker_ready")
        stack.config.write_text(text.replace(str(stack.smtp), str(moved)).replace(".db", "2.db"))
        said = reload(stack, process, *RELOADED["serve"], "service=tracker")
        assert "keys=['proxy.listen', 'store.url'] service=proxy" in said
        assert "keys=['store.url'] service=tracker" in said
        with socket.create_connection(("127.0.0.1", stack.smtp), 5) as client:
            assert client.recv(200).startswith(b"220 ")
        assert not (stack.folder / "waypost2.db").exists()
    stack.smtp = moved
    with stack.serving():
        until((stack.folder / "waypost2.db").exists)


def test_a_reload_reads_the_file_and_keeps_the_environment(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a variable says comes before what the file says, then as at the start."""
    monkeypatch.setenv("WAYPOST_PROXY__MAX_SIZE", "70kB")

    def hello() -> bytes:
        with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
            return client.ehlo()[1]

    with stack.serving("proxy") as process:
        assert b"SIZE 70000" in hello()
        text = stack.config.read_text()
        changed = '[proxy]\nhostname = "new.example.com"\nmax_size = "90kB"\n'
        stack.config.write_text(text.replace("[proxy]\n", changed))
        process.send_signal(signal.SIGHUP)
        stack.wait_for_log("proxy_reloaded")
        assert hello().startswith(b"new.example.com")
        assert b"SIZE 70000" in hello()
