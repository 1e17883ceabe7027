"""An operator who comes from elsewhere: their headers, attributes and wishes, through real sockets."""

import http.client
import re
import smtplib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.clients.programs import waypost
from tests.support.mail import html_message, link
from tests.support.readers.readers import BROWSER
from tests.support.stack import Mailbox, Stack

URL = "https://shop.example.com/a"
TRACKING = """\
untracked_hosts = ["bank.example"]
[tracking.url_params]
utm_campaign = "{campaign}"
"""
TRACKED = re.compile(rb'href="(http://127\.0\.0\.1:\d+/c/[\w-]+)"')


@pytest.fixture
def tracking(tmp_path: Path, mailbox: Mailbox) -> Stack:
    """Furnish a Waypost with parameters and an untracked host."""
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port)
    return stack.furnish(tracking=TRACKING)


def send(stack: Stack, *messages: bytes) -> None:
    """Send as an application would."""
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        for message in messages:
            client.sendmail("bounces@example.com", ["Reader@example.org"], message)


def location(url: str) -> str | None:
    """Return where a tracked link leads."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.request("GET", parts.path, headers=BROWSER)
    found = connection.getresponse().getheader("Location")
    connection.close()
    return found


def test_mail_written_for_others_keeps_its_meaning(tracking: Stack, mailbox: Mailbox):
    """A campaign by Postmark's header, an opt-out by SendGrid's attribute, parameters by ours."""
    html = link(URL + "#top") + link(URL, "clicktracking=off") + link("https://www.bank.example/")
    with tracking.serving():
        send(tracking, html_message(html, "X-PM-Tag: spring sale", "X-Track-Person: 4711"))
        (content,) = mailbox.wait_for(1)
        (tracked,) = TRACKED.findall(content)
        assert location(tracked.decode()) == URL + "?utm_campaign=spring%20sale#top"
    assert b"X-PM-Tag: spring sale\r\n" in content
    assert b"X-Track" not in content
    report = tracking.report()
    assert [each["campaign"] for each in report["campaigns"]] == ["spring sale"]
    assert report["totals"]["clicks"]["all"] == 1


def test_a_person_can_withdraw_consent_while_the_proxy_runs(tracking: Stack, mailbox: Mailbox):
    """From the next message on their mail is left as it came."""
    message = html_message(link(URL))
    with tracking.serving():
        send(tracking, message)
        done = waypost("consent", "-c", tracking.config, "reader@example.org", "none")
        assert done.stdout == b"reader@example.org: none\n"
        send(tracking, message)
        before, after = mailbox.wait_for(2)
    assert TRACKED.search(before)
    assert after == message


def test_explain_tells_what_serve_does(tracking: Stack, mailbox: Mailbox, tmp_path: Path):
    """The same links are tracked, and the same ones are not."""
    message = html_message(link(URL) + link(URL + "?reset_token=abcdef"), "X-Track-Campaign: x")
    (tmp_path / "message.eml").write_bytes(message)
    told = waypost("explain", "-c", tracking.config, tmp_path / "message.eml")
    assert b"1 links tracked, 1 left alone" in told.stdout
    with tracking.serving():
        send(tracking, message)
        (content,) = mailbox.wait_for(1)
    assert len(TRACKED.findall(content)) == 1
    assert b"reset_token=abcdef" in content
