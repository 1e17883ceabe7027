"""What signing asks of mail, through the whole of Waypost: lines that are too long, mail that is all signed."""

import email
import email.policy
import re
import smtplib
from pathlib import Path

import pytest

from config.keys.dkim_keys import read_dkim_key
from proxy.signing.signer import Signer
from tests.support.checks.verifiers import dkimpy_verdict
from tests.support.mail import HEAD, html_message, link
from tests.support.stack import Mailbox, Stack

URL = "https://shop.example.com/a"
TRACKED = re.compile(r"http://127\.0\.0\.1:\d+/c/[\w-]+")
LONG = "<p>" + "caf\u00e9 " * 300 + f"{link(URL)}</p>\r\n"


def send(stack: Stack, message: bytes) -> None:
    """Send as an application would."""
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        client.sendmail("bounces@example.com", ["reader@example.org"], message)


def is_valid(stack: Stack, message: bytes) -> bool:
    """Tell whether the signature of `waypost init`'s key verifies."""
    signer = Signer("example.com", "waypost1", read_dkim_key(stack.folder / "dkim.pem"))
    return dkimpy_verdict(message, {signer.record_name: signer.record.encode()})


def html_of(message: bytes) -> str:
    """Return the HTML that a reader sees."""
    return str(email.message_from_bytes(message, policy=email.policy.default).get_content())


def test_long_lines_go_out_as_quoted_printable_where_that_is_wanted(
    tmp_path: Path, mailbox: Mailbox
) -> None:
    """Its reader sees the same."""
    message = html_message(LONG)
    stack = Stack(tmp_path / "waypost", mailbox.port).furnish(tracking='long_lines = "reencode"')
    with stack.serving():
        send(stack, message)
        (mended,) = mailbox.wait_for(1)
    assert max(map(len, mended.split(b"\r\n"))) <= 998
    assert is_valid(stack, mended)
    assert TRACKED.sub(URL, html_of(mended)) == html_of(message)
    assert TRACKED.search(html_of(mended))


PLAIN = HEAD.encode() + b"\r\nHello\r\n"
REFUSED = [
    (PLAIN.replace(b"Hello", b"Hel\nlo"), b"5.6.11 Bare <CR> or <LF> in the message"),
    (PLAIN.replace(b"From:", b"X-From:"), b"that takes one From with one address"),
    (
        PLAIN.replace(b"From:", b"From: Other <other@example.com>\r\nFrom:"),
        b"that takes one From with one address",
    ),
    (PLAIN.replace(b"Subject:", b"no field\r\nSubject:"), b"a header of Name: value lines"),
]


def test_where_all_mail_is_signed_that_is_said_of_what_cannot_be(
    tmp_path: Path, mailbox: Mailbox
) -> None:
    """For good and with the cure, and nothing of it reaches the relay; what can be signed is."""
    stack = Stack(tmp_path / "waypost", mailbox.port).furnish()
    config = stack.config.read_text()
    stack.config.write_text(config.replace("[[sender.dkim]]", 'sign = "always"\n[[sender.dkim]]'))
    with stack.serving():
        for message, cure in REFUSED:
            with pytest.raises(smtplib.SMTPDataError) as refusal:
                send(stack, message)
            assert refusal.value.smtp_code == 550
            assert cure in refusal.value.smtp_error
        send(stack, PLAIN)
    (signed,) = mailbox.wait_for(1)
    assert signed.endswith(PLAIN)
    assert is_valid(stack, signed)
