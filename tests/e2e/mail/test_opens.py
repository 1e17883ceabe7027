"""Opens: a pixel is sent, fetched and counted, apart from clicks."""

import http.client
import json
import re
import smtplib
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.clients.programs import waypost
from tests.support.readers.readers import BROWSER
from tests.support.stack import Mailbox, Stack

PIXEL = re.compile(rb'<img src="(http://127\.0\.0\.1:\d+/c/[A-Za-z0-9_-]+)"[^>]*>')
HEAD = (
    "From: Shop <shop@example.com>\r\nTo: reader@example.net\r\nSubject: Spring\r\n"
    "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <spring@example.com>\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
)
TEXT = "<html><body><p>Hello</p></body></html>\r\n"
LINK = '<body><a href="https://shop.example.com/">Shop</a></body>\r\n'


@pytest.fixture
def stack(stack: Stack) -> Stack:
    """Furnish a Waypost that adds pixels."""
    text = stack.config.read_text()
    stack.config.write_text(text.replace("[tracking]\n", "[tracking]\nopens = true\n"))
    return stack


def send(stack: Stack, html: str, *headers: str) -> bytes:
    """Send through the proxy as an application would; give what was sent."""
    content = (HEAD + "".join(f"{line}\r\n" for line in headers) + "\r\n" + html).encode()
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        client.sendmail("bounces@example.com", ["reader@example.net"], content)
    return content


def fetch(url: str, method: str = "GET") -> http.client.HTTPResponse:
    """Request an image as a mail program does."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=60)) as connection:
        connection.request(method, parts.path, headers=BROWSER)
        response = connection.getresponse()
        response.read()
        return response


def opens(stack: Stack) -> dict[str, Any]:
    """Return what `waypost report --opens --json` says in total."""
    done = waypost("report", "-c", stack.config, "--opens", "--json")
    assert done.returncode == 0, done.stderr.decode()
    return dict(json.loads(done.stdout)["totals"])


def test_an_open_is_counted_and_no_click(stack: Stack, mailbox: Mailbox) -> None:
    """A message without links gets a pixel and nothing else; reports of clicks do not know of it."""
    with stack.serving():
        sent = send(stack, TEXT)
        (content,) = mailbox.wait_for(1)
        (pixel,) = PIXEL.finditer(content)
        assert content.replace(pixel[0], b"").endswith(sent)
        assert content.startswith(b"DKIM-Signature:")
        url = pixel[1].decode()
        answers = [fetch(url), fetch(url), fetch(url, "HEAD")]
        assert [(a.status, a.headers["Content-Type"]) for a in answers] == [(200, "image/gif")] * 3
        assert {a.headers["Cache-Control"] for a in answers} == {"no-store"}
        assert opens(stack) == {
            "messages": 1,
            "recipients": 1,
            "opens": {"human": 2, "all": 3},
            "unique_opens": {"human": 1, "all": 1},
            "open_rate": 1.0,
        }
        assert stack.report()["totals"]["messages"] == 0
        assert stack.report()["totals"]["clicks"]["all"] == 0


def test_clicks_and_opens_of_one_message_count_apart(stack: Stack, mailbox: Mailbox) -> None:
    """Each in its own report."""
    with stack.serving():
        send(stack, LINK)
        (content,) = mailbox.wait_for(1)
        (link,) = re.findall(rb'href="([^"]*)"', content)
        assert fetch(link.decode()).status == 302
        assert opens(stack)["opens"] == {"human": 0, "all": 0}
        (pixel,) = PIXEL.finditer(content)
        assert fetch(pixel[1].decode()).status == 200
        assert opens(stack)["opens"] == {"human": 1, "all": 1}
        totals = stack.report()["totals"]
        assert (totals["messages"], totals["clicked_deliveries"]) == (1, 1)
        assert totals["clicks"]["human"] == totals["clicks"]["all"] == 1


def test_a_message_may_go_without(stack: Stack, mailbox: Mailbox) -> None:
    """It leaves as it came, but for our header."""
    with stack.serving():
        send(stack, TEXT, "X-Track-Opens: off")
        (content,) = mailbox.wait_for(1)
        assert content == (HEAD + "\r\n" + TEXT).encode()


def test_the_workspace_has_the_last_word(stack: Stack, mailbox: Mailbox) -> None:
    """With opens off no message gets a pixel, whatever it asks for."""
    stack.config.write_text(stack.config.read_text().replace("opens = true\n", ""))
    with stack.serving():
        send(stack, TEXT, "X-Track-Opens: on")
        (content,) = mailbox.wait_for(1)
        assert content == (HEAD + "\r\n" + TEXT).encode()
    assert opens(stack)["messages"] == 0
