"""`waypost proxy` as a process: start, workers, signals, and what keeps it from starting."""

import os
import signal
import smtplib
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import trustme

from tests.support.clients.programs import free_port, stop, waypost
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until

MESSAGE = "From: a@example.com\nSubject: hello\n\nbody\n"


def greeting(stack: Stack) -> bytes:
    """Connect and give what is said first."""
    with socket.create_connection(("127.0.0.1", stack.smtp), 10) as client:
        return client.recv(200)


def children(parent: int) -> list[int]:
    """Return the processes that `parent` has started."""
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in listed.split()]


def connected(stack: Stack) -> socket.socket:
    """Connect; the socket closes itself as a context manager."""
    return socket.create_connection(("127.0.0.1", stack.smtp), 10)


def is_served(client: socket.socket) -> bool:
    """Return whether somebody answers this client, which has been greeted."""
    try:
        client.sendall(b"HELP\r\n")
        with client.makefile("rb") as lines:
            return any(line.startswith(b"214 ") for line in iter(lines.readline, b""))
    except ConnectionError:
        return False


@contextmanager
def busy(stack: Stack) -> Iterator[smtplib.SMTP]:
    """Hold a session amid a transaction."""
    with closing(smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60)) as client:
        client.ehlo()
        assert client.mail("a@example.com")[0] == 250
        assert client.rcpt("b@example.net")[0] == 250
        yield client


def test_an_address_in_use_is_one_line(stack: Stack) -> None:
    """Exit status 1 and no traceback."""
    with socket.create_server(("127.0.0.1", stack.smtp)):
        done = waypost("proxy", "-c", stack.config)
    assert done.returncode == 1
    (line,) = done.stderr.decode().splitlines()
    assert f"cannot listen on 127.0.0.1:{stack.smtp}: Address already in use" in line


def test_an_unusable_configuration_is_told_in_full(stack: Stack) -> None:
    """Every problem, exit status 1, and nothing is served."""
    text = stack.config.read_text()
    stack.config.write_text(text.replace("[relay]", 'nonsense = 1\n[relay]\ntls_ = "x"'))
    done = waypost("proxy", "-c", stack.config)
    assert done.returncode == 1
    assert "nonsense" in done.stderr.decode()
    assert "tls_" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_sigterm_lets_a_transaction_finish(stack: Stack, mailbox: Mailbox) -> None:
    """New clients are refused, the one that is on delivers, and the exit status is 0."""
    with stack.serving("proxy") as process, busy(stack) as client:
        process.send_signal(signal.SIGTERM)
        until(lambda: not _listens(stack))
        assert client.data(MESSAGE)[0] == 250
        assert process.wait(60) == 0
    assert len(mailbox.received) == 1


def test_sighup_reloads_without_dropping_a_session(stack: Stack, mailbox: Mailbox) -> None:
    """New sessions follow the new file; a broken one changes nothing."""
    with stack.serving("proxy") as process, busy(stack) as client:
        text = stack.config.read_text()
        stack.config.write_text(text.replace("[proxy]", '[proxy]\nhostname = "new.example.com"', 1))
        process.send_signal(signal.SIGHUP)
        until(lambda: b"new.example.com" in greeting(stack))
        stack.config.write_text("this is no TOML")
        process.send_signal(signal.SIGHUP)
        until(lambda: "proxy_not_reloaded" in stack.log.read_text())
        assert b"new.example.com" in greeting(stack)
        assert client.data(MESSAGE)[0] == 250
    assert len(mailbox.received) == 1


def test_a_sighup_amid_a_stop_cuts_nobody_off(stack: Stack, mailbox: Mailbox) -> None:
    """Whoever renews certificates does not know that the service is about to end."""
    with stack.serving("proxy") as process, busy(stack) as client:
        process.send_signal(signal.SIGTERM)
        until(lambda: not _listens(stack))
        process.send_signal(signal.SIGHUP)
        assert client.data(MESSAGE)[0] == 250
        assert process.wait(60) == 0
    assert len(mailbox.received) == 1


