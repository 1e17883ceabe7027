"""Clients who pipeline and never read, drip, stay, or come in crowds: readers and mail go on."""

import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.support.clients.programs import WAYPOST, running, wait_until_listening
from tests.support.mail import html_message
from tests.support.readers.links import Links
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
PATIENCE_S = 15
MESSAGE = html_message('<a href="https://example.net/">there</a>')
TLS = '[tracker]\ntls_cert = "{0}/tls.pem"\ntls_key = "{0}/tls.key"'


@contextlib.contextmanager
def few_descriptors(stack: Stack, command: str, limit: int) -> Iterator[None]:
    """Run a service that may have so many descriptors."""
    bounded = ["/bin/sh", "-c", f'ulimit -n {limit} && exec "$@"', "sh"]
    service = [*bounded, WAYPOST, command, "-c", stack.config]
    with running(service, stack.http, stack.log) as process:
        if command == "serve":
            wait_until_listening(stack.smtp, process)
        yield


def connect(port: int, from_ip: str = "127.0.0.1") -> socket.socket:
    """Connect as a client from one of the addresses of the loopback."""
    return socket.create_connection(("127.0.0.1", port), 10, (from_ip, 0))


def is_closed(client: socket.socket) -> bool:
    """Whether the server has closed a connection on which it owes nothing."""
    client.settimeout(0)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def resident_mb(pid: int) -> float:
    """Return how much memory a process has resident."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


@contextlib.contextmanager
def flooding(port: int, count: int) -> Iterator[None]:
    """Have clients send requests as fast as they are taken, and never read, while the block runs."""
    over = threading.Event()

    def flood() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError), connect(port) as client:
                client.settimeout(0.2)
                while not over.is_set():
                    with contextlib.suppress(TimeoutError):
                        client.send(REQUEST * 1000)

    threads = [threading.Thread(target=flood) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def send(stack: Stack) -> None:
    """Hand in a message; it must be taken."""
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        client.sendmail("a@example.com", ["b@example.org"], MESSAGE)


@pytest.mark.parametrize("count", [1, 20])
def test_clients_who_pipeline_and_never_read_cost_nothing(stack: Stack, count: int) -> None:
    """Not memory, not the others' turn: health is told and mail goes through, all the while."""
    links = Links(stack)
    with stack.serving("serve") as process:
        send(stack)
        before_mb = resident_mb(process.pid)
        with flooding(stack.http, count):
            end_s = time.monotonic() + 4
            while time.monotonic() < end_s:
                assert links.ask("/healthz").body == b"ok\n"
                send(stack)
                links.click()
                assert resident_mb(process.pid) - before_mb < 20


def test_a_head_that_comes_at_once_is_bounded_too(running: Links) -> None:
    """60 KB of it: 400 and no more."""
    with connect(running.stack.http) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 60_000 + b"\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[tuple[Links, ssl.SSLContext]]:
    """Run a tracker that speaks HTTPS; yield it with the context of a client that trusts it."""
    links = Links(Stack(folder=tmp_path / "encrypted", relay=9).furnish())
    folder, config, authority = links.stack.folder, links.stack.config, trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(folder / "tls.pem")
    certificate.private_key_pem.write_to_path(folder / "tls.key")
    (folder / "tls.key").chmod(0o600)
    config.write_text(config.read_text().replace("[tracker]", TLS.format(folder), 1))
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with links.stack.serving("tracker"):
        yield links, trusting


