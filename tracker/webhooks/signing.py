"""The headers by which a receiver knows that an event is ours (Standard Webhooks 1.0.0).

Owns: what is signed, and how that is written.
Does not own: the secrets (`config.keys.webhook_secrets`), or the event (`tracker.outbox.events`).
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable

Headers = dict[str, str]


def headers(event_id: str, at_s: float, body: bytes, secrets: Iterable[bytes]) -> Headers:
    """Return the headers of an attempt at a moment: one signature for each secret.

    `event_id` has no full stop, which stands between what is signed.
    """
    told = f"{event_id}.{int(at_s)}.".encode() + body
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at_s)),
        "webhook-signature": " ".join(_signature(secret, told) for secret in secrets),
    }


def _signature(secret: bytes, told: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(secret, told, hashlib.sha256)).decode("ascii")
