"""The main job: send, receive, click, count."""

import base64
import email
import email.policy
import http.client
import re
import signal
import smtplib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import dkim
import pytest

from tests.support.readers.readers import BROWSER
from tests.support.stack import Mailbox, Stack

HTML = (
    '<p><a href="https://shop.example.com/orders?id=7&amp;copy=2#top">Order</a>\r\n'
    '<a class="untracked" href="https://shop.example.com/account">Account</a>\r\n'
    '<a href="mailto:shop@example.com">Write</a></p>\r\n'
)
DESTINATION = "https://shop.example.com/orders?id=7&copy=2#top"
TRACKED = re.compile(rb'href="(http://127\.0\.0\.1:\d+/c/[A-Za-z0-9_-]+)"')


def message(html: str = HTML, extra: str = "") -> bytes:
    """Build a multipart message as applications send it."""
    return (
        f"{extra}From: Shop <shop@example.com>\r\nTo: reader@example.net\r\nSubject: Your order\r\n"
        "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <order-7@example.com>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nYour order: https://shop.example.com/\r\n"
        f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--b--\r\n"
    ).encode()


def send(stack: Stack, content: bytes, *recipients: str) -> None:
    """Send through the proxy as an application would."""
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        client.sendmail("bounces@example.com", recipients or ["reader@example.net"], content)


def follow(url: str, method: str = "GET") -> http.client.HTTPResponse:
    """Request a tracked link as a browser does, without going on to where it leads."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.request(method, parts.path, headers=BROWSER)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def links(content: bytes) -> list[str]:
    """Return the tracked links of a message that came out of the proxy as 8-bit text."""
    return [found.decode() for found in TRACKED.findall(content)]


@pytest.fixture
def serving(stack: Stack) -> Iterator[subprocess.Popen[bytes]]:
    """Run proxy and tracker together."""
    with stack.serving() as process:
        yield process


@pytest.mark.usefixtures("serving")
def test_message_arrives_with_tracked_links_and_nothing_else_changed(
    stack: Stack, mailbox: Mailbox
) -> None:
    """Undoing the href gives the original message, after our signature."""
    send(stack, message())
    (content,) = mailbox.wait_for(1)
    (link,) = links(content)
    restored = content.replace(link.encode(), DESTINATION.replace("&", "&amp;").encode())
    assert restored.endswith(message().rstrip(b"\r\n") + b"\r\n")
    assert restored.startswith(b"DKIM-Signature:")


@pytest.mark.usefixtures("serving")
def test_click_arrives_exactly_where_the_author_wrote(stack: Stack, mailbox: Mailbox) -> None:
    """The destination is the href's value as a browser decodes it, to the byte."""
    send(stack, message())
    (link,) = links(mailbox.wait_for(1)[0])
    response = follow(link)
    assert (response.status, response.headers["Location"]) == (302, DESTINATION)


@pytest.mark.usefixtures("serving")
def test_click_is_counted_for_its_reader(stack: Stack, mailbox: Mailbox) -> None:
    """Two clicks of one reader are two clicks and one clicker, doubtful so soon after sending."""
    send(stack, message(extra="X-Track-Campaign: orders\r\n"))
    (link,) = links(mailbox.wait_for(1)[0])
    for _ in range(2):
        follow(link)
    totals = stack.report()["totals"]
    clicked = {
        "messages": 1,
        "deliveries": 1,
        "clicked_deliveries": 1,
        "clicks": {"human": 2, "doubtful": 2, "all": 2},
        "unique_clickers": {"human": 1, "doubtful": 1, "all": 1},
        "click_rate": 1.0,
        "shared": {"messages": 0, "recipients": 0, "clicks": 0},
    }
    assert totals == clicked


@pytest.mark.usefixtures("serving")
def test_what_a_machine_has_fetched_is_no_click_of_its_reader(
    stack: Stack, mailbox: Mailbox
) -> None:
    """Nor is what comes from the same place soon after it: a filter that looks twice."""
    send(stack, message())
    (link,) = links(mailbox.wait_for(1)[0])
    follow(link)
    assert stack.report()["totals"]["clicks"] == {"human": 1, "doubtful": 1, "all": 1}
    follow(link, "HEAD")
    totals = stack.report()["totals"]
    assert totals["clicks"] == {"human": 0, "doubtful": 0, "all": 2}
    assert (totals["clicked_deliveries"], totals["click_rate"]) == (0, 0.0)


@pytest.mark.usefixtures("serving")
def test_report_names_campaign_and_link(stack: Stack, mailbox: Mailbox) -> None:
    """The campaign comes from the header, the link from the message."""
    send(stack, message(extra="X-Track-Campaign: orders\r\n"))
    follow(links(mailbox.wait_for(1)[0])[0])
    report = stack.report()
    assert [row["campaign"] for row in report["campaigns"]] == ["orders"]
    clicked = [row for row in report["links"] if row["clicks"]["all"]]
    assert [row["url"] for row in clicked] == [DESTINATION]


@pytest.mark.usefixtures("serving")
def test_message_with_tracking_off_is_byte_identical(stack: Stack, mailbox: Mailbox) -> None:
    """Only the header that said so is gone."""
    send(stack, message(extra="X-Track-Links: off\r\n"))
    assert mailbox.wait_for(1)[0] == message()


