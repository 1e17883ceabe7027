"""The admin listener of a running `waypost tracker`."""

import base64
import contextlib
import http.client
import json
import re
import select
import signal
import socket
import sqlite3
from typing import Any

import pytest

from tests.support.clients.programs import waypost
from tests.support.readers.links import Links
from tests.support.waiting import until


def ask(links: Links, path: str, password: str | None = None, **headers: str) -> tuple[int, bytes]:
    """Ask the admin listener; gives status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", links.stack.admin, timeout=60)
    if password is not None:
        pair = base64.b64encode(f":{password}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def report(links: Links) -> Any:
    """Return what the API reports."""
    status, body = ask(links, "/api/v1/report")
    assert status == 200, body
    return json.loads(body)


def changed(links: Links, old: str, new: str) -> None:
    """Change the configuration file."""
    text = links.stack.config.read_text()
    assert old in text
    links.stack.config.write_text(text.replace(old, new))


def test_a_click_is_reported_and_counted_at_once(running: Links) -> None:
    """The report is the command's."""
    running.click()
    assert report(running) == running.stack.report()
    clicks = report(running)["totals"]["clicks"]
    assert (clicks["human"], clicks["all"]) == (1, 1)
    status, body = ask(running, "/metrics")
    assert status == 200
    assert b'waypost_redirects_total{answer="redirected",process="tracker"} 1.0\n' in body


def test_the_public_listener_shows_none_of_it(running: Links) -> None:
    """What is for the operator is not for readers."""
    for path in ("/metrics", "/api/v1/report", "/internal/ask", "/"):
        assert running.ask(path).status == 404


def test_a_locked_store_delays_nobodys_redirect(running: Links) -> None:
    """A report waits in a thread of its own, and then says how things are; links redirect."""
    running.click()
    report(running)
    with contextlib.closing(sqlite3.connect(running.stack.database)) as taken:
        taken.execute("BEGIN EXCLUSIVE")
        running.click()
        connection = http.client.HTTPConnection("127.0.0.1", running.stack.admin, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", "/api/v1/report")
            for _ in range(5):
                running.click()
            assert select.select([connection.sock], [], [], 0) == ([], [], [])
            answer = connection.getresponse()
            assert answer.status in {200, 503}
            json.loads(answer.read())


def test_the_password_is_in_force_and_changes_without_a_restart(links: Links) -> None:
    """Beyond the loopback, or on it: with a password, all of the listener asks for it."""
    password = links.stack.folder / "admin.password"
    password.write_text("first\n")
    password.chmod(0o600)
    changed(links, "[store]\n", f'admin_password_file = "{password}"\n[store]\n')
    with links.stack.serving("tracker"):
        assert ask(links, "/metrics")[0] == 401
        assert ask(links, "/metrics", "wrong")[0] == 401
        assert ask(links, "/metrics", "first")[0] == 200
        password.write_text("second\n")
        until(lambda: ask(links, "/metrics", "first")[0] == 401)
        assert ask(links, "/metrics", "second")[0] == 200


def test_whoever_tries_passwords_gets_ten_a_minute(links: Links) -> None:
    """By the address that the operator's web server names, and each is in the log."""
    password = links.stack.folder / "admin.password"
    password.write_text("right\n")
    password.chmod(0o600)
    keys = f'admin_password_file = "{password}"\ntrusted_proxies = ["127.0.0.1"]\n'
    changed(links, "[store]\n", keys + "[store]\n")
    with links.stack.serving("tracker"):
        wanted = [
            ("/metrics", f"guess {n}", {"X-Forwarded-For": "203.0.113.9"}) for n in range(200)
        ]
        statuses = [ask(links, path, guess, **who)[0] for path, guess, who in wanted]
        assert statuses == [401] * 10 + [429] * 190
        assert ask(links, "/metrics", "right", **{"X-Forwarded-For": "203.0.113.9"})[0] == 429
        assert ask(links, "/metrics", "right", **{"X-Forwarded-For": "203.0.113.10"})[0] == 200
        assert ask(links, "/metrics", "right")[0] == 200
    log = links.stack.log.read_text()
    assert log.count("admin_password_wrong           client=203.0.113.9") == 10
    assert log.count("admin_locked                   client=203.0.113.9") == 1
    assert "guess" not in log


def test_a_new_host_gets_its_certificate_after_a_reload(links: Links) -> None:
    """SIGHUP, and the web server may get a certificate for a sender's new tracking host."""
    with links.stack.serving("tracker") as process:
        assert ask(links, "/internal/ask?domain=127.0.0.1")[0] == 200
        new = "/internal/ask?domain=click.example.com"
        assert ask(links, new)[0] == 404
        changed(links, "[[sender]]\n", '[[sender]]\nbase_url = "https://click.example.com"\n')
        process.send_signal(signal.SIGHUP)
        until(lambda: ask(links, new)[0] == 200)


def test_it_can_be_switched_off(links: Links) -> None:
    """`admin_listen = []`: nothing listens there, and links redirect."""
    text = links.stack.config.read_text()
    links.stack.config.write_text(re.sub("admin_listen = .*", "admin_listen = []", text))
    with links.stack.serving("tracker"):
        links.click()
        with pytest.raises(ConnectionRefusedError):
            ask(links, "/healthz")


def test_an_address_in_use_is_told(links: Links) -> None:
    """Exit 1 and one clear line."""
    with socket.create_server(("127.0.0.1", links.stack.admin)):
        done = waypost("tracker", "-c", links.stack.config)
    assert done.returncode == 1
    assert done.stderr.decode() == (
        f"Error: cannot listen on 127.0.0.1:{links.stack.admin}: another program has it\n"
    )
