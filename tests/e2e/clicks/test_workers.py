"""`waypost tracker` and `waypost serve` with several processes for readers: as one, and each replaced."""

import contextlib
import os
import signal
import socket
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from config.schema import Config
from tests.support.clients.programs import (
    WAYPOST,
    free_port,
    running,
    stop,
    wait_until_listening,
    waypost,
)
from tests.support.readers.links import Links
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until
from tracker.app.app import Process

WORKERS = 2
T = TypeVar("T")


@pytest.fixture
def links(tmp_path: Path) -> Links:
    """Furnish a Waypost whose tracker has two workers; nothing of it runs yet."""
    stack = Stack(folder=tmp_path / "waypost", relay=free_port())
    return Links(stack.furnish(tracker=f"workers = {WORKERS}"))


@contextlib.contextmanager
def serving(links: Links, command: str = "tracker") -> Iterator[int]:
    """Run it until the block ends, all workers ready; yield the process id of their parent."""
    with links.stack.serving(command) as process:
        until(lambda: ready(links) == WORKERS)
        yield process.pid


def ready(links: Links) -> int:
    """Return how many workers have begun to answer, those included that ended since."""
    return links.stack.log.read_text().count("tracker_ready")


def workers(parent: int) -> list[int]:
    """Return the processes of the workers; the first has the admin listener."""
    return list(map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()))


def writers(links: Links) -> set[int]:
    """Return the processes that have a segment of clicks in the spool."""
    spool = links.stack.folder / "waypost.db.spool"
    return {int(path.name.split("-")[2]) for path in spool.glob("tracker-*.log")}