@pytest.mark.usefixtures("serving")
def test_untracked_link_and_other_schemes_stay(stack: Stack, mailbox: Mailbox) -> None:
    """`class="untracked"` and `mailto:` leave as they were written."""
    send(stack, message())
    (content,) = mailbox.wait_for(1)
    assert b'class="untracked" href="https://shop.example.com/account"' in content
    assert b'href="mailto:shop@example.com"' in content


@pytest.mark.usefixtures("serving")
def test_several_recipients_share_one_copy_whose_click_is_nobodys(
    stack: Stack, mailbox: Mailbox
) -> None:
    """A shared token counts as a click, and makes no clicker."""
    send(stack, message(), "a@example.net", "b@example.net")
    follow(links(mailbox.wait_for(1)[0])[0])
    totals = stack.report()["totals"]
    assert (totals["messages"], totals["deliveries"]) == (1, 0)
    assert totals["shared"] == {"messages": 1, "recipients": 2, "clicks": 1}
    assert totals["clicks"]["human"] == totals["clicks"]["all"] == 1
    assert totals["unique_clickers"] == {"human": 0, "doubtful": 0, "all": 0}
    assert totals["click_rate"] is None


@pytest.mark.usefixtures("serving")
def test_signature_verifies(stack: Stack, mailbox: Mailbox) -> None:
    """The DNS record that `waypost dns` prints verifies the message that left."""
    send(stack, message())
    (content,) = mailbox.wait_for(1)
    key = (stack.folder / "dkim.pem").read_bytes()
    record = public_record(key)
    assert dkim.verify(content, dnsfunc=lambda *_a, **_k: record)


def public_record(private_pem: bytes) -> bytes:
    """Return the DKIM record of a key, made without our own code."""
    der = subprocess.run(
        ["openssl", "rsa", "-pubout", "-outform", "DER"],
        input=private_pem, capture_output=True, check=True,
    ).stdout  # fmt: skip
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)


def test_mail_goes_on_while_the_store_is_unavailable(stack: Stack, mailbox: Mailbox) -> None:
    """A file that is no database breaks neither mail nor redirects."""
    stack.database.write_bytes(b"no database" * 1000)
    with stack.serving():
        send(stack, message())
        (link,) = links(mailbox.wait_for(1)[0])
        assert follow(link).headers["Location"] == DESTINATION


def test_relay_down_is_a_421_at_ehlo(stack: Stack, mailbox: Mailbox, tmp_path: Path) -> None:
    """The client hears 421 4.4.1; the cause stands in our log only."""
    dead = Stack(folder=tmp_path / "dead", relay=1).furnish()
    with dead.serving(), smtplib.SMTP(timeout=60) as client:
        client.connect("127.0.0.1", dead.smtp)
        code, text = client.ehlo("app.example.com")
        assert (code, text[:5]) == (421, b"4.4.1")
        assert b"refused" not in text.lower()
    assert mailbox.received == []


def test_stops_cleanly_on_sigterm(stack: Stack) -> None:
    """SIGTERM ends an idle Waypost within seconds, with status 0."""
    with stack.serving() as process:
        stack.wait_for_log("proxy_ready", "tracker_ready")
        process.terminate()
        assert process.wait(60) == 0


def test_readers_arrive_while_the_last_message_goes_through(stack: Stack, mailbox: Mailbox) -> None:
    """A stop that waits for a transaction leaves the links of delivered mail alive."""
    with stack.serving() as process, smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        send(stack, message())
        (link,) = links(mailbox.wait_for(1)[0])
        client.ehlo()
        client.mail("bounces@example.com")
        client.rcpt("reader@example.net")
        process.terminate()
        stack.wait_for_log("proxy_stopping")
        time.sleep(1)
        assert follow(link).headers["Location"] == DESTINATION
        assert client.data(message())[0] == 250
        client.quit()
        assert process.wait(60) == 0
    assert len(mailbox.received) == 2


def test_message_parses_the_same_for_readers(stack: Stack, mailbox: Mailbox) -> None:
    """The plain part, the structure and every header field are what was sent."""
    with stack.serving():
        send(stack, message())
        (content,) = mailbox.wait_for(1)
    before = email.message_from_bytes(message(), policy=email.policy.SMTP)
    after = email.message_from_bytes(content, policy=email.policy.SMTP)
    assert [item for item in after.items() if item[0] != "DKIM-Signature"] == before.items()
    assert after.get_body(("plain",)).get_content() == before.get_body(("plain",)).get_content()


def test_sighup_reads_the_configuration_again(stack: Stack, mailbox: Mailbox) -> None:
    """Tracking switched off in the file is off after SIGHUP, and nobody was turned away."""
    with stack.serving() as process:
        stack.wait_for_log("proxy_ready", "tracker_ready")
        text = stack.config.read_text()
        stack.config.write_text(text.replace("[tracking]\n", "[tracking]\nenabled = false\n"))
        process.send_signal(signal.SIGHUP)
        stack.wait_for_log("proxy_reloaded", "tracker_reloaded")
        send(stack, message())
        assert mailbox.wait_for(1)[0] == message()
