"""A relay whose every step is octets to say or an action on the connection, in the test's own loop.

`scripted_relay` is its sibling for whole sessions; this one reaches below them: partial octets,
resets, half-closed connections, TLS that never comes.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from config.schema import RelayConfig
from proxy.relay.session import RelaySession

Action = Callable[["Line"], Awaitable[None]]
Answer = bytes | Action

MAIL = b"MAIL FROM:<a@example.com> BODY=8BITMIME"
RCPT = b"RCPT TO:<b@example.net>"
EHLO = b"250-relay.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 1000000\r\n"

POLITE: dict[str, Answer] = {
    "CONNECT": b"220 relay.test ESMTP\r\n",
    "EHLO": EHLO,
    "HELO": b"250 relay.test\r\n",
    "MAIL": b"250 2.1.0 sender ok\r\n",
    "RCPT": b"250 2.1.5 recipient ok\r\n",
    "DATA": b"354 go ahead\r\n",
    "BODY": b"250 2.0.0 queued\r\n",
    "STARTTLS": b"220 ready\r\n",
    "AUTH": b"235 2.7.0 welcome\r\n",
    "RSET": b"250 2.0.0 ok\r\n",
    "QUIT": b"221 2.0.0 bye\r\n",
}
"""What a step gets that the script does not mention."""


class Hung(Exception):
    """The connection is over, by the script's will or the client's."""


@dataclass
class Line:
    """The relay's end of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, octets: bytes) -> None:
        """Send."""
        self.writer.write(octets)
        await self.writer.drain()

    async def reset(self) -> None:
        """Break the connection with RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        raise Hung

    async def half_close(self) -> None:
        """Say no more, and go on listening."""
        self.writer.write_eof()
        await self.reader.read()
        raise Hung

    async def hang_up(self) -> None:
        """Close with FIN."""
        self.writer.close()
        raise Hung

    async def silence(self) -> None:
        """Answer nothing until the client goes."""
        await self.reader.read()
        raise Hung


def saying(*pieces: bytes, pause_s: float = 0.01) -> Action:
    """Answer in pieces, with a pause between them."""

    async def action(line: Line) -> None:
        for piece in pieces:
            await line.say(piece)
            await asyncio.sleep(pause_s)

    return action


@dataclass
class ActingRelay:
    """Answers by step: CONNECT, a verb, BODY (after the final dot), RESPONSE (of AUTH)."""

    answers: dict[str, Answer] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    commands: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["ActingRelay"]:
        """Listen on a free port of the loopback until the block ends."""
        context = self.tls if self.implicit else None
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        line = Line(reader, writer)
        try:
            await self._answer(line, "CONNECT")
            while await self._step(line):
                pass
            writer.close()
            await writer.wait_closed()
        except (Hung, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            writer.close()
        finally:
            writer.transport.abort()

    async def _step(self, line: Line) -> bool:
        command = await line.reader.readuntil(b"\r\n")
        self.commands.append(command.removesuffix(b"\r\n"))
        verb = command.split()[0].decode().upper() if command.strip() else ""
        await self._answer(line, verb)
        answer = self.answers.get(verb, POLITE.get(verb))
        if verb == "STARTTLS" and self.tls and answer == POLITE["STARTTLS"]:
            await line.writer.start_tls(self.tls)
        if verb == "DATA" and answer == POLITE["DATA"]:
            self.bodies.append(await self._body(line))
            await self._answer(line, "BODY")
        return verb != "QUIT"

    async def _body(self, line: Line) -> bytes:
        body = b""
        while not body.endswith(b"\r\n.\r\n") and body != b".\r\n":
            piece = await line.reader.read(65536)
            if not piece:
                raise Hung
            body += piece
        return body

    async def _answer(self, line: Line, step: str) -> None:
        answer = self.answers.get(step, POLITE.get(step, b"500 what?\r\n"))
        if isinstance(answer, bytes):
            await line.say(answer)
        else:
            await answer(line)


@contextlib.asynccontextmanager
async def relay_session(
    script: dict[str, Answer] | None = None, **settings: float
) -> AsyncIterator[tuple[RelaySession, ActingRelay]]:
    """Open a session with a relay that follows `script`."""
    async with ActingRelay(script or {}).serving() as relay:
        config = RelayConfig(host="127.0.0.1", port=relay.port, tls="none", **settings)
        opened = await RelaySession.open(config, "waypost.test")
        try:
            yield opened, relay
        finally:
            opened.abort()
