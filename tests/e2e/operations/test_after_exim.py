"""Waypost behind Exim, which hands it the mail of its own users, as docs/recipes.md has it."""

import smtplib
from collections.abc import Iterator

import pytest

from tests.support.mail import ORDER, ORDER_LINK
from tests.support.recipes import recipe
from tests.support.relays.postfix import Postfix
from tests.support.relays.private_relays import exim_running
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until

SECTION = "After Exim"


@pytest.fixture
def exim(stack: Stack) -> Iterator[Postfix]:
    """Run an Exim with router and transport of the page, which delivers the rest by itself."""
    folder = "/etc/exim4/conf.d"
    own = {"127.0.0.1::2525": f"127.0.0.1::{stack.smtp}"}
    router = recipe(SECTION, f"{folder}/router/150_waypost", own)
    transport = recipe(SECTION, f"{folder}/transport/30_waypost", {})
    with stack.serving(), exim_running(first=router, transports=transport) as running:
        yield running


def send(exim: Postfix, recipient: str, source: str = "127.0.0.1") -> None:
    """Send to Exim from an address of the loopback."""
    with smtplib.SMTP("127.0.0.1", exim.port, timeout=60, source_address=(source, 0)) as client:
        client.sendmail("shop@example.com", [recipient], ORDER)


def test_mail_of_this_machine_is_tracked_and_signed(exim: Postfix, mailbox: Mailbox) -> None:
    """By way of Waypost it comes to the relay."""
    send(exim, "reader@example.net")
    (content,) = mailbox.wait_for(1)
    assert content.startswith(b"DKIM-Signature:")
    assert ORDER_LINK not in content
    assert exim.delivered() == []


@pytest.mark.parametrize(
    ("recipient", "source"),
    [("reader@example.net", "127.0.0.2"), ("someone@exim.test", "127.0.0.1")],
    ids=["of the world", "for its own domain"],
)
def test_other_mail_never_comes_to_waypost(
    exim: Postfix, mailbox: Mailbox, recipient: str, source: str
) -> None:
    """As nothing there could tell that it is not this machine's."""
    send(exim, recipient, source)
    (stored,) = exim.wait_for(1)
    assert ORDER_LINK in stored
    assert b"DKIM-Signature:" not in stored
    assert mailbox.received == []


def test_what_the_relay_does_not_take_now_waits_at_exim(exim: Postfix, mailbox: Mailbox) -> None:
    """The client has heard 250 of Exim, whose queue it is in."""
    mailbox.later = {"reader@example.net"}
    send(exim, "reader@example.net")
    until(lambda: mailbox.put_off)
    send(exim, "other@example.net")
    mailbox.wait_for(1)
    assert [name for envelope in mailbox.received for name in envelope.rcpt_tos] == [
        "other@example.net"
    ]
    assert list((exim.folder / "spool" / "input").rglob("*-H"))
