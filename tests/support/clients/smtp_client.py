"""A client of the tests that says exactly the octets it is told to say."""

import asyncio
import socket
import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from proxy.smtp.replies import Reply, ReplyParser

BUSY_S = 25.0
"""How long a busy machine may take for what comes at once; less than the half minute that some wait."""


def reset(writer: asyncio.StreamWriter) -> None:
    """Have the peer get a reset instead of an end."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@dataclass
class Dialogue:
    """One connection to an SMTP server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def connect(
        cls,
        port: int,
        *,
        host: str = "127.0.0.1",
        source: str | None = None,
        context: ssl.SSLContext | None = None,
    ) -> Self:
        """Open a connection, from the address `source`; with `context`, TLS from the first octet."""
        local = (source, 0) if source is not None else None
        connecting = asyncio.open_connection(host, port, ssl=context, local_addr=local, limit=2**20)
        return cls(*await connecting)

    def send(self, octets: bytes) -> None:
        """Say `octets` as they are."""
        self.writer.write(octets)

    async def reply(self) -> Reply:
        """Return the next reply; fails when the server hangs up."""
        parser = ReplyParser()
        async with asyncio.timeout(BUSY_S):
            while True:
                line = await self.reader.readline()
                if not line:
                    raise EOFError("the server hung up")
                reply = parser.feed(line)
                if reply is not None:
                    return reply

    async def ask(self, line: bytes) -> Reply:
        """Say one command and give its reply."""
        self.send(line + b"\r\n")
        return await self.reply()

    async def transaction(self, *rcpts: bytes, mail: bytes = b"<sender@example.com>") -> None:
        """Have MAIL and RCPTs accepted."""
        assert (await self.ask(b"MAIL FROM:" + mail)).code == 250
        for rcpt in rcpts or (b"<rcpt@example.net>",):
            assert (await self.ask(b"RCPT TO:" + rcpt)).positive

    async def message(self, octets: bytes) -> Reply:
        """Send DATA and a message as it goes over the wire, without its final dot."""
        assert (await self.ask(b"DATA")).code == 354
        self.send(octets + b".\r\n")
        return await self.reply()

    async def at_end(self) -> bool:
        """Tell whether the server has nothing more to say and hangs up."""
        async with asyncio.timeout(BUSY_S):
            try:
                return not await self.reader.read(1)
            except ConnectionError:
                return True

    async def close(self) -> None:
        """Hang up."""
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()

    def reset(self) -> None:
        """Hang up at once, as when a cable is cut."""
        reset(self.writer)