def test_who_owes_something_is_waited_for_and_not_longer(
    running: Links, encrypted: tuple[Links, ssl.SSLContext]
) -> None:
    """A head octet by octet, idle connections, answers that nobody reads; HTTPS as HTTP."""
    links, trusting = encrypted
    plain = {name: connect(running.stack.http) for name in ("silent", "idle", "dripping", "unread")}
    raw = connect(links.stack.http)
    wrapped = {
        name: trusting.wrap_socket(connect(links.stack.http), server_hostname="127.0.0.1")
        for name in ("silent", "idle")
    }
    for client in (plain["idle"], wrapped["idle"]):
        client.sendall(REQUEST)
        assert client.recv(4096).startswith(b"HTTP/1.1 404 ")
    plain["unread"].settimeout(0)
    with contextlib.suppress(BlockingIOError):
        while True:
            plain["unread"].send(REQUEST * 1000)
    drip = iter(REQUEST.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * 1000))
    begun_s, ended_s = time.monotonic(), {}
    watched = {"handshake": raw, **plain, **{f"{name} TLS": each for name, each in wrapped.items()}}
    while len(ended_s) < len(watched) and time.monotonic() < begun_s + 3 * PATIENCE_S:
        with contextlib.suppress(OSError):
            plain["dripping"].send(bytes([next(drip)]))
        for name in watched.keys() - ended_s.keys():
            if _was_dropped(name, watched[name]):
                ended_s[name] = time.monotonic() - begun_s
        time.sleep(0.1)
    for client in watched.values():
        client.close()
    assert ended_s.keys() == watched.keys()
    assert all(each > PATIENCE_S - 2 for each in ended_s.values()), ended_s
    running.click()


def _was_dropped(name: str, client: socket.socket) -> bool:
    if name != "unread":
        with contextlib.suppress(ssl.SSLWantReadError):
            return is_closed(client)
        return False
    try:  # its answers are never read: what shows the end is that nothing can be sent
        client.send(b"x")
    except BlockingIOError:
        return False
    except OSError:
        return True
    return False


@contextlib.contextmanager
def idle(port: int, count: int, ip: Callable[[int], str]) -> Iterator[list[socket.socket]]:
    """Open connections and ask nothing, while the block runs."""
    with contextlib.ExitStack() as opened:
        yield [opened.enter_context(connect(port, ip(number))) for number in range(count)]


def test_a_network_that_idles_keeps_out_nobody(links: Links) -> None:
    """Neither others nor itself: its own oldest connections make room."""
    with (
        few_descriptors(links.stack, "tracker", 1024),
        connect(links.stack.http) as reader,
        idle(links.stack.http, 300, lambda _number: "127.0.0.2") as crowd,
    ):
        until(lambda: sum(map(is_closed, crowd)) >= 200)
        links.click()
        with connect(links.stack.http, "127.0.0.2") as neighbour:
            neighbour.sendall(REQUEST)
            assert neighbour.recv(4096).startswith(b"HTTP/1.1 404 ")
        reader.sendall(REQUEST)
        assert reader.recv(4096).startswith(b"HTTP/1.1 404 ")
        assert not all(map(is_closed, crowd))


def test_smtp_sessions_leave_clicks_their_descriptors(stack: Stack) -> None:
    """More of them than there are descriptors: those above the bound hear so, clicks are kept."""
    links, told = Links(stack), []
    with few_descriptors(stack, "serve", 400), contextlib.ExitStack() as opened:
        for number in range(120):
            client = opened.enter_context(connect(stack.smtp, f"127.0.0.{2 + number // 30}"))
            told.append(client.recv(1000)[:3])
            if told[-1] == b"220":
                client.sendall(b"EHLO a.test\r\n")
                client.recv(1000)
        assert set(told) == {b"220", b"421"}
        destinations = [links.click() for _ in range(5)]
    assert sorted(links.counted()) == sorted(destinations)
    assert "Too many open files" not in stack.log.read_text()


def test_a_crowd_of_many_networks_takes_no_descriptor_of_mail_and_clicks(
    stack: Stack, mailbox: Mailbox
) -> None:
    """More of them come than there are descriptors: clicks are kept and counted, mail goes on."""
    links, sessions = Links(stack), []
    with (
        few_descriptors(stack, "serve", 400),
        idle(stack.http, 600, lambda number: f"127.0.0.{2 + number // 6}") as crowd,
    ):
        for _ in range(30):
            sessions.append(smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60))
            sessions[-1].ehlo()
        destinations = [links.click() for _ in range(5)]
        for client in sessions[-3:]:
            client.sendmail("a@example.com", ["b@example.org"], MESSAGE)
        mailbox.wait_for(3)
        assert not all(map(is_closed, crowd))
        for client in sessions:
            client.quit()
    assert sorted(links.counted()) == sorted(destinations)
    assert "Too many open files" not in stack.log.read_text()
