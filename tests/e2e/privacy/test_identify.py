"""A shop learns who comes from a mail, and nobody else does; through real sockets."""

import json
import smtplib
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.clients.programs import waypost
from tests.support.mail import html_message, link
from tests.support.readers.readers import follow, tracked
from tests.support.stack import Mailbox, Stack

TRACKING = """\
[tracking.identify]
param = "wp_id"
hosts = ["shop.example.net"]
"""
HTML = link("https://shop.example.net/a#top") + link("https://www.example.net/b")
SMS = "https://shop.example.net/sms"
READERS = ["ann@Example.org", "bob@example.org"]


@pytest.fixture
def telling(tmp_path: Path, mailbox: Mailbox) -> Stack:
    """Furnish a Waypost that tells a shop who comes."""
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port)
    return stack.furnish(proxy='copies = "per-recipient"', tracking=TRACKING)


def followed(content: bytes) -> list[str]:
    """Click every tracked link; gives where they lead."""
    return [follow(url) for url in tracked(content)]


def ids(destinations: list[str]) -> list[str]:
    """Return what each destination was told."""
    return ["".join(parse_qs(urlsplit(url).query).get("wp_id", [])) for url in destinations]


def test_a_shop_learns_who_clicked(telling: Stack, mailbox: Mailbox):
    """Each copy tells of its reader, whatever keys are made; ids lead back."""
    with telling.serving(), smtplib.SMTP("127.0.0.1", telling.smtp, timeout=60) as client:
        client.sendmail("bounces@example.com", READERS, html_message(HTML))
        client.sendmail(
            "bounces@example.com", READERS[0], html_message(HTML, "X-Track-Person: 4711")
        )
        first, second, named = (ids(followed(each)) for each in mailbox.wait_for(3))
        by_http = f"http://127.0.0.1:{telling.admin}/api/v1/identify?id="
        with urllib.request.urlopen(by_http + named[0], timeout=60) as answered:
            told = json.load(answered)
    assert (first[1], second[1], named) == ("", "", ["4711", ""])
    rotated = waypost("keys", "rotate", "-c", telling.config)
    assert rotated.returncode == 0, rotated.stderr
    found = [waypost("identify", "-c", telling.config, each[0]).stdout for each in (first, second)]
    assert sorted(found) == [b"ann@example.org\n", b"bob@example.org\n"]
    answer = waypost("identify", "-c", telling.config, "--json", "4711")
    assert json.loads(answer.stdout) == told
    assert told == {"id": "4711", "person": "4711", "addresses": ["ann@example.org"]}
    unknown = waypost("identify", "-c", telling.config, "nobody")
    assert (unknown.returncode, unknown.stderr) == (1, b"Error: nobody is known as nobody\n")
    links = {each["link"]: each["clicks"]["all"] for each in telling.report()["links"]}
    assert links == {"https://shop.example.net/a#top": 3, "https://www.example.net/b": 3}


def test_a_copy_that_several_share_tells_of_nobody(tmp_path: Path, mailbox: Mailbox):
    """Nobody knows who of them clicks; a copy for one alone tells."""
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port).furnish(tracking=TRACKING)
    with stack.serving(), smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        for readers in (READERS, READERS[:1]):
            client.sendmail("bounces@example.com", readers, html_message(HTML))
        shared, alone = (ids(followed(each)) for each in mailbox.wait_for(2))
    assert shared == ["", ""]
    assert [bool(each) for each in alone] == [True, False]


def test_a_shop_learns_who_came_by_sms(telling: Stack):
    """From links by command and by HTTP, in full and short; the id leads back to the person."""
    asked = {"url": SMS, "person": READERS[0], "short": True}
    with telling.serving("tracker"):
        done = waypost("link", "-c", telling.config, SMS, "--person", READERS[0])
        assert done.returncode == 0, done.stderr
        by_http = f"http://127.0.0.1:{telling.admin}/api/v1/links"
        request = urllib.request.Request(
            by_http, json.dumps(asked).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answered:
            short = json.load(answered)["url"]
        shared = waypost("link", "-c", telling.config, SMS).stdout.decode().strip()
        urls = (done.stdout.decode().strip(), short, shared)
        first, second, third = ids([follow(url) for url in urls])
    assert first
    assert (first, third) == (second, "")
    assert waypost("identify", "-c", telling.config, first).stdout == b"ann@example.org\n"
    links = {each["link"]: each["clicks"]["all"] for each in telling.report()["links"]}
    assert links == {SMS: 3}
