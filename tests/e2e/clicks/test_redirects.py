"""Clicks over real sockets: `waypost tracker` redirects, and `waypost report` counts."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients.programs import WAYPOST, need, stop, waypost
from tests.support.readers.links import Links
from tests.support.waiting import until

DESTINATIONS = [
    "https://example.com/?q=%22&copy=2&region=eu&amp=1",
    "HTTPS://EXAMPLE.com:443/%7Euser/~user/./../a//b/?#",
    "https://example.com/'\"<b>{x}|^`\\end",
    "http://[2001:db8::1]:8080/#fragment?not=a&query",
    "https://user:p%40ss@example.com/;p=1?a+b%20c&&=&x#!/route#2",
    "https://xn--bcher-kva.example/%E2%82%AC?%ff",
    "https://example.com/" + "long-" * 256,
]


@pytest.fixture
def links(tmp_path: Path) -> Links:
    """Furnish a Waypost; nothing of it runs yet."""
    return Links.furnish(tmp_path / "waypost")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Links]:
    """Run `waypost tracker`, for all stories that leave it as it was."""
    links = Links.furnish(tmp_path_factory.mktemp("running") / "waypost")
    with links.stack.serving("tracker"):
        yield links


def test_destinations_arrive_octet_for_octet(running: Links) -> None:
    """P4, P10: whatever a URL is made of, Location is exactly it."""
    for destination in DESTINATIONS:
        answer = running.ask(running.path(destination))
        assert (answer.status, answer.location) == (302, destination)


def test_curl_sees_the_same_url(running: Links) -> None:
    """A client that is not Python reads the same octets, over IPv4 and upgraded to nothing."""
    curl = need("curl")
    for destination in DESTINATIONS:
        url = f"http://127.0.0.1:{running.stack.http}{running.path(destination)}?utm=x"
        done = subprocess.run(
            [curl, "-sS", "-g", "--http2", "-D", "-", "-o", "/dev/null", url],
            capture_output=True, check=True, timeout=20,
        )  # fmt: skip
        assert f"\r\nlocation: {destination}\r\n".encode() in done.stdout


def test_clicks_are_counted_humans_apart(running: Links) -> None:
    """A browser's are a human's, HEAD a machine's; bad links and other methods are nobody's."""
    before = running.stack.report()["totals"]["clicks"]
    path = running.path("https://example.com/kept")
    for _ in range(2):
        assert running.ask(path).status == 302
    assert running.ask(running.path("https://example.com/kept"), "HEAD").status == 302
    assert running.ask(running.path(preview=True)).status == 302
    assert running.ask(path[:-1]).status == 404
    assert running.ask(path, "POST").status == 405
    after = running.stack.report()["totals"]["clicks"]
    assert {name: after[name] - before[name] for name in ("human", "all")} == {"human": 2, "all": 3}


def test_all_bad_links_are_answered_alike(running: Links) -> None:
    """P10, over a socket: but for the date, no octet differs."""
    good = running.path()
    answers = {
        (answer.status, tuple(h for h in answer.headers if h[0] != "date"), answer.body)
        for answer in (
            running.ask(path)
            for path in (
                good[:-1],
                f"{good}x",
                f"{good}/",
                f"{good}%20",
                "/c/",
                "/",
                "/x",
                f"/{good}",
            )
        )
    }
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404


def test_links_of_all_keys_live_until_one_is_revoked(links: Links) -> None:
    """P11: rotation ends no link, revocation exactly those of the leaked key; without a restart."""
    config = links.stack.config
    with links.stack.serving("tracker"):
        old = links.path()
        assert waypost("keys", "rotate", "-c", config).returncode == 0
        del links.keyring
        new = links.path()
        until(lambda: links.ask(new).status == 302)
        assert links.ask(old).status == 302
        assert waypost("keys", "revoke", "1", "--yes", "-c", config).returncode == 0
        until(lambda: links.ask(old).status == 404)
        assert links.ask(new).status == 302


def test_links_live_on_with_tracking_switched_off(links: Links) -> None:
    """P11: what was delivered redirects and counts, whatever is tracked today."""
    text = links.stack.config.read_text()
    assert "[tracking]\n" in text
    links.stack.config.write_text(text.replace("[tracking]\n", "[tracking]\nenabled = false\n"))
    with links.stack.serving("tracker"):
        links.click()
    assert links.stack.report()["totals"]["clicks"]["all"] == 1


def test_a_revoked_link_is_gone_within_seconds(links: Links) -> None:
    """410 while it is revoked, whatever becomes of the database; 302 again once it is restored."""
    config = ("-c", links.stack.config)
    with links.stack.serving("tracker"):
        bad, good = links.path("https://bad.example.com/"), links.path()
        assert waypost("revoke", "host", "bad.example.com", *config).returncode == 0
        until(lambda: links.ask(bad).status == 410)
        assert links.ask(good).status == 302
        for file in links.stack.folder.glob("waypost.db*"):
            if file.suffix != ".overrides" and file.is_file():
                file.unlink()
        assert links.ask(bad).status == 410
    with links.stack.serving("tracker"):
        assert links.ask(bad).status == 410
        assert waypost("revoke", "host", "bad.example.com", "--undo", *config).returncode == 0
        until(lambda: links.ask(bad).status == 302)


def test_a_wrong_destination_is_repaired_within_seconds(running: Links) -> None:
    """Links sent with a typo lead where they should have."""
    old, new = "https://example.com/tpyo?a=1#b", "https://example.com/typo?a=1#b"
    path = running.path(old)
    assert waypost("redirect", old, new, "-c", running.stack.config).returncode == 0
    until(lambda: running.ask(path).location == new)


def test_decode_says_what_the_link_holds(links: Links) -> None:
    """An operator who holds the keys can read any link."""
    path = links.path("https://example.com/?a=1", recipient=5, number=3)
    done = waypost("decode", "-c", links.stack.config, "--json", f"http://t.example.com{path}?x=1")
    assert done.returncode == 0
    facts = json.loads(done.stdout)
    assert (facts["destination"], facts["recipient"], facts["link"]) == (
        "https://example.com/?a=1",
        5,
        3,
    )
    bad = waypost("decode", "-c", links.stack.config, path[:-1])
    assert (bad.returncode, bad.stderr.count(b"\n")) == (1, 1)


def test_a_port_in_use_is_one_clear_line(links: Links) -> None:
    """Exit 1, no traceback, and the address by name."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", links.stack.http))
        taken.listen()
        done = waypost("tracker", "-c", links.stack.config)
    assert done.returncode == 1
    assert done.stderr.decode() == (
        f"Error: cannot listen on 127.0.0.1:{links.stack.http}: another program has it\n"
    )


