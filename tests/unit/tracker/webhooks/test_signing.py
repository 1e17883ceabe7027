"""Signatures of events, as the library of receivers verifies them."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from tracker.webhooks import signing

KEYS = st.binary(min_size=24, max_size=64)


def library(secret: bytes) -> Webhook:
    """Return what a receiver with this secret verifies with."""
    return Webhook("whsec_" + base64.b64encode(secret).decode())


@given(KEYS, st.text())
def test_the_library_takes_what_was_signed(secret: bytes, text: str) -> None:
    """Whatever it says."""
    body = f'"{text.encode("ascii", "backslashreplace").hex()}"'.encode()
    headers = signing.headers("a1", time.time(), body, [secret])
    library(secret).verify(body, headers)


def test_each_of_two_secrets_is_enough() -> None:
    """While one takes the place of the other; a third is not."""
    headers = signing.headers("a1", time.time(), b"{}", [bytes(24), b"x" * 24])
    for secret in (bytes(24), b"x" * 24):
        library(secret).verify(b"{}", headers)
    with pytest.raises(WebhookVerificationError):
        library(b"y" * 24).verify(b"{}", headers)


def test_another_body_id_or_time_is_refused() -> None:
    """All three are signed."""
    now_s = time.time()
    headers = signing.headers("a1", now_s, b"{}", [bytes(24)])
    for changed in ({"webhook-id": "a2"}, {"webhook-timestamp": str(int(now_s) + 1)}):
        with pytest.raises(WebhookVerificationError):
            library(bytes(24)).verify(b"{}", headers | changed)
    with pytest.raises(WebhookVerificationError):
        library(bytes(24)).verify(b"{ }", headers)
