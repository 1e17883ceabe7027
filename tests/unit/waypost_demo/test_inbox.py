"""The relay of the demo, over real SMTP."""

import smtplib
from asyncio import to_thread

import pytest

from proxy.smtp.queue_id import queue_id
from proxy.smtp.replies import Reply
from waypost_demo.inbox import FULL_REPLY, Inbox, listening, queued

CONTENT = b"From: shop@example.com\r\nSubject: =?utf-8?q?gr=C3=BCn?=\r\n\r\nHi.\r\n"


def deliver(port: int, recipient: str) -> None:
    """Send a message as any program would."""
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.sendmail("shop@example.com", recipient, CONTENT)


async def test_the_inbox_keeps_what_comes_as_it_came() -> None:
    """Octet for octet."""
    inbox = Inbox()
    async with listening(inbox) as port:
        await to_thread(deliver, port, "reader@example.net")
    assert [each.content for each in inbox.messages] == [CONTENT]


async def test_each_message_has_a_queue_id_of_its_own_that_the_proxy_understands() -> None:
    """By it the message is found in the store."""
    inbox = Inbox()
    async with listening(inbox) as port:
        for _ in range(2):
            await to_thread(deliver, port, "reader@example.net")
    ids = [each.queue_id for each in inbox.messages]
    assert len(set(ids)) == 2
    for each in ids:
        code, _, text = queued(each).partition(" ")
        assert queue_id(Reply(int(code), (text.encode(),))) == each


async def test_a_full_mailbox_refuses() -> None:
    """So a refusal can be looked at, too."""
    inbox = Inbox()
    async with listening(inbox) as port:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await to_thread(deliver, port, "mailbox-full@example.net")
    assert FULL_REPLY.startswith(str(refused.value.smtp_code))
    assert inbox.messages == []
