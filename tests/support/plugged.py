"""Waypost as a handler of aiosmtpd, in the loop of a test or as a program of its own."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from proxy.plugin import Handler
from tests.support.clients.programs import free_port, running
from tests.support.clients.smtp_client import Dialogue

AIOSMTPD = Path(sys.executable).with_name("aiosmtpd")


@dataclass
class Plugged:
    """An aiosmtpd that runs in this loop."""

    port: int
    clients: list[Dialogue] = field(default_factory=list)

    async def dial(self, *, greet: bool = True, first: str = "") -> Dialogue:
        """Connect, and say `first`; with `greet` the session is past EHLO."""
        client = await Dialogue.connect(self.port)
        self.clients.append(client)
        client.send(first.encode())
        await client.reply()
        if greet:
            assert (await client.ask(b"EHLO client.test")).code == 250
        return client


@contextlib.asynccontextmanager
async def plugged(handler: Handler, **options: Any) -> AsyncIterator[Plugged]:
    """Serve with aiosmtpd in this loop; `options` are those of aiosmtpd's SMTP."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, loop=loop, **options), "127.0.0.1", 0)
    try:
        yield (serving := Plugged(server.sockets[0].getsockname()[1]))
    finally:
        server.close()
        for client in serving.clients:
            await client.close()
        for task in [*handler._conversations]:
            task.cancel()
        async with asyncio.timeout(10):
            while handler._conversations:  # noqa: ASYNC110 - a test looks from outside
                await asyncio.sleep(0.01)
        for task in [*handler._tasks]:
            task.cancel()
        await asyncio.gather(*handler._tasks, return_exceptions=True)
        handler.close()


def arguments(config: Path, port: int) -> list[str | Path]:
    """Return the command line of such a program."""
    return [AIOSMTPD, "-n", "-l", f"127.0.0.1:{port}", "-c", "proxy.plugin.Handler", config]


@contextlib.contextmanager
def program(config: Path, log: Path) -> Iterator[int]:
    """Run `aiosmtpd -n -c proxy.plugin.Handler waypost.toml`; yield its port."""
    port = free_port()
    with running(arguments(config, port), port, log):
        yield port
