"""An HTTP server of ours in this process, and clients that say exactly these octets to it."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

from config.values import Address
from tests.support.waiting_in_loop import until
from tracker.listener import server, sockets
from tracker.listener.admission import Admission
from tracker.listener.connection import Connection, Handler
from tracker.listener.http1 import Answer, Request

LOOPBACK = Address("127.0.0.1", 0)


def echo(request: Request, connection: Connection) -> None:
    """Answer everything with its own path."""
    connection.reply(Answer(200, b"text/plain", request.path))


@dataclass
class Served:
    """A running server: its socket, and the event that stops it."""

    listening: socket.socket
    port: int
    stop: asyncio.Event
    task: asyncio.Task[None]
    tls: ssl.SSLContext | None

    async def connect(
        self, from_ip: str = "127.0.0.1"
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as a client, from one of the addresses of the loopback."""
        name = None if self.tls is None else "127.0.0.1"
        return await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(from_ip, 0), ssl=self.tls, server_hostname=name
        )

    async def talk(self, octets: bytes, *, ends: bool = False, from_ip: str = "127.0.0.1") -> bytes:
        """Send octets and return all that comes back until the server closes."""
        reader, writer = await self.connect(from_ip)
        with contextlib.closing(writer):
            writer.write(octets)
            if ends:
                writer.write_eof()
            return await asyncio.wait_for(reader.read(), 25)

    async def closed_to_others(self) -> None:
        """Wait until the stop has begun."""
        await until(lambda: self.listening.fileno() < 0)


@contextlib.asynccontextmanager
async def serving(
    handler: Handler = echo,
    *,
    most: int = 100,
    share: int = 100,
    contexts: tuple[ssl.SSLContext, ssl.SSLContext] | None = None,
) -> AsyncIterator[Served]:
    """Serve on a free port of the loopback until the block ends.

    `contexts` are those of server and client, for HTTPS.
    """
    server_tls, client_tls = contexts or (None, None)
    (listening,) = sockets.bind([LOOPBACK])
    stop, ready = asyncio.Event(), asyncio.Event()
    port = sockets.names([listening])[0].port
    admission = Admission("test", most, share)
    task = asyncio.create_task(
        server.serve(handler, [listening], stop, admission, on_ready=ready.set, tls=server_tls)
    )
    await asyncio.wait_for(ready.wait(), 60)
    try:
        yield Served(listening, port, stop, task, client_tls)
    finally:
        stop.set()
        await asyncio.wait([task], timeout=15)
