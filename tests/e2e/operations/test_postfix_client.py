"""Postfix hands its mail to Waypost, which hands it to another Postfix."""

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.keys.dkim_keys import dkim_record
from tests.support.checks.verifiers import dkimpy_verdict, mail_dkim_verdicts, opendkim_verdicts
from tests.support.relays.postfix import Postfix, postfix_running, sent
from tests.support.stack import Stack
from tests.support.waiting import until

MESSAGE = (
    b"From: Shop <shop@example.com>\r\nTo: reader@example.net\r\nSubject: Your order\r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <order-7@example.com>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b'<p><a href="https://shop.example.com/orders?id=7&amp;copy=2">Order</a></p>\r\n'
)


@pytest.fixture
def furnished(postfix: Postfix, tmp_path: Path) -> Stack:
    """Furnish a Waypost whose relay is a real Postfix."""
    return Stack(folder=tmp_path / "waypost", relay=postfix.port).furnish()


@pytest.fixture
def client(furnished: Stack) -> Iterator[Postfix]:
    """Run a Postfix that sends everything through Waypost."""
    settings = {
        "virtual_mailbox_domains": "",
        "relayhost": f"[127.0.0.1]:{furnished.smtp}",
        "smtpd_recipient_restrictions": "permit_mynetworks, reject",
        "header_checks": "",
    }
    with furnished.serving(), postfix_running(settings) as running:
        yield running


def submit(client: Postfix, recipient: str, message: bytes = MESSAGE) -> None:
    """Leave a message in the queue of the sending Postfix."""
    with smtplib.SMTP("127.0.0.1", client.port, timeout=60) as connection:
        connection.sendmail("bounces@example.com", [recipient], message)


def wait_for_bounce(client: Postfix) -> None:
    """Wait until the sending Postfix has given up on a message."""
    until(lambda: "status=bounced" in client.log, seen=lambda: client.log)


def test_delivered_message_is_tracked_and_three_verifiers_accept_its_signature(
    client: Postfix, postfix: Postfix, furnished: Stack, tmp_path: Path
) -> None:
    """Two real hops later the link is ours, and dkimpy, OpenDKIM and Mail::DKIM are content."""
    submit(client, "reader@example.net")
    delivered = sent(postfix.wait_for(1)[-1])
    assert f'href="http://127.0.0.1:{furnished.http}/c/'.encode() in delivered
    key = dkim_record((furnished.folder / "dkim.pem").read_bytes()).encode()
    records = {"waypost1._domainkey.example.com": key}
    assert dkimpy_verdict(delivered, records)
    assert opendkim_verdicts([delivered], records, tmp_path)[0].endswith("succeeded")
    assert mail_dkim_verdicts([delivered], records, tmp_path) == ["pass"]


def test_refusal_of_the_relay_reaches_the_sending_postfix_in_its_words(
    client: Postfix, postfix: Postfix
) -> None:
    """What the relay says of a recipient stands in the sender's log as the relay said it."""
    assert postfix.port
    submit(client, "refused@example.net")
    wait_for_bounce(client)
    assert "550 5.1.1 <refused@example.net>: Recipient address rejected" in client.log
    assert "nobody of that name here" in client.log


def test_refusal_at_the_dot_reaches_the_sending_postfix_in_the_relays_words(
    client: Postfix, postfix: Postfix
) -> None:
    """What the relay says of a message stands in the sender's log as the relay said it."""
    assert postfix.port
    submit(client, "reader@example.net", b"X-Refuse: not this one\r\n" + MESSAGE)
    wait_for_bounce(client)
    assert "550 5.7.1 not this one (in reply to end of DATA command)" in client.log
