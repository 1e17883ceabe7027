"""Clients that are strangers, log in or encrypt, and the mail of theirs that was trusted.

Owns: a relay that offers logins, a certificate for the proxy, and spying on whose mail is trusted.
Does not own: the proxy and its usual relay (`session_fixtures`).
"""

import ssl
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import trustme

from config.addresses import parse_ip
from proxy.delivery.delivery import Delivery
from tests.support.clients.smtp_client import Dialogue
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay

MECHANISMS = "AUTH PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS GSSAPI EXTERNAL"
LOOPBACK = ["127.0.0.0/8"]


def away(monkeypatch: pytest.MonkeyPatch, address: str = "203.0.113.9") -> None:
    """Make every client of the proxy appear to come from `address`."""
    monkeypatch.setattr("proxy.server.server.parse_ip", lambda _host: parse_ip(address))


@pytest.fixture
def relay_with_auth(relay: ScriptedRelay) -> ScriptedRelay:
    """Let the relay offer logins."""
    relay.extensions = (*EXTENSIONS, MECHANISMS)
    return relay


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    """Return an authority whose certificate for the proxy stands in tmp_path."""
    authority = trustme.CA()
    issued = authority.issue_cert("proxy.test", "127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "proxy.pem"))
    return authority


@cache
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    """Return the TLS context of a client that trusts `authority` alone."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def start_tls(client: Dialogue, authority: trustme.CA) -> None:
    """Encrypt a session from here on."""
    assert (await client.ask(b"STARTTLS")).code == 220
    await client.writer.start_tls(client_context(authority), server_hostname="proxy.test")


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Note for each message whether it was trusted."""
    seen: list[bool] = []
    deliver = Delivery.deliver

    async def noting(self: Delivery, *args: Any, trusted: bool, **kwargs: Any) -> Any:
        seen.append(trusted)
        return await deliver(self, *args, trusted=trusted, **kwargs)

    monkeypatch.setattr(Delivery, "deliver", noting)
    return seen


async def send(client: Dialogue) -> None:
    """Send one message."""
    await client.transaction()
    assert (await client.message(b"Subject: x\r\n\r\n")).code == 250
