"""The relay of the demo: an inbox in memory that takes every message.

Owns: SMTP with the proxy, and the queue ids under which messages are kept.
Does not own: what is shown of them (`waypost_demo.received`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import NamedTuple

from aiosmtpd.smtp import SMTP, Envelope, Session

FULL = "mailbox-full@"
"""Whoever is called so has no room, so that a refusal can be tried."""
FULL_REPLY = "552 5.2.2 Mailbox full"
_FIRST_ID = 0x4F21A0


def queued(queue_id: str) -> str:
    """Return the reply to a message that is kept as `queue_id`."""
    return f"250 2.0.0 Ok: queued as {queue_id}"


class Received(NamedTuple):
    """A message as it came, and the queue id that the proxy heard."""

    queue_id: str
    content: bytes


@dataclass
class Inbox:
    """Takes every message, and keeps it in memory."""

    messages: list[Received] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep what came, as it came."""
        if any(address.startswith(FULL) for address in envelope.rcpt_tos):
            return FULL_REPLY
        queue_id = f"{_FIRST_ID + len(self.messages):X}"
        self.messages.append(Received(queue_id, bytes(envelope.original_content or b"")))
        return queued(queue_id)


@contextlib.asynccontextmanager
async def listening(inbox: Inbox) -> AsyncIterator[int]:
    """Serve `inbox` over SMTP while the block runs; yields its port on the loopback."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(inbox, hostname="inbox.demo.test", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]
