"""SMTP clients that send what they are given as fast as they are answered, and say how long it took.

Owns: conversations, several at a time, each for many messages.
Does not own: the messages (`support/mail.py`), or who is measured.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import uvloop

from bench.support.mail import SENDER, Mail

CHUNK_OCTETS = 256 * 1024


class Client:
    """An SMTP client that says no more than it must."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, line: bytes = b"") -> int:
        """Send a command, if any; return the code of the reply, 0 where the connection ended."""
        if line:
            self.writer.write(line + b"\r\n")
        while (reply := await self.reader.readline())[3:4] == b"-":
            pass
        return int(reply[:3] or 0)

    async def data(self, content: bytes, recipient: str = "reader@example.net") -> int:
        """Send a message, its dots doubled (RFC 5321 §4.5.2); return the code of the last reply."""
        await self.ask(f"MAIL FROM:<{SENDER}>".encode())
        await self.ask(f"RCPT TO:<{recipient}>".encode())
        if (code := await self.ask(b"DATA")) != 354:
            return code
        content = content.replace(b"\r\n.", b"\r\n..")
        for start in range(0, len(content), CHUNK_OCTETS):
            self.writer.write(content[start : start + CHUNK_OCTETS])
            await self.writer.drain()
        return await self.ask(b".")


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Client]:
    """Connect, and be past EHLO; leave without a word."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        one = Client(reader, writer)
        await one.ask()
        await one.ask(b"EHLO bench.test")
        yield one
    finally:
        writer.close()


def deliver(port: int, mails: Sequence[Mail], sessions: int) -> list[float]:
    """Send all messages over so many sessions; return the seconds that each took, MAIL to 250."""
    return uvloop.run(_deliver(port, mails, sessions))


async def _deliver(port: int, mails: Sequence[Mail], sessions: int) -> list[float]:
    waiting = iter(mails)
    took_s: list[float] = []
    async with asyncio.TaskGroup() as group:
        for _ in range(min(sessions, len(mails))):
            group.create_task(_converse(port, waiting, took_s))
    return took_s


async def _converse(port: int, waiting: Iterator[Mail], took_s: list[float]) -> None:
    async with client(port) as one:
        for mail in waiting:
            begun_s = time.perf_counter()
            if (code := await one.data(mail.content, mail.recipient)) != 250:
                raise SystemExit(f"port {port} answers a message with {code}")
            took_s.append(time.perf_counter() - begun_s)
        await one.ask(b"QUIT")
