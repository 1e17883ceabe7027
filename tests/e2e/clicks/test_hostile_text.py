"""A reader, a sender and a relay write what would drive a terminal or compute in a spreadsheet."""

import base64
import csv
import http.client
import io
import json
import re
import smtplib
from urllib.parse import urlsplit

import pytest

from tests.support.clients.programs import waypost
from tests.support.hostile import FORMULA, TITLE, obeyed
from tests.support.readers.readers import BROWSER
from tests.support.stack import Mailbox, Stack

READER = "reader@example.net"
AGENT = FORMULA + "\x9b2J"
"""A control of one octet: HTTP lets it through, and no ESC (RFC 9110 §5.5)."""
SUBJECT = base64.b64encode(f"{TITLE}\u202e".encode()).decode()
MESSAGE = (
    f"From: shop@example.com\r\nTo: {READER}\r\nSubject: =?utf-8?b?{SUBJECT}?=\r\n"
    "Message-ID: <1@example.com>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/html; charset=utf-8\r\n\r\n"
    f'<a href="https://shop.example.com/" data-link-group="{TITLE}">Shop</a>\r\n'
).encode()


@pytest.fixture
def clicked(stack: Stack, mailbox: Mailbox) -> Stack:
    """Return a Waypost through which one such message went, and on whose link one reader clicked."""
    mailbox.reply = f"250 2.0.0 kept {TITLE}"
    with stack.serving():
        with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
            client.sendmail("shop@example.com", READER, MESSAGE)
        (content,) = mailbox.wait_for(1)
        found = re.search(rb'http://[^"]+/c/[\w-]+', content)
        assert found is not None
        url = urlsplit(found[0].decode())
        connection = http.client.HTTPConnection(url.netloc, timeout=60)
        connection.request("GET", url.path, headers=BROWSER | {"User-Agent": AGENT})
        assert connection.getresponse().status == 302
        connection.close()
        stack.wait_for_log("message_delivered")
    return stack


def said(stack: Stack, *command: str) -> str:
    """Return what a command prints, to both streams."""
    done = waypost(command[0], "-c", stack.config, *command[1:])
    assert done.returncode == 0, done.stderr.decode()
    return (done.stdout + done.stderr).decode()


def test_no_command_and_no_log_drives_a_terminal(clicked: Stack) -> None:
    """Each shows what was written, and sends none of it."""
    for command in (
        ("report",),
        ("report", "--json"),
        ("activity", READER),
        ("activity", READER, "--json"),
        ("clickers", TITLE),
        ("export",),
    ):
        printed = said(clicked, *command)
        assert (command, obeyed(printed)) == (command, set())
    assert r"\u001b]0;owned\u0007" in said(clicked, "report")
    unknown = waypost("report", "-c", clicked.config, "--campaign", f"{TITLE}x")
    assert (unknown.returncode, unknown.stdout) == (1, b"")
    assert b"did you mean" in unknown.stderr
    assert obeyed(unknown.stderr.decode()) == set()
    log = clicked.log.read_bytes().decode()
    assert obeyed(log) == set()
    assert r"\u001b]0;owned\u0007" in log


def test_a_spreadsheet_gets_no_formula(clicked: Stack) -> None:
    """Until somebody asks for the text as it came; JSON has it always."""
    (safe,) = csv.DictReader(io.StringIO(said(clicked, "export", "--csv"), newline=""))
    (raw,) = csv.DictReader(io.StringIO(said(clicked, "export", "--csv", "--raw"), newline=""))
    assert (safe["user_agent"], raw["user_agent"]) == (f"'{AGENT}", AGENT)
    told = json.loads(said(clicked, "export"))
    assert told["user_agent"] == AGENT
