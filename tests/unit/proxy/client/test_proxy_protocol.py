"""What a PROXY header says of who connects."""

import asyncio
import struct

import pytest

from config.addresses import IpAddress, parse_ip
from proxy.client.proxy_protocol import BadProxyHeader, read_proxy_header
from proxy.client.trust import Client

PEER = parse_ip("192.0.2.1")
V2 = b"\r\n\r\n\0\r\nQUIT\n"


def v2(command: int, family: int, address: bytes) -> bytes:
    """Return a header of version 2."""
    return V2 + struct.pack("!BBH", 0x20 | command, family, len(address)) + address


async def client_of(octets: bytes) -> tuple[Client, bytes]:
    """Return the client that a header names, and what is left to read after it."""
    reader = asyncio.StreamReader()
    reader.feed_data(octets)
    reader.feed_eof()
    return await read_proxy_header(reader, PEER), await reader.read()


async def told(octets: bytes) -> tuple[IpAddress | None, bytes]:
    """Return the address alone of that client, and what is left to read."""
    client, rest = await client_of(octets)
    return client.address, rest


def tlv(kind: int, value: bytes) -> bytes:
    """Return a TLV of version 2."""
    return struct.pack("!BH", kind, len(value)) + value


ADDRESSES = bytes((203, 0, 113, 9, 192, 0, 2, 1, 1, 1, 0, 25))
CIPHER = tlv(0x21, b"TLSv1.3")


@pytest.mark.parametrize(
    ("header", "client"),
    [
        (b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 25\r\n", "203.0.113.9"),
        (b"PROXY TCP6 2001:db8::9 2001:db8::1 4711 25\r\n", "2001:db8::9"),
        (b"PROXY TCP6 ::ffff:203.0.113.9 ::1 4711 25\r\n", "203.0.113.9"),
        (v2(1, 0x11, bytes((203, 0, 113, 9, 192, 0, 2, 1, 1, 1, 0, 25))), "203.0.113.9"),
        (v2(1, 0x21, bytes(15) + b"\1" + bytes(15) + b"\1" + bytes(4)), "::1"),
    ],
)
async def test_a_header_names_the_client(header: bytes, client: str) -> None:
    """Both versions, both families; what follows stays to be read."""
    assert await told(header + b"EHLO x\r\n") == (parse_ip(client), b"EHLO x\r\n")


@pytest.mark.parametrize(
    ("tlvs", "tls"),
    [
        (tlv(0x20, b"\1" + bytes(4) + CIPHER), True),
        (tlv(0x20, b"\5" + bytes(4)), True),
        (tlv(0x05, b"id") + tlv(0x20, b"\1" + bytes(4)), True),
        (tlv(0x20, b"\0" + bytes(4)), False),
        (tlv(0x05, b"\x20"), False),
        (b"\x20\0\7\1", False),
        (b"", False),
    ],
)
async def test_a_header_tells_of_tls_that_was_ended(tlvs: bytes, tls: bool) -> None:  # noqa: FBT001
    """By the first bit of its TLV, whatever else is in there."""
    client, rest = await client_of(v2(1, 0x11, ADDRESSES + tlvs) + b"EHLO x\r\n")
    assert (client.address, client.tls, rest) == (parse_ip("203.0.113.9"), tls, b"EHLO x\r\n")


@pytest.mark.parametrize("tlvs", [tlv(0x20, b""), b"\x20"])
async def test_a_broken_tlv_is_refused(tlvs: bytes) -> None:
    """Nobody knows what it says."""
    with pytest.raises(BadProxyHeader):
        await client_of(v2(1, 0x11, ADDRESSES + tlvs))


async def test_a_load_balancer_may_speak_for_itself() -> None:
    """Its health checks are its own connections."""
    assert await told(v2(0, 0x00, b"")) == (PEER, b"")


@pytest.mark.parametrize(
    "header", [b"PROXY UNKNOWN\r\n", v2(1, 0x00, b""), v2(1, 0x31, bytes(216))]
)
async def test_a_client_without_an_internet_address_is_unknown(header: bytes) -> None:
    """The load balancer's own address must not stand for it."""
    assert await told(header) == (None, b"")


@pytest.mark.parametrize(
    "header",
    [
        b"EHLO client.test\r\n",
        b"PROXY TCP4 nonsense\r\n",
        b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 99999\r\n",
        V2 + b"\xff" * 4,
        v2(1, 0x11, bytes(3)),
    ],
)
async def test_what_is_no_header_is_refused(header: bytes) -> None:
    """A client that could leave it out could be anyone."""
    with pytest.raises(BadProxyHeader):
        await told(header)
