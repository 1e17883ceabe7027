"""A reader asks to be forgotten, while Waypost is at work; through real sockets."""

import http.client
import json
import re
import smtplib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.mail import html_message, link
from tests.support.programs import waypost
from tests.support.stack import Mailbox, Stack

TRACKING = """\
[tracking.identify]
param = "wp_id"
hosts = ["shop.example.net"]
"""
HTML = link("https://shop.example.net/a") + link("https://www.example.net/?to=ann%40example.org")
TRACKED = re.compile(rb'href="(http://127\.0\.0\.1:\d+/c/[\w-]+)"')
TRACES = (b"ann@example.org", b"Ann@example.org", b"ann%40example.org")


@pytest.fixture
def telling(tmp_path: Path, mailbox: Mailbox) -> Stack:
    """Furnish a Waypost that tells a shop who comes."""
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port)
    return stack.furnish(proxy='copies = "per-recipient"', tracking=TRACKING)


def followed(content: bytes) -> list[str]:
    """Click every tracked link; gives where they lead."""
    found = []
    for url in TRACKED.findall(content):
        parts = urlsplit(url.decode())
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        connection.request("GET", parts.path)
        found.append(connection.getresponse().getheader("Location") or "")
        connection.close()
    return found


def forgotten(stack: Stack) -> dict[str, int]:
    """Forget Ann."""
    done = waypost("forget", "-c", stack.config, "--json", "Ann@Example.org")
    assert done.returncode == 0, done.stderr.decode()
    return dict(json.loads(done.stdout))


def test_nobody_is_a_usage_error(telling: Stack):
    """A script whose variable is empty must not take somebody for forgotten."""
    done = waypost("forget", "-c", telling.config, "")
    assert (done.returncode, b"ADDRESS is empty" in done.stderr) == (2, True)


def test_a_reader_is_forgotten_and_their_links_live(telling: Stack, mailbox: Mailbox):
    """No file of ours tells of her; the links in her mail lead on, and count as nobody's."""
    with telling.serving():
        with smtplib.SMTP("127.0.0.1", telling.smtp, timeout=20) as client:
            readers = ["ann@example.org", "bob@example.org"]
            client.sendmail("bounces@example.com", readers, html_message(HTML))
        waypost("consent", "-c", telling.config, "ann@example.org", "anonymous")
        copies = mailbox.wait_for(2)
        places = [followed(content) for content in copies]
        before = telling.report()["totals"]
        done = forgotten(telling)
        assert {name: done[name] for name in ("persons", "deliveries", "clicks", "consents")} == {
            "persons": 1,
            "deliveries": 1,
            "clicks": 2,
            "consents": 1,
        }
        assert done["spool_records"] >= 2
        assert telling.report()["totals"] == before
        assert [followed(content) for content in copies] == places
        after = telling.report()["totals"]
        assert after["clicks"]["all"] == before["clicks"]["all"] + 4
        assert after["unique_clickers"] == before["unique_clickers"]
        again = forgotten(telling)
        assert (again["persons"], again["deliveries"], again["consents"]) == (0, 0, 0)
        assert (
            waypost("activity", "-c", telling.config, "--json", "ann@example.org").stdout == b"[]\n"
        )
        kept = waypost("consent", "-c", telling.config, "ann@example.org").stdout
        assert kept == b"ann@example.org: anonymous\n"
    for file in telling.folder.glob("waypost.db*"):
        files = file.rglob("*") if file.is_dir() else [file]
        content = b"".join(each.read_bytes() for each in files if each.is_file())
        assert not [trace for trace in TRACES if trace in content], file
    assert b"bob@example.org" in telling.database.read_bytes()
