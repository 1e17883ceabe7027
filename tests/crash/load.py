"""Applications that never give up: each message is sent again until it is acknowledged.

They differ in their habits, as applications do. What each attempt came to is noted, so that a
message that arrives twice can be explained.
"""

import asyncio
import itertools
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

MESSAGES_A_CONNECTION = 25
PATIENCE_S = 60.0
PAUSE_S = 0.2
LARGE_OCTETS = 1_000_000

TEMPLATE = (
    "From: Shop <shop@example.com>\r\nTo: reader@example.net\r\nSubject: Order {key}\r\n"
    "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{key}@example.com>\r\nX-Key: {key}\r\n"
    "X-Track-Campaign: {key}\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    '<p><a href="https://shop.example.com/orders?id={key}&amp;copy=2">Order</a></p>\r\n{more}'
    "END {key}\r\n"
)
MORE = "<p>Words that a long newsletter is made of.</p>\r\n" * (LARGE_OCTETS // 50)


def recipients(count: int) -> list[str]:
    """Return the local parts that a message to so many goes to."""
    return [f"reader{number}" for number in range(count)]


class Failed(Exception):
    """An attempt that was not acknowledged; the text is why."""


@dataclass(frozen=True)
class Habit:
    """How an application talks; `large` messages have a megabyte."""

    pipelines: bool = False
    tls: bool = False
    large: bool = False


HABITS = (Habit(), Habit(pipelines=True), Habit(tls=True, pipelines=True), Habit(large=True))


@dataclass
class Ledger:
    """What became of every message."""

    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    """The recipients of each."""
    failures: dict[str, list[str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    """Replies with 5xx that an attempt failed by: there must be none."""
    numbers: Iterator[int] = field(default_factory=itertools.count)
    in_flight: int = 0
    """Messages past their final dot, and not answered yet."""

    def failed(self, key: str, why: str) -> None:
        """Note an attempt that was not acknowledged."""
        self.failures.setdefault(key, []).append(why)


class Application:
    """One client of the proxy, with one connection at a time; messages go to 1 to `most`."""

    def __init__(self, port: int, ledger: Ledger, habit: Habit, most: int) -> None:
        self._port = port
        self._most = most
        self._habit = habit
        self._ledger = ledger
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._left = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Send one message after the other until told to stop; the last one is brought home."""
        while not stop.is_set():
            number = next(self._ledger.numbers)
            await self._bring(f"k{number}", recipients(1 + number % self._most))
        self._hang_up()

    async def _bring(self, key: str, to: list[str]) -> None:
        while True:
            if await self._attempt(key, to):
                return
            await asyncio.sleep(PAUSE_S)

    async def _attempt(self, key: str, to: list[str]) -> bool:
        stage = ["connect"]
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._send(key, to, stage)
        except Failed as why:
            self._ledger.failed(key, str(why))
        except TimeoutError:
            self._ledger.failed(key, f"no answer at {stage[0]}")
        except (OSError, EOFError):
            self._ledger.failed(key, f"connection lost at {stage[0]}")
        else:
            self._ledger.acknowledged[key] = to
            return True
        self._hang_up()
        return False

    async def _send(self, key: str, to: Sequence[str], stage: list[str]) -> None:
        if self._left == 0:
            self._hang_up()
            await self._connect()
        self._left -= 1
        stage[0] = "envelope"
        rcpts = (f"RCPT TO:<{each}@example.net>" for each in to)
        await self._envelope(["MAIL FROM:<shop@example.com>", *rcpts])
        stage[0] = "dot"
        self._ledger.in_flight += 1
        try:
            more = MORE if self._habit.large else ""
            await self._say(TEMPLATE.format(key=key, more=more).encode() + b".\r\n", 2)
        finally:
            self._ledger.in_flight -= 1

    async def _envelope(self, lines: Sequence[str]) -> None:
        """Say MAIL, RCPT and DATA, one by one or at once (RFC 2920)."""
        groups = (
            [[*lines, "DATA"]] if self._habit.pipelines else [[each] for each in (*lines, "DATA")]
        )
        for group in groups:
            self._write("".join(f"{line}\r\n" for line in group))
            await self._hear(3 if line == "DATA" else 2 for line in group)

    async def _connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        await self._say(b"", 2)
        await self._say(b"EHLO app.test\r\n", 2)
        if self._habit.tls:
            await self._say(b"STARTTLS\r\n", 2)
            await self._writer.start_tls(_unverified())
            await self._say(b"EHLO app.test\r\n", 2)
        self._left = MESSAGES_A_CONNECTION

    def _write(self, text: str) -> None:
        assert self._writer is not None
        self._writer.write(text.encode())

    async def _hear(self, expected: Iterable[int]) -> None:
        """Read an answer to each command of a group; the first that fails is why the group does.

        Those after it only follow from it, such as 503 and 554 to DATA (RFC 2920 §3.1).
        """
        why = None
        for each in expected:
            reply = await self._reply()
            if why is None and reply[0] - ord("0") != each:
                why = reply.decode("utf-8", "replace").strip()
                if reply[:1] == b"5":
                    self._ledger.refused.append(why)
        if why is not None:
            raise Failed(why)

    async def _say(self, octets: bytes, expected: int) -> None:
        assert self._writer is not None
        self._writer.write(octets)
        await self._hear([expected])

    async def _reply(self) -> bytes:
        assert self._reader is not None
        reply = line = await self._reader.readline()
        while line[3:4] == b"-":
            reply += (line := await self._reader.readline())
        if not line.endswith(b"\n"):
            raise EOFError
        return reply

    def _hang_up(self) -> None:
        if self._writer is not None:
            with suppress(OSError):
                self._writer.transport.abort()
        self._reader = self._writer = None
        self._left = 0


def _unverified() -> ssl.SSLContext:
    """Return what applications use that only want the wire encrypted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