@pytest.fixture
def two_workers(tmp_path: Path, mailbox: Mailbox) -> Stack:
    """Furnish a Waypost with two worker processes."""
    stack = Stack(folder=tmp_path / "two", relay=mailbox.port)
    return stack.furnish(proxy='workers = 2\nhostname = "mail.example.com"')


def test_workers_share_the_address(two_workers: Stack, mailbox: Mailbox) -> None:
    """All of them take mail, and all of them end with their parent."""
    with two_workers.serving("proxy") as process:
        until(lambda: len(children(process.pid)) == 2)
        workers = children(process.pid)
        for _ in range(8):
            with smtplib.SMTP("127.0.0.1", two_workers.smtp, timeout=60) as client:
                client.sendmail("a@example.com", "b@example.net", MESSAGE)
        assert stop(process) == 0
        assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert len(mailbox.received) == 8


def test_workers_listen_no_more_while_one_of_them_still_has_work(
    two_workers: Stack, mailbox: Mailbox
) -> None:
    """A client that comes too late is refused and can turn elsewhere; it does not wait in vain."""
    with two_workers.serving("proxy") as process:
        until(lambda: two_workers.log.read_text().count("proxy_ready") == 2)
        with busy(two_workers) as client:
            process.send_signal(signal.SIGTERM)
            until(lambda: len(children(process.pid)) == 1)
            assert not any(_listens(two_workers) for _ in range(20))
            assert client.data(MESSAGE)[0] == 250
            assert process.wait(60) == 0
    assert len(mailbox.received) == 1


def test_a_worker_that_dies_is_replaced(two_workers: Stack) -> None:
    """Connections meanwhile wait; none is refused."""
    with two_workers.serving("proxy") as process:
        until(lambda: len(children(process.pid)) == 2)
        (victim, *_) = children(process.pid)
        os.kill(victim, signal.SIGKILL)
        for _ in range(10):
            assert greeting(two_workers).startswith(b"220 ")
        until(lambda: len(children(process.pid)) == 2 and victim not in children(process.pid))
        assert "proxy_worker_lost" in two_workers.log.read_text()


@pytest.mark.parametrize("limit", ["max_sessions", "max_sessions_per_address"])
def test_a_limit_holds_for_all_workers_and_a_dead_one_gives_back_what_it_held(
    limit: str, tmp_path: Path, mailbox: Mailbox
) -> None:
    """However the kernel shares connections out, three are served; and three again after a kill -9."""
    stack = Stack(folder=tmp_path / "limited", relay=mailbox.port)
    stack.furnish(proxy=f'workers = 2\n{limit} = 3\nhostname = "mail.example.com"')
    with stack.serving("proxy") as process, ExitStack() as clients:
        until(lambda: stack.log.read_text().count("proxy_ready") == 2)
        workers = children(process.pid)
        for _ in range(3):
            admitted(stack, clients)
        assert greeting(stack).startswith(b"421 ")
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        until(lambda: stack.log.read_text().count("proxy_ready") == 4)
        again = [clients.enter_context(connected(stack)) for _ in range(3)]
        assert [client.recv(3) for client in again] == [b"220"] * 3
        assert greeting(stack).startswith(b"421 ")


def admitted(stack: Stack, clients: ExitStack) -> socket.socket:
    """Have a client that is served: whoever looked if the port answers gives back a moment later what it held."""
    tried: list[socket.socket] = []

    def is_greeted() -> bool:
        tried.append(clients.enter_context(connected(stack)))
        return tried[-1].recv(3) == b"220"

    until(is_greeted)
    return tried[-1]


def test_a_killed_worker_gives_back_what_it_alone_held(tmp_path: Path, mailbox: Mailbox) -> None:
    """The sessions of the others go on, and count as before."""
    stack = Stack(folder=tmp_path / "limited", relay=mailbox.port)
    stack.furnish(proxy='workers = 2\nmax_sessions = 12\nhostname = "mail.example.com"')
    with stack.serving("proxy") as process, ExitStack() as clients:
        until(lambda: stack.log.read_text().count("proxy_ready") == 2)
        victim, survivor = children(process.pid)
        held = [admitted(stack, clients) for _ in range(12)]
        assert greeting(stack).startswith(b"421 ")
        os.kill(victim, signal.SIGKILL)
        until(lambda: stack.log.read_text().count("proxy_ready") == 3)
        left = [client for client in held if is_served(client)]
        more = [clients.enter_context(connected(stack)) for _ in range(12 - len(left))]
        assert [client.recv(3) for client in more] == [b"220"] * len(more)
        assert greeting(stack).startswith(b"421 ")
        assert survivor in children(process.pid)


