"""Clients from elsewhere, as a load balancer's PROXY header names them; logins want TLS of them.

Owns: the proxy's listener for them, and how they come.
Does not own: what they say (`smtp_client`).
"""

from pathlib import Path
from typing import Any

import trustme

from tests.support.clients.smtp_client import Dialogue
from tests.support.identity_fixtures import LOOPBACK, client_context
from tests.support.session_fixtures import Proxy


async def come_as(
    proxy: Proxy, address: str, *, authority: trustme.CA | None = None, greet: bool = True
) -> Dialogue:
    """Connect as a client at `address` behind a load balancer; with `authority`, begin TLS then.

    With `greet` the session is past EHLO.
    """
    client = await connect_as(proxy.port, address, authority)
    proxy.clients.append(client)
    if greet:
        assert (await client.reply()).code == 220
        assert (await client.ask(b"EHLO client.test")).code == 250
    return client


async def connect_as(port: int, address: str, authority: trustme.CA | None = None) -> Dialogue:
    """Connect to any such listener; with `authority`, the greeting comes over TLS."""
    client = await Dialogue.connect(port)
    family = b"TCP6 %s ::1" if ":" in address else b"TCP4 %s 127.0.0.1"
    client.send(b"PROXY " + family % address.encode() + b" 4711 465\r\n")
    if authority is not None:
        await client.writer.start_tls(client_context(authority), server_hostname="proxy.test")
    return client


def behind_balancer(folder: Path, **keys: Any) -> dict[str, Any]:
    """Return a table `[proxy]` for `come_as` with an authority; `keys` add to it."""
    return {
        "listen": [],
        "listen_tls": ["127.0.0.1:0"],
        "tls_cert": str(folder / "proxy.pem"),
        "proxy_protocol_networks": LOOPBACK,
        **keys,
    }
