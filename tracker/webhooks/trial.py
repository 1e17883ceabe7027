"""An example event, sent now and once, to see whether a receiver takes it.

Owns: sending it as any event is sent.
Does not own: the attempt (`client`), the example (`tracker.outbox.events`), or how it is told
(`tracker.cli.operations.webhook`).
"""

import asyncio
import secrets
import ssl
import time
from dataclasses import dataclass

from config.keys.webhook_secrets import read_webhook_secrets
from config.schema import WebhookConfig
from tracker.outbox import events
from tracker.webhooks import signing
from tracker.webhooks.client import Answer, Client
from tracker.webhooks.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Trial:
    """What came back for the example, whose id is `event_id`, and after how long."""

    event_id: str
    answer: Answer
    took_s: float


def send_example(webhook: WebhookConfig, tls: ssl.SSLContext | None = None) -> Trial:
    """Send an example to a webhook, signed with the secrets of now; raises KeyFileError."""
    keys = read_webhook_secrets(webhook.secret_file)
    event_id, now_s = f"test-{secrets.token_hex(8)}", time.time()
    body = events.example(now_s)
    headers = signing.headers(event_id, now_s, body, keys)

    async def post() -> Answer:
        async with Client(webhook, Schedule().timeout_s, tls=tls) as client:
            return await client.post(body, headers, now_s)

    begun_s = time.monotonic()
    answer = asyncio.run(post())
    return Trial(event_id, answer, time.monotonic() - begun_s)