def test_there_is_a_worker_for_each_core(tmp_path: Path, mailbox: Mailbox) -> None:
    """With `"auto"`, as many as this process may use."""
    stack = Stack(folder=tmp_path / "auto", relay=mailbox.port)
    stack.furnish(proxy='workers = "auto"\nhostname = "mail.example.com"')
    cores = len(os.sched_getaffinity(0))
    with stack.serving("proxy") as process:
        until(lambda: stack.log.read_text().count("proxy_ready") == cores)
        assert len(children(process.pid)) == (cores if cores > 1 else 0)
        assert stop(process) == 0


def test_a_worker_that_replaces_another_serves_by_the_configuration_in_force(
    two_workers: Stack,
) -> None:
    """That of the last SIGHUP which could be used, not that of the start."""
    with two_workers.serving("proxy") as process:
        until(lambda: len(children(process.pid)) == 2)
        text = two_workers.config.read_text()
        two_workers.config.write_text(text.replace("mail.example.com", "new.example.com"))
        process.send_signal(signal.SIGHUP)
        until(lambda: two_workers.log.read_text().count("proxy_reloaded") == 2)
        two_workers.config.write_text("this is no TOML")
        process.send_signal(signal.SIGHUP)
        until(lambda: two_workers.log.read_text().count("proxy_not_reloaded") == 2)
        before = children(process.pid)
        for victim in before:
            os.kill(victim, signal.SIGKILL)
        until(lambda: len(set(children(process.pid)) - set(before)) == 2)
        for _ in range(8):
            assert greeting(two_workers).startswith(b"220 new.example.com ")


def test_a_worker_that_replaces_another_has_the_certificate_that_a_reload_may_not_take_away(
    two_workers: Stack, authority: trustme.CA
) -> None:
    """Others go on with it until a restart; clients would send this one their passwords in the clear."""
    issued = authority.issue_cert("mail.example.com")
    certificate = two_workers.folder / "mail.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(certificate)
    certificate.chmod(0o600)
    without = two_workers.config.read_text()
    implicit = free_port()
    tls = f'tls_cert = "{certificate}"\nlisten_tls = ["127.0.0.1:{implicit}"]'
    two_workers.config.write_text(without.replace("workers = 2", f"workers = 2\n{tls}"))
    with two_workers.serving("proxy") as process:
        until(lambda: two_workers.log.read_text().count("proxy_ready") == 2)
        two_workers.config.write_text(without)
        certificate.unlink()
        process.send_signal(signal.SIGHUP)
        until(lambda: two_workers.log.read_text().count("proxy.tls_cert") == 2)
        before = children(process.pid)
        for victim in before:
            os.kill(victim, signal.SIGKILL)
        until(lambda: len(set(children(process.pid)) - set(before)) == 2)
        for _ in range(8):
            with smtplib.SMTP("127.0.0.1", two_workers.smtp, timeout=60) as client:
                client.ehlo()
                assert client.has_extn("starttls")
                assert client.starttls()[0] == 220
        with smtplib.SMTP_SSL("127.0.0.1", implicit, timeout=60) as client:
            assert client.noop()[0] == 250


def test_workers_do_not_outlive_a_parent_that_is_killed(two_workers: Stack) -> None:
    """They would hold the address against the next."""
    with two_workers.serving("proxy") as process:
        until(lambda: len(children(process.pid)) == 2)
        workers = children(process.pid)
        process.kill()
        process.wait()
        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
        assert not _listens(two_workers)


def _listens(stack: Stack) -> bool:
    try:
        socket.create_connection(("127.0.0.1", stack.smtp), 1).close()
    except OSError:
        return False
    return True
