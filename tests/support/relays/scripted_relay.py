r"""A relay that does what a test tells it to, step by step, and keeps all that it hears.

`relay.script["RCPT"] = Step(b"550 5.1.1 no\\r\\n")` changes one step for good; a list of steps is
used up one by one, the last of them staying. Steps are GREETING, the verbs, DOT (the end of DATA)
and RESPONSE (a line amid AUTH).
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.support.clients.smtp_client import reset

EXTENSIONS = (
    "PIPELINING",
    "SIZE 10240000",
    "ENHANCEDSTATUSCODES",
    "8BITMIME",
    "DSN",
    "SMTPUTF8",
    "CHUNKING",
    "BINARYMIME",
    "XCLIENT NAME ADDR",
)
STRICT_END = re.compile(rb"\r\n\.\r\n")
LAX_END = re.compile(rb"(?:\r\n|\r|\n)\.(?:\r\n|\r|\n)")


@dataclass(frozen=True)
class Step:
    """What the relay says to one command, and does after it: close, reset or half-close.

    Before it says so, `delay_s` passes, and `once` is set, where that is given.
    """

    reply: bytes = b""
    delay_s: float = 0
    then: str = ""
    slowly: bool = False
    once: asyncio.Event | None = None


@dataclass
class Kept:
    """A message that the relay said 2xx to."""

    mail: bytes
    rcpts: list[bytes]
    data: bytes


@dataclass
class ScriptedRelay:
    """One relay; `port` once it listens."""

    script: dict[str, Step | list[Step]] = field(default_factory=dict)
    extensions: tuple[str, ...] = EXTENSIONS
    end: re.Pattern[bytes] = STRICT_END
    ignore_nul: bool = False
    most_sessions: int | None = None
    """More than these at the same time hear 421."""
    port: int = 0
    messages: list[Kept] = field(default_factory=list)
    connections: list[list[bytes]] = field(default_factory=list)
    tls_context: ssl.SSLContext | None = None
    _tasks: set[asyncio.Task] = field(default_factory=set)

    @property
    def commands(self) -> list[bytes]:
        """Return every command line of every connection, in order."""
        return [line for lines in self.connections for line in lines]

    @property
    def sessions(self) -> int:
        """Return how many connections are open now."""
        return len(self._tasks)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["ScriptedRelay"]:
        """Listen on a free port of the loopback until the block ends."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=2**27)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.most_sessions is not None and self.sessions > self.most_sessions:
            writer.write(b"421 4.7.0 too many connections\r\n")
            writer.close()
            return
        conversation = _Conversation(self, reader, writer)
        self.connections.append(conversation.lines)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await conversation.run()
        writer.close()
        with suppress(OSError, asyncio.CancelledError):
            await writer.wait_closed()

    def step(self, name: str, usual: bytes) -> Step:
        """Return what comes next at this step."""
        told = self.script.get(name)
        if isinstance(told, list):
            return told.pop(0) if len(told) > 1 else told[0]
        return told or Step(usual)


class _Over(ConnectionError):
    """The script ended the connection."""