def test_an_unusable_configuration_is_refused_with_every_problem(links: Links) -> None:
    """Exit 1, and one line for each problem."""
    text = links.stack.config.read_text().replace(
        'listen = ["127.0.0.1', 'listen = ["127.0.0.1.1:x'
    )
    links.stack.config.write_text(text + "\n[log]\nlevel = 'loud'\n")
    done = waypost("tracker", "-c", links.stack.config)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"log.level" in done.stderr
    assert b"tracker.listen" in done.stderr


def test_sigterm_ends_it_cleanly(links: Links) -> None:
    """Exit 0, with an idle connection open."""
    with (
        links.stack.serving("tracker") as process,
        socket.create_connection(("127.0.0.1", links.stack.http)),
    ):
        links.stack.wait_for_log("tracker_ready")
        assert stop(process) == 0


ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.execv(sys.argv[2], sys.argv[2:])
"""
"""What systemd does with a socket before it starts the service (sd_listen_fds(3))."""


def test_systemd_is_told_and_its_socket_used(links: Links, tmp_path: Path) -> None:
    """Socket activation: the inherited socket answers, instead of the configured address."""
    environment = {"LISTEN_FDNAMES": "tracker_listen", "NOTIFY_SOCKET": str(tmp_path / "notify")}
    with (
        socket.create_server(("127.0.0.1", 0)) as given,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified,
    ):
        notified.bind(environment["NOTIFY_SOCKET"])
        notified.settimeout(20)
        command = [WAYPOST, "tracker", "-c", links.stack.config]
        process = subprocess.Popen(
            [sys.executable, "-c", ACTIVATE, str(given.fileno()), *command],
            pass_fds=[given.fileno()],
            env=os.environ | environment,
        )
        try:
            assert notified.recv(1000).startswith(b"READY=1")
            links.stack.http = given.getsockname()[1]
            links.click()
            process.send_signal(signal.SIGTERM)
            assert notified.recv(1000).startswith(b"STOPPING=1")
        finally:
            assert stop(process) == 0
