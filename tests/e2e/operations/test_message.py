"""`waypost message`: an operator asks what became of a message, tracked or left untouched."""

import json
import smtplib
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients.programs import waypost
from tests.support.mail import html_message, link
from tests.support.stack import Mailbox, Stack

HEAD = (
    "From: Shop <shop@example.com>\r\nSubject: Your order\r\nMessage-ID: <order-7@example.com>\r\n"
)
ORDER = html_message(link("https://example.net/a"), head=HEAD)
STRANGE = ORDER.replace(b"shop@example.com>", b"shop@example.com>, b@example.com").replace(
    b"order-7", b"order-8"
)


def told(stack: Stack, name: str) -> list[dict[str, Any]]:
    """Return what is known of the messages that a name leads to."""
    done = waypost("message", "--json", "-c", stack.config, name)
    assert done.returncode == 0, done.stderr.decode()
    return list(json.loads(done.stdout))


@pytest.fixture
def sent(tmp_path: Path, mailbox: Mailbox) -> Stack:
    """Have an application hand in two messages, of which one cannot be tracked."""
    mailbox.reply = "250 2.0.0 Ok: queued as 4XyZ12"
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port).furnish()
    with stack.serving(), smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        for message in (ORDER, STRANGE):
            client.sendmail("shop@example.com", ["ann@example.org"], message)
        mailbox.wait_for(2)
    return stack


def test_a_message_is_found_by_all_of_its_names(sent: Stack) -> None:
    """Its Message-ID, its id in the log, its reader; and says what the log said."""
    (order,) = told(sent, "<order-7@example.com>")
    (copy,) = order["copies"]
    assert (copy["outcome"], copy["queue_id"], copy["subject"]) == (
        "delivered",
        "4XyZ12",
        "Your order",
    )
    assert (copy["sender"], copy["client"]) == ("shop@example.com", "127.0.0.1")
    assert order["message"] in sent.log.read_text()
    assert told(sent, order["message"]) == [order]
    assert order in told(sent, "Ann@example.org")
    assert [each["address"] for each in order["recipients"]] == ["ann@example.org"]


def test_a_message_left_untouched_says_why(sent: Stack) -> None:
    """The reason that the log has."""
    (strange,) = told(sent, "order-8@example.com")
    assert strange["copies"][0]["untouched"] == "several_from"
    assert strange["recipients"][0]["outcome"] == "delivered"


def test_who_is_forgotten_is_in_no_story(sent: Stack) -> None:
    """Neither in that of tracked mail, nor of mail that was left untouched."""
    done = waypost("forget", "-c", sent.config, "--json", "ann@example.org")
    assert json.loads(done.stdout)["details"] == 2
    assert waypost("message", "-c", sent.config, "ann@example.org").returncode == 1
    assert waypost("message", "-c", sent.config, "order-8@example.com").returncode == 1