class _Conversation:
    def __init__(self, relay, reader, writer) -> None:
        self.relay = relay
        self.reader = reader
        self.writer = writer
        self.lines: list[bytes] = []
        self.mail = b""
        self.rcpts: list[bytes] = []

    async def run(self) -> None:
        await self.play("GREETING", b"220 relay.test ESMTP\r\n")
        while line := await self.reader.readline():
            self.lines.append(line.rstrip(b"\r\n"))
            verb = line.split(None, 1)[0].upper().decode("latin-1") if line.strip() else ""
            await getattr(self, f"do_{verb.lower()}", self.do_unknown)(line)

    async def play(self, name: str, usual: bytes) -> bytes:
        step = self.relay.step(name, usual)
        await asyncio.sleep(step.delay_s)
        if step.once is not None:
            await step.once.wait()
        for piece in [bytes((octet,)) for octet in step.reply] if step.slowly else [step.reply]:
            self.writer.write(piece)
            await self.writer.drain()
            if step.slowly:
                await asyncio.sleep(0.005)
        if step.then == "reset":
            reset(self.writer)
        if step.then == "close":
            self.writer.close()
        if step.then in ("close", "reset"):
            raise _Over
        if step.then == "half-close":
            self.writer.write_eof()
        return step.reply

    async def do_unknown(self, _line: bytes) -> None:
        await self.play("UNKNOWN", b"500 5.5.2 what?\r\n")

    async def do_ehlo(self, _line: bytes) -> None:
        lines = ["relay.test", *self.relay.extensions]
        text = [f"250-{line}\r\n" for line in lines[:-1]] + [f"250 {lines[-1]}\r\n"]
        await self.play("EHLO", "".join(text).encode())

    async def do_helo(self, _line: bytes) -> None:
        await self.play("HELO", b"250 relay.test\r\n")

    async def do_mail(self, line: bytes) -> None:
        if (await self.play("MAIL", b"250 2.1.0 sender fine\r\n")).startswith(b"2"):
            self.mail, self.rcpts = line.rstrip(b"\r\n"), []

    async def do_rcpt(self, line: bytes) -> None:
        if not self.mail:
            self.writer.write(b"503 5.5.1 no MAIL\r\n")
            return
        if (await self.play("RCPT", b"250 2.1.5 recipient fine\r\n")).startswith(b"2"):
            self.rcpts.append(line.rstrip(b"\r\n"))

    async def do_data(self, _line: bytes) -> None:
        if not self.rcpts:
            self.writer.write(b"503 5.5.1 no RCPT\r\n")
            return
        if not (await self.play("DATA", b"354 go on\r\n")).startswith(b"354"):
            return
        data = await self.read_data()
        if (await self.play("DOT", b"250 2.0.0 queued as 1234\r\n")).startswith(b"2"):
            self.relay.messages.append(Kept(self.mail, self.rcpts, data))
        self.mail, self.rcpts = b"", []

    async def read_data(self) -> bytes:
        seen = b"\r\n"
        while (found := self.relay.end.search(seen)) is None:
            chunk = await self.reader.read(65536)
            if not chunk:
                raise _Over
            seen += chunk.replace(b"\0", b"") if self.relay.ignore_nul else chunk
        rest = seen[found.end() :]
        self.reader._buffer[:0] = rest
        return seen[: found.start() + 2].replace(b"\r\n.", b"\r\n")[2:]

    async def do_rset(self, _line: bytes) -> None:
        self.mail, self.rcpts = b"", []
        await self.play("RSET", b"250 2.0.0 forgotten\r\n")

    async def do_noop(self, _line: bytes) -> None:
        await self.play("NOOP", b"250 2.0.0 nothing done\r\n")

    async def do_auth(self, line: bytes) -> None:
        asks = line.split()[1:] == [b"PLAIN"]  # without an initial response (RFC 4954 §4)
        reply = await self.play("AUTH", b"334 \r\n" if asks else b"235 2.7.0 welcome\r\n")
        while reply.startswith(b"334"):
            line = await self.reader.readline()
            self.lines.append(line.rstrip(b"\r\n"))
            usual = b"501 5.7.0 cancelled\r\n" if line.strip() == b"*" else b"235 2.7.0 welcome\r\n"
            reply = await self.play("RESPONSE", usual)

    async def do_starttls(self, _line: bytes) -> None:
        if self.relay.tls_context is None:
            await self.play("STARTTLS", b"502 5.5.1 no\r\n")
            return
        await self.play("STARTTLS", b"220 2.0.0 go\r\n")
        await self.writer.start_tls(self.relay.tls_context)

    async def do_quit(self, _line: bytes) -> None:
        await self.play("QUIT", b"221 2.0.0 bye\r\n")
        raise _Over
