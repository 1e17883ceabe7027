"""The connection to one client: lines, chunks, and what happens when it goes."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
import uvloop

from config.keys.certificates import server_context
from proxy.client.connection import ClientConnection, ClientGone, LineTooLong
from proxy.client.limits import (
    RECEIVE_OCTETS,
    RECEIVE_OF_MESSAGE_OCTETS,
    SESSION_BUFFER_OCTETS,
)
from tests.support.clients.smtp_client import reset
from tests.support.identity_fixtures import client_context
from tests.support.waiting_in_loop import until


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


async def test_more_is_read_at_a_time_while_a_message_comes(pair: Pair) -> None:
    """What a client says ahead of us is bounded more tightly."""
    arriving = memoryview(bytearray(2 * RECEIVE_OF_MESSAGE_OCTETS))
    connection = ClientConnection(lambda _: None, arriving)
    assert len(connection.get_buffer(-1)) == RECEIVE_OCTETS
    await pair.arrived(b"octets\r\nNOOP\r\n")
    pair.connection._arriving = arriving
    await pair.connection.chunk(1)
    assert len(pair.connection.get_buffer(-1)) == RECEIVE_OF_MESSAGE_OCTETS
    await pair.arrived(b"NOOP\r\n")
    await pair.connection.line(100, 1)
    assert len(pair.connection.get_buffer(-1)) == RECEIVE_OCTETS


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
    await until(lambda: pair.connection.lost)
    pair.connection.send(b"250 ok\r\n")
    await pair.connection.drain()
    with pytest.raises(ClientGone):
        await pair.connection.chunk(1)


class SplitHello:
    """A TLS client whose first message comes in two pieces."""

    def __init__(self, authority: trustme.CA, address: tuple[str, int]) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = client_context(authority)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="proxy.test")
        with pytest.raises(ssl.SSLWantReadError):
            self._tls.do_handshake()
        hello = self._outgoing.read()
        self.first, self.second = hello[:100], hello[100:]
        self.socket = socket.create_connection(address, 10)

    def finish(self) -> str | None:
        """Do the rest of the handshake; return the version of TLS, None where that is refused."""
        while octets := self.socket.recv(65536):
            self._incoming.write(octets)
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                continue
            self.socket.sendall(self._outgoing.read())
            return self._tls.version()
        return None


async def handshake_in_pieces(authority: trustme.CA, certificate: Path) -> str | None:
    """Have the second piece come just as the handshake begins; the first was received before."""
    accepted: asyncio.Queue[ClientConnection] = asyncio.Queue()
    arriving = memoryview(bytearray(RECEIVE_OCTETS))
    server = await asyncio.get_running_loop().create_server(
        lambda: ClientConnection(accepted.put_nowait, arriving), "127.0.0.1", 0
    )
    client = SplitHello(authority, server.sockets[0].getsockname())
    client.socket.sendall(client.first)
    connection = await accepted.get()
    await asyncio.sleep(0.05)
    client.socket.sendall(client.second)
    encrypting = connection.start_tls_behind_header(server_context(certificate, None))
    version, _ = await asyncio.gather(
        asyncio.to_thread(client.finish), encrypting, return_exceptions=True
    )
    client.socket.close()
    connection.abort()
    server.close()
    assert isinstance(version, str | None)
    return version


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_handshake_may_come_in_pieces(
    run: Callable[[Coroutine[None, None, str | None]], str | None],
    authority: trustme.CA,
    tmp_path: Path,
) -> None:
    """In their order, whenever each comes: the loop may read the second before we feed the first."""
    for _ in range(10):
        assert run(handshake_in_pieces(authority, tmp_path / "proxy.pem")) == "TLSv1.3"


async def test_replies_that_are_sent_together_leave_in_one_go(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those to a pipelined group (RFC 2920 §3.2), in their order."""
    writes: list[bytes] = []
    monkeypatch.setattr(pair.connection, "_transport", Writing(writes))
    with pair.connection.together():
        pair.connection.send(b"250 one\r\n")
        pair.connection.send(b"250 two\r\n")
        assert writes == []
    pair.connection.send(b"354 go\r\n")
    assert writes == [b"250 one\r\n250 two\r\n", b"354 go\r\n"]
    monkeypatch.undo()


@dataclass
class Writing:
    """Stands for a transport, and notes what is written to it."""

    writes: list[bytes]

    def write(self, octets: bytes) -> None:
        """Note it."""
        self.writes.append(octets)
