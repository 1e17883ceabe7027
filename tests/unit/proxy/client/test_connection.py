"""The connection to one client: lines, chunks, and what happens when it goes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from proxy.client.connection import ClientConnection, ClientGone, LineTooLong
from proxy.client.limits import RECEIVE_OCTETS, SESSION_BUFFER_OCTETS
from tests.support.clients.smtp_client import reset


@dataclass
class Pair:
    """Both ends of a connection."""

    connection: ClientConnection
    writer: asyncio.StreamWriter
    reader: asyncio.StreamReader

    async def arrived(self, octets: bytes) -> None:
        """Send `octets` and wait until they are here."""
        self.writer.write(octets)
        await self.writer.drain()
        await asyncio.sleep(0.02)


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    """Connect a client, and return both ends."""
    accepted: asyncio.Queue[ClientConnection] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    arriving = memoryview(bytearray(RECEIVE_OCTETS))
    server = await loop.create_server(
        lambda: ClientConnection(accepted.put_nowait, arriving), "127.0.0.1", 0
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    connection = await accepted.get()
    yield Pair(connection, writer, reader)
    writer.close()
    connection.abort()
    server.close()
    await asyncio.sleep(0)


async def test_lines_end_with_lf_and_may_have_cr(pair: Pair) -> None:
    """Shells and old clients end command lines with LF alone."""
    await pair.arrived(b"one\r\ntwo\nthr\ree\r\n\r\n")
    lines = [await pair.connection.line(100, 1) for _ in range(4)]
    assert lines == [b"one", b"two", b"thr\ree", b""]


async def test_a_line_may_come_in_pieces(pair: Pair) -> None:
    """Octet by octet, it is one line."""
    waiting = asyncio.create_task(pair.connection.line(100, 5))
    for octet in b"EHLO x\r\n":
        await pair.arrived(bytes((octet,)))
    assert await waiting == b"EHLO x"


@pytest.mark.parametrize("length", [100, 101, 5000, SESSION_BUFFER_OCTETS * 3])
async def test_a_line_that_is_too_long_is_read_to_its_end(pair: Pair, length: int) -> None:
    """The next line is whole again."""
    pair.writer.write(b"x" * length + b"\r\nnext\r\n")
    with pytest.raises(LineTooLong):
        await pair.connection.line(100, 5)
    assert await pair.connection.line(100, 5) == b"next"


async def test_a_line_has_one_patience(pair: Pair) -> None:
    """However the octets trickle."""
    await pair.arrived(b"half")
    with pytest.raises(TimeoutError):
        await pair.connection.line(100, 0.1)


async def test_the_next_line_can_be_looked_at(pair: Pair) -> None:
    """Only a whole one, and it stays until it is skipped."""
    await pair.arrived(b"RCPT a\r\nRCPT")
    assert pair.connection.next_line(100) == b"RCPT a"
    pair.connection.skip_line()
    assert pair.connection.next_line(100) is None


async def test_what_belongs_to_the_next_is_put_back(pair: Pair) -> None:
    """The octets after the end of DATA are commands."""
    await pair.arrived(b"data\r\n.\r\nQUIT\r\n")
    chunk = await pair.connection.chunk(1)
    pair.connection.unread(chunk[9:])
    assert await pair.connection.line(100, 1) == b"QUIT"


async def test_a_client_far_ahead_is_not_read_from(pair: Pair) -> None:
    """Memory is bounded by what one read may add to the limit."""
    pair.writer.write(b"x" * 20_000_000)
    await asyncio.sleep(0.1)
    assert len(pair.connection._received) <= SESSION_BUFFER_OCTETS + 1024 * 1024
    total = 0
    while total < 20_000_000:
        total += len(await pair.connection.chunk(5))


async def test_a_half_closed_client_is_read_to_its_end(pair: Pair) -> None:
    """And then it is gone, but still hears."""
    await pair.arrived(b"QUIT\r\n")
    pair.writer.write_eof()
    await asyncio.sleep(0.02)
    assert not pair.connection.finished
    assert await pair.connection.line(100, 1) == b"QUIT"
    assert pair.connection.finished
    assert not pair.connection.lost
    with pytest.raises(ClientGone):
        await pair.connection.line(100, 1)
    pair.connection.send(b"221 bye\r\n")
    assert await pair.reader.readline() == b"221 bye\r\n"


async def test_a_lost_client_swallows_replies(pair: Pair) -> None:
    """Writing to nobody is no error; reading is."""
    reset(pair.writer)
    await asyncio.sleep(0.02)
    assert pair.connection.lost
    pair.connection.send(b"250 ok\r\n")
    await pair.connection.drain()
    with pytest.raises(ClientGone):
        await pair.connection.chunk(1)
