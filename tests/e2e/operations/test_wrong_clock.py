"""A machine whose clock is ten years ahead for a while: nothing is lost, and figures go on."""

import http.client
import json
import re
import smtplib
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.clients.programs import WAYPOST, need, running, waypost
from tests.support.mail import html_message, link
from tests.support.readers.readers import BROWSER
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until

TRACKED = re.compile(rb'href="(http://127\.0\.0\.1:\d+/c/[\w-]+)"')


@pytest.fixture
def stack(tmp_path: Path, mailbox: Mailbox) -> Stack:
    """Furnish a Waypost; nothing of it runs yet."""
    return Stack(folder=tmp_path / "waypost", relay=mailbox.port).furnish()


def used(stack: Stack, mailbox: Mailbox, campaign: str) -> str:
    """Send a message of a campaign, and click its link; return the link."""
    count = len(mailbox.received)
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        message = html_message(link("https://example.net/"), f"X-Track-Campaign: {campaign}")
        client.sendmail("bounces@example.com", ["reader@example.org"], message)
    url = TRACKED.findall(mailbox.wait_for(count + 1)[-1])[0].decode()
    follow(url)
    until(lambda: campaign in counted(stack))
    return url


def follow(url: str) -> None:
    """Click a link."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.request("GET", parts.path, headers=BROWSER)
    assert connection.getresponse().status == 302
    connection.close()


def counted(stack: Stack) -> dict[str, tuple[int, int]]:
    """Return messages and clicks of each campaign."""
    rows = stack.report()["campaigns"]
    return {row["campaign"]: (row["messages"], row["clicks"]["all"]) for row in rows}


def ten_years_ahead() -> list[str | Path]:
    """Return what begins a command whose clock is ten years ahead.

    Not the program `faketime` itself: it stays the parent of what it starts, and would be stopped in
    its place. With the real monotonic clock, `time.sleep` fails there (EINVAL, as clock_nanosleep(2)
    gets a moment of the fake one), so what runs so must have nothing to wait for.
    """
    need("faketime")
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    settings = ("FAKETIME=+3650d", "FAKETIME_DONT_FAKE_MONOTONIC=1")
    return ["env", f"LD_PRELOAD={library}", *settings]


def test_a_start_with_a_clock_ten_years_ahead(stack: Stack, mailbox: Mailbox) -> None:
    """Its service purges nothing, and says so; a command does not either. Then the clock is right."""
    ahead = ten_years_ahead()
    with stack.serving():
        first = used(stack, mailbox, "before")
    with running([*ahead, WAYPOST, "serve", "-c", stack.config], stack.smtp, stack.log):
        used(stack, mailbox, "meanwhile")
        stack.wait_for_log("clock_doubted")
        follow(first)
    purge = [*ahead, WAYPOST, "purge", "-c", stack.config, "--older-than", "90d"]
    refused = subprocess.run(purge, capture_output=True, check=False)
    assert refused.returncode == 1
    assert "add --insist" in refused.stderr.decode()
    with stack.serving():
        used(stack, mailbox, "after")
        follow(first)
    assert counted(stack) == {"before": (1, 3), "meanwhile": (1, 1), "after": (1, 1)}
    exported = waypost("export", "-c", stack.config).stdout.splitlines()
    assert {json.loads(line)["destination"] for line in exported} == {"https://example.net/"}
