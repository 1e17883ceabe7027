"""The database is lost, and what an operator decided about links is not; through real sockets."""

import http.client
import re
import smtplib
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.clients.programs import waypost
from tests.support.mail import html_message, link
from tests.support.readers.readers import BROWSER
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until

GOOD, WRONG, RIGHT = (f"https://example.net/{name}" for name in ("good", "wrong", "right"))
BAD_HOST = "https://bad.example.org/"
TRACKED = re.compile(rb'href="(http://127\.0\.0\.1:\d+/c/[\w-]+)"')


@pytest.fixture
def stack(tmp_path: Path, mailbox: Mailbox) -> Stack:
    """Furnish a Waypost; nothing of it runs yet."""
    return Stack(folder=tmp_path / "waypost", relay=mailbox.port).furnish()


def sent(stack: Stack, mailbox: Mailbox) -> list[str]:
    """Send a good campaign and a bad one; gives their tracked links."""
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        for campaign, urls in (("good", (GOOD, WRONG, BAD_HOST)), ("bad", (GOOD,))):
            message = html_message("".join(map(link, urls)), f"X-Track-Campaign: {campaign}")
            client.sendmail("bounces@example.com", ["reader@example.org"], message)
    return [url.decode() for each in mailbox.wait_for(2) for url in TRACKED.findall(each)]


def answers(links: list[str]) -> list[str | int]:
    """Follow links; gives where each leads, or the status of one that leads nowhere."""
    found: list[str | int] = []
    for url in links:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        connection.request("GET", parts.path, headers=BROWSER)
        response = connection.getresponse()
        found.append(response.getheader("Location") or response.status)
        connection.close()
    return found


def do(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command that succeeds."""
    done = waypost(*arguments, "-c", stack.config)
    assert done.returncode == 0, done.stderr.decode()
    return done


def lose_the_database(stack: Stack) -> None:
    """Delete it, and the spool that could make it anew."""
    for file in stack.folder.glob("waypost.db*"):
        if file.name in ("waypost.db", "waypost.db-wal", "waypost.db-shm"):
            file.unlink()
    for segment in stack.folder.glob("waypost.db.spool/*.log"):
        segment.unlink()


def test_a_lost_database_neither_kills_links_nor_revives_revoked_ones(
    stack: Stack, mailbox: Mailbox
) -> None:
    """A campaign, a host and a repair: in force while it runs, and after a restart without a store."""
    decided = [GOOD, RIGHT, 410, 410]
    with stack.serving():
        links = sent(stack, mailbox)
        assert answers(links) == [GOOD, WRONG, BAD_HOST, GOOD]
        do(stack, "report")
        do(stack, "revoke", "campaign", "bad")
        do(stack, "revoke", "host", "bad.example.org")
        do(stack, "redirect", WRONG, RIGHT)
        until(lambda: answers(links) == decided, seen=lambda: answers(links))
        lose_the_database(stack)
        assert answers(links) == decided
    lose_the_database(stack)
    with stack.serving("tracker"):
        assert answers(links) == decided
    assert stack.report()["totals"]["clicks"]["all"] > 0
