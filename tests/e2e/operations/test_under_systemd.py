"""Services as systemd runs them: told when they are ready, keys as credentials, sockets handed over.

The test is the service manager: it holds the listening sockets and the notification socket.
"""

import contextlib
import http.client
import os
import shutil
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid

import pytest

from config.service import systemd
from tests.support.clients.programs import WAYPOST
from tests.support.stack import Mailbox, Stack

LAUNCH = """\
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


class Unit:
    """A service with a socket of its own, which outlives each of its processes."""

    def __init__(self, stack: Stack, service: str, port: int, name: str) -> None:
        self._stack = stack
        self._service = service
        self._name = name
        self._listening = socket.create_server(("127.0.0.1", port), backlog=1024)
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._address = str(stack.folder / f"{service}.notify")
        self._notified.bind(self._address)
        self._notified.settimeout(30)
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        """Start a process, and wait until it says that it is ready."""
        descriptor = self._listening.fileno()
        command = [sys.executable, "-c", LAUNCH, str(descriptor), str(WAYPOST), self._service]
        environ = {
            **os.environ,
            "NOTIFY_SOCKET": self._address,
            "LISTEN_FDS": "1",
            "LISTEN_FDNAMES": self._name,
            "CREDENTIALS_DIRECTORY": str(self._stack.folder / "credentials"),
        }
        with self._stack.log.open("ab") as log:
            process = subprocess.Popen(
                [*command, "-c", str(self._stack.config)],
                env=environ,
                pass_fds=[descriptor],
                stdout=log,
                stderr=log,
            )
        self._processes.append(process)
        self.wait_for("READY=1")
        return process

    def wait_for(self, state: str) -> None:
        """Wait until the process tells `state`."""
        while state not in self._notified.recv(4096).decode().split("\n"):
            pass

    def close(self) -> None:
        """Return up both sockets, and what still runs."""
        for process in self._processes:
            process.kill()
            process.wait()
        self._listening.close()
        self._notified.close()


@pytest.fixture
def sealed(stack: Stack) -> Stack:
    """Move the keys where only credentials lead, as `LoadCredential=waypost:` does."""
    passed = stack.folder / "credentials"
    passed.mkdir()
    for name in ("token.keys", "dkim.pem"):
        shutil.move(stack.folder / name, passed / f"waypost_{name}")
    return stack


@pytest.fixture
def tracker(sealed: Stack) -> Iterator[Unit]:
    """Hold the tracker's socket."""
    unit = Unit(sealed, "tracker", sealed.http, systemd.TRACKER)
    yield unit
    unit.close()


@pytest.fixture
def proxy(sealed: Stack) -> Iterator[Unit]:
    """Hold the proxy's socket."""
    unit = Unit(sealed, "proxy", sealed.smtp, systemd.PROXY)
    yield unit
    unit.close()


@contextlib.contextmanager
def repeating(action: Callable[[], None]) -> Iterator[list[Exception | None]]:
    """Do `action` again and again in a thread; gives what each time led to, None for success."""
    outcomes: list[Exception | None] = []
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(0.01):
            try:
                action()
            except (OSError, http.client.HTTPException, smtplib.SMTPException) as error:
                outcomes.append(error)
            else:
                outcomes.append(None)

    thread = threading.Thread(target=repeat)
    thread.start()
    yield outcomes
    over.set()
    thread.join(60)


def restart(unit: Unit, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """Stop and start, as `systemctl restart` does; a stop is announced, so that it may take time."""
    time.sleep(0.5)
    process.terminate()
    unit.wait_for("STOPPING=1")
    assert process.wait(60) == 0
    successor = unit.start()
    time.sleep(0.5)
    return successor


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that must end well."""
    process.terminate()
    assert process.wait(60) == 0


def request(port: int) -> None:
    """Ask the tracker for something that is always there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", "/robots.txt")
        assert connection.getresponse().status == 200


def send(port: int, subject: str) -> None:
    """Hand in a message with a link."""
    message = EmailMessage()
    message["From"], message["To"] = "shop@example.com", "reader@example.net"
    message["Subject"], message["Date"] = subject, format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain="example.com")
    message.set_content("Hello")
    message.add_alternative('<a href="https://www.example.org/">Hello</a>', subtype="html")
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.send_message(message)


def test_a_restart_of_the_tracker_refuses_no_reader(tracker: Unit, sealed: Stack) -> None:
    """Requests wait in the socket that systemd holds."""
    process = tracker.start()
    with repeating(lambda: request(sealed.http)) as outcomes:
        process = restart(tracker, process)
    stop(process)
    assert len(outcomes) > 10
    assert [error for error in outcomes if error is not None] == []


@pytest.mark.parametrize("workers", [1, 2])
def test_a_restart_of_the_proxy_refuses_no_mail(
    workers: int, proxy: Unit, sealed: Stack, mailbox: Mailbox
) -> None:
    """Every message is delivered once, its link tracked and its signature made from credentials.

    Only who is silent for a second, as on a busy machine, is sent away for now (421); nobody is cut
    off.
    """
    before, table, after = sealed.config.read_text().partition("[proxy]\n")
    assert table
    sealed.config.write_text(f"{before}{table}workers = {workers}\n{after}")
    process = proxy.start()
    with repeating(lambda: send(sealed.smtp, "Hello")) as outcomes:
        process = restart(proxy, process)
    stop(process)
    sent_away = [error for error in outcomes if error is not None]
    assert [error for error in sent_away if getattr(error, "smtp_code", None) != 421] == []
    assert len(outcomes) > len(sent_away) + 5
    contents = [bytes(envelope.content or b"") for envelope in mailbox.received]
    assert len(contents) == len(outcomes) - len(sent_away)
    assert all(b"/c/" in content and b"DKIM-Signature:" in content for content in contents)
