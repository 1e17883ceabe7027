"""Applications that never give up: each message is sent again until it is acknowledged.

What each attempt came to is noted, so that a message that arrives twice can be explained.
"""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

MESSAGES_A_CONNECTION = 25
PATIENCE_S = 60.0
PAUSE_S = 0.2

TEMPLATE = (
    "From: Shop <shop@example.com>\r\nTo: reader@example.net\r\nSubject: Order {key}\r\n"
    "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{key}@example.com>\r\nX-Key: {key}\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    '<p><a href="https://shop.example.com/orders?id={key}&amp;copy=2">Order</a></p>\r\nEND {key}\r\n'
)


def recipients(count: int) -> list[str]:
    """Give the local parts that each message goes to."""
    return [f"reader{number}" for number in range(count)]


class Failed(Exception):
    """An attempt that was not acknowledged; the text is why."""


@dataclass
class Ledger:
    """What became of every message."""

    acknowledged: set[str] = field(default_factory=set)
    failures: dict[str, list[str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    """Replies with 5xx: there must be none."""
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def failed(self, key: str, why: str) -> None:
        """Note an attempt that was not acknowledged."""
        self.failures.setdefault(key, []).append(why)


class Application:
    """One client of the proxy, with one connection at a time."""

    def __init__(self, port: int, ledger: Ledger, to: list[str]) -> None:
        self._port = port
        self._to = to
        self._ledger = ledger
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._left = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Send one message after the other until told to stop; the last one is brought home."""
        while not stop.is_set():
            key = f"k{next(self._ledger.numbers)}"
            await self._bring(key)
        self._hang_up()

    async def _bring(self, key: str) -> None:
        while True:
            if await self._attempt(key):
                return
            await asyncio.sleep(PAUSE_S)

    async def _attempt(self, key: str) -> bool:
        stage = ["connect"]
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._send(key, stage)
        except Failed as why:
            self._ledger.failed(key, str(why))
        except TimeoutError:
            self._ledger.failed(key, f"no answer at {stage[0]}")
        except (OSError, EOFError):
            self._ledger.failed(key, f"connection lost at {stage[0]}")
        else:
            self._ledger.acknowledged.add(key)
            return True
        self._hang_up()
        return False

    async def _send(self, key: str, stage: list[str]) -> None:
        if self._left == 0:
            self._hang_up()
            await self._connect()
        self._left -= 1
        stage[0] = "envelope"
        rcpts = (f"RCPT TO:<{each}@example.net>" for each in self._to)
        for line in ("MAIL FROM:<shop@example.com>", *rcpts, "DATA"):
            await self._say(f"{line}\r\n".encode(), 3 if line == "DATA" else 2)
        stage[0] = "dot"
        await self._say(TEMPLATE.format(key=key).encode() + b".\r\n", 2)

    async def _connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        await self._say(b"", 2)
        await self._say(b"EHLO app.test\r\n", 2)
        self._left = MESSAGES_A_CONNECTION

    async def _say(self, octets: bytes, expected: int) -> None:
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(octets)
        reply = line = await self._reader.readline()
        while line[3:4] == b"-":
            reply += (line := await self._reader.readline())
        if not line.endswith(b"\n"):
            raise EOFError
        if reply[:1] == b"5":
            self._ledger.refused.append(reply.decode("utf-8", "replace"))
        if reply[0] - ord("0") != expected:
            raise Failed(reply.decode("utf-8", "replace").strip())

    def _hang_up(self) -> None:
        if self._writer is not None:
            with suppress(OSError):
                self._writer.transport.abort()
        self._reader = self._writer = None
        self._left = 0
