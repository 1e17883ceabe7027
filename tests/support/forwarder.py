"""A way to a server that a test may cut: a port, and what comes there goes on to a socket."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.clients.programs import free_port

OCTETS = 65536


@dataclass
class Forwarder:
    """Forwards connections to `port` to a Unix socket, until the way is cut; in a thread of its own."""

    target: Path
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _server: asyncio.Server | None = None
    _ends: set[asyncio.StreamWriter] = field(default_factory=set)

    def mend(self) -> None:
        """Forward again what comes from now on."""
        self._do(self._listen())

    def cut(self) -> None:
        """End all connections, and refuse others."""
        self._do(self._end())

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(20)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._forward, self.host, self.port)

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        for each in tuple(self._ends):
            each.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            with contextlib.suppress(OSError):
                theirs, ours = await asyncio.open_unix_connection(self.target)
                self._ends.add(ours)
                await asyncio.gather(_pump(reader, ours), _pump(theirs, writer))
                self._ends.discard(ours)
        finally:
            self._ends.discard(writer)
            writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what comes until there is no more; then the other side hears of the end."""
    with contextlib.suppress(OSError):
        while octets := await reader.read(OCTETS):
            writer.write(octets)
            await writer.drain()
    writer.transport.abort()


@contextlib.contextmanager
def forwarding(target: Path, host: str = "127.0.0.1") -> Iterator[Forwarder]:
    """Forward from an address of ours to a Unix socket until the block ends."""
    made = Forwarder(target, host)
    loop = made._loop
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        made.mend()
        yield made
        made.cut()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
