"""Load balancers that say whom they speak for: the PROXY protocol."""

import struct

import pytest

from tests.support.identity_fixtures import LOOPBACK, send
from tests.support.session_fixtures import StartProxy

V2 = b"\r\n\r\n\0\r\nQUIT\n"


def v2(command: int, family: int, address: bytes) -> bytes:
    """Return a PROXY header of version 2."""
    return V2 + struct.pack("!BBH", 0x20 | command, family, len(address)) + address


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 25\r\n", True),
        (b"PROXY TCP6 ::1 ::1 4711 25\r\n", True),
        (v2(1, 0x11, bytes((192, 0, 2, 7, 192, 0, 2, 1, 1, 1, 0, 25))), True),
        (v2(0, 0x00, b""), True),
    ],
)
async def test_a_proxy_header_tells_the_client(
    header: bytes, expected: int, start_proxy: StartProxy, trusted: list[bool]
) -> None:
    """Both versions; a health check of the load balancer speaks for itself."""
    proxy = await start_proxy(
        proxy={"proxy_protocol_networks": LOOPBACK, "trusted_networks": ["192.0.2.0/24"]}
    )
    client = await proxy.dial(greet=False)
    client.send(header)
    assert (await client.reply()).code == 220
    await client.ask(b"EHLO client.test")
    await send(client)
    assert trusted == [expected]


@pytest.mark.parametrize(
    "header", [b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 25\r\n", b"PROXY UNKNOWN\r\n"]
)
async def test_a_stranger_behind_a_load_balancer_must_log_in(
    header: bytes, start_proxy: StartProxy
) -> None:
    """The load balancer's own address lends no trust."""
    proxy = await start_proxy(proxy={"proxy_protocol_networks": LOOPBACK})
    client = await proxy.dial(greet=False)
    client.send(header)
    await client.reply()
    await client.ask(b"EHLO client.test")
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 530


@pytest.mark.parametrize(
    "header",
    [
        b"EHLO client.test\r\n",
        b"PROXY TCP4 nonsense\r\n",
        b"PROXY " + b"x" * 5000,
        V2 + b"\xff" * 4,
    ],
)
async def test_without_a_proper_proxy_header_nobody_is_served(
    header: bytes, start_proxy: StartProxy
) -> None:
    """Whoever could leave it out could be anyone."""
    proxy = await start_proxy(proxy={"proxy_protocol_networks": LOOPBACK})
    client = await proxy.dial(greet=False)
    client.send(header)
    assert await client.at_end()