@contextlib.contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """Have some workers do nothing until the block ends, so that others do all."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def at_each(parent: int, ask: Callable[[], T]) -> list[T]:
    """Ask each worker, whichever the kernel would prefer; return the answers."""
    answers, pids = [], workers(parent)
    for pid in pids:
        with stopped(*(other for other in pids if other != pid)):
            answers.append(ask())
    return answers


def click_at_each(links: Links, parent: int) -> list[str]:
    """Follow a new link at each worker; return the destinations."""
    clicked = at_each(parent, links.click)
    assert set(workers(parent)) <= writers(links)
    return clicked


def admin(links: Links, path: str) -> str:
    """Return what the admin listener answers."""
    url = f"http://127.0.0.1:{links.stack.admin}{path}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize("command", ["tracker", "serve"])
def test_clicks_over_all_workers_are_counted_once(links: Links, command: str) -> None:
    """Each writes to a segment of its own, and one process counts them all."""
    with serving(links, command) as parent:
        clicked = click_at_each(links, parent)
        clicked += [links.click() for _ in range(50)]
    assert Counter(links.counted()) == Counter(clicked)


def test_one_worker_has_the_admin_listener_and_shows_all(links: Links) -> None:
    """Reports and metrics are on one page, as with one process."""
    with serving(links) as parent:
        clicked = len(click_at_each(links, parent))

        def redirected() -> float:
            lines = admin(links, "/metrics").splitlines()
            begins = 'waypost_redirects_total{answer="redirected",process="tracker'
            return sum(float(line.split()[-1]) for line in lines if line.startswith(begins))

        until(lambda: redirected() == clicked)
        assert 'process="tracker-1"' in admin(links, "/metrics")
        assert 'process="tracker"' in admin(links, "/metrics")
        assert admin(links, "/readyz") == "ready\n"


def test_a_decision_reaches_each_worker(links: Links) -> None:
    """Whichever answers: within seconds the link is withdrawn at all of them."""
    path = links.path(message_id=bytes.fromhex("0102030405060708"))
    with serving(links) as parent:
        assert [each.status for each in at_each(parent, lambda: links.ask(path))] == [302, 302]
        done = waypost("revoke", "message", "0102030405060708", "-c", links.stack.config)
        assert done.returncode == 0, done.stderr
        until(lambda: {each.status for each in at_each(parent, lambda: links.ask(path))} == {410})


def test_a_short_link_leads_on_at_each_worker_at_once(links: Links) -> None:
    """Whoever got it from the API may follow it before files are looked at again."""
    with serving(links) as parent:
        for number in range(10):
            destination = f"https://example.com/{number}"
            request = urllib.request.Request(
                f"http://127.0.0.1:{links.stack.admin}/api/v1/links",
                data=f'{{"url": "{destination}", "short": true}}'.encode(),
                headers={"content-type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                path = "/s/" + answer.read().decode().partition("/s/")[2].partition('"')[0]
            answers = at_each(parent, partial(links.ask, path))
            assert {(each.status, each.location) for each in answers} == {(302, destination)}


@pytest.mark.parametrize("victim", range(WORKERS))
def test_a_killed_worker_loses_nothing_and_is_replaced(links: Links, victim: int) -> None:
    """The others answer meanwhile; and the next has the admin listener, and counts, where it was the first."""
    with serving(links) as parent:
        clicked = click_at_each(links, parent)
        pid = workers(parent)[victim]
        os.kill(pid, signal.SIGKILL)
        until(lambda: pid not in workers(parent))
        clicked += [links.click() for _ in range(20)]
        until(lambda: ready(links) == WORKERS + 1)
        assert "tracker_worker_lost" in links.stack.log.read_text()
        assert len(workers(parent)) == WORKERS
        clicked += click_at_each(links, parent)
        assert admin(links, "/healthz") == "ok\n"
        until(lambda: links.stack.report()["totals"]["clicks"]["all"] == len(clicked))
    assert Counter(links.counted()) == Counter(clicked)


def test_a_bound_holds_for_all_workers(links: Links) -> None:
    """Of one address no more are open than at one process; and who asks finds room at each of them."""
    _, share = Process("any").reader_bounds(Config())
    with serving(links) as parent, contextlib.ExitStack() as clients:
        one, other = workers(parent)
        with stopped(other):
            idle = [clients.enter_context(asked(links)) for _ in range(share)]
        with stopped(one):
            new = [clients.enter_context(asked(links)) for _ in range(share // WORKERS)]
        until(lambda: sum(map(is_open, idle)) <= share - len(new))
        assert sum(map(is_open, idle)) == share - len(new)
        assert all(map(is_open, new))


def asked(links: Links) -> socket.socket:
    """Return a connection on which something was answered, and another request may follow."""
    client = socket.create_connection(("127.0.0.1", links.stack.http), 10)
    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    with client.makefile("rb") as answer:
        while answer.readline() != b"\r\n":
            pass
        assert answer.readline() == b"ok\n"
    client.settimeout(0)
    return client


def is_open(client: socket.socket) -> bool:
    """Return whether the server has not closed a connection on which it owes nothing."""
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def test_a_stop_answers_what_each_worker_was_asked(links: Links) -> None:
    """Readers on open connections get their redirects; and nobody listens afterwards."""
    path = links.path("https://example.com/last")
    request = f"GET {path} HTTP/1.1\r\nHost: a\r\n".encode()
    with links.stack.serving("tracker") as process, contextlib.ExitStack() as clients:
        until(lambda: ready(links) == WORKERS)
        click_at_each(links, process.pid)
        asking = []
        for _ in range(20):
            client = socket.create_connection(("127.0.0.1", links.stack.http), 10)
            client.sendall(b"HEAD /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")  # a worker has it
            client.sendall(request)
            asking.append(clients.enter_context(client))
        process.send_signal(signal.SIGTERM)
        until(lambda: not listens(links))
        for client in asking:
            client.sendall(b"\r\n")
        for client in asking:
            answer = b"".join(iter(lambda: client.recv(4096), b""))  # noqa: B023 - read at once
            assert b"\r\nlocation: https://example.com/last\r\n" in answer
        assert process.wait(60) == 0
        assert not listens(links)
    assert links.counted().count("https://example.com/last") == 20


def listens(links: Links) -> bool:
    """Return whether somebody takes connections of readers."""
    try:
        socket.create_connection(("127.0.0.1", links.stack.http), 1).close()
    except OSError:
        return False
    return True


def test_a_reload_is_in_force_at_each_worker_and_at_those_to_come(links: Links) -> None:
    """A configuration that cannot be used changes nothing, for them as well."""
    text = links.stack.config.read_text()
    with serving(links) as parent:
        changed = text.replace("[tracker]", '[tracker]\nreferrer_policy = "origin"')
        links.stack.config.write_text(changed)
        os.kill(parent, signal.SIGHUP)
        until(lambda: links.stack.log.read_text().count("tracker_reloaded") == WORKERS)
        assert policies(links, parent) == {"origin"}
        links.stack.config.write_text("this is no TOML")
        os.kill(parent, signal.SIGHUP)
        until(lambda: links.stack.log.read_text().count("tracker_not_reloaded") == WORKERS)
        for pid in workers(parent):
            os.kill(pid, signal.SIGKILL)
        until(lambda: ready(links) == 2 * WORKERS)
        assert policies(links, parent) == {"origin"}
        links.stack.config.write_text(text)


def policies(links: Links, parent: int) -> set[str]:
    """Return what destinations are told of readers, by answers of all workers."""
    answers = at_each(parent, lambda: links.ask(links.path()))
    return {dict(answer.headers)["referrer-policy"] for answer in answers}


def test_workers_end_with_a_parent_that_is_killed(links: Links) -> None:
    """They would hold the address, and the process that feeds the store its lock."""
    with links.stack.serving("tracker") as process:
        until(lambda: ready(links) == WORKERS)
        pids = workers(process.pid)
        process.kill()
        process.wait()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
        assert not listens(links)


def test_systemd_hears_when_all_are_ready(links: Links) -> None:
    """Once, from the parent."""
    address = links.stack.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(30)
        environment = ["env", f"NOTIFY_SOCKET={address}"]
        command = [*environment, WAYPOST, "tracker", "-c", links.stack.config]
        with running(command, links.stack.http, links.stack.log) as process:
            assert manager.recv(1000).startswith(b"READY=1")
            assert ready(links) == WORKERS
            assert stop(process) == 0


def test_serve_takes_mail_in_one_process_and_readers_in_all(
    tmp_path: Path, mailbox: Mailbox
) -> None:
    """The worker that takes mail is replaced, as the others are."""
    links = Links(
        Stack(folder=tmp_path / "both", relay=mailbox.port).furnish(tracker="workers = 2")
    )
    with links.stack.serving("serve") as process:
        until(lambda: ready(links) == WORKERS)
        click_at_each(links, process.pid)
        os.kill(workers(process.pid)[0], signal.SIGKILL)
        links.click()
        until(lambda: links.stack.log.read_text().count("proxy_ready") == 2)
        wait_until_listening(links.stack.smtp, process)
        until(lambda: ready(links) == WORKERS + 1)
        click_at_each(links, process.pid)
        assert stop(process) == 0
