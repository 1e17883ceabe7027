"""Fixtures for the SMTP session: a scripted relay, and the proxy before it, in the test's loop."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from config.keys import token_keys
from config.schema import Config
from proxy.server.server import Server
from proxy.server.sockets import bind
from proxy.session.services import Services
from tests.support.clients.smtp_client import Dialogue
from tests.support.relays.scripted_relay import ScriptedRelay


@dataclass
class Proxy:
    """A proxy that runs in this loop."""

    server: Server
    port: int
    clients: list[Dialogue] = field(default_factory=list)

    async def dial(self, *, greet: bool = True) -> Dialogue:
        """Connect; with `greet` the session is past EHLO."""
        dialogue = await Dialogue.connect(self.port)
        self.clients.append(dialogue)
        if greet:
            await dialogue.reply()
            await dialogue.ask(b"EHLO client.test")
        return dialogue


StartProxy = Callable[..., Awaitable[Proxy]]


@pytest.fixture
async def relay() -> AsyncIterator[ScriptedRelay]:
    """Serve a relay that follows a script."""
    async with ScriptedRelay().listening() as listening:
        yield listening


@pytest.fixture
async def start_proxy(tmp_path: Path, relay: ScriptedRelay) -> AsyncIterator[StartProxy]:
    """Return a function that starts proxies before `relay`; arguments are tables of Config."""
    async with proxies(tmp_path, relay) as start:
        yield start


@asynccontextmanager
async def proxies(folder: Path, relay: ScriptedRelay) -> AsyncIterator[StartProxy]:
    """Return a function that starts proxies in `folder`; all of them end with the block."""
    async with AsyncExitStack() as stack:
        numbers = itertools.count()

        async def start(**tables: Any) -> Proxy:
            home = folder / f"proxy{next(numbers)}"
            home.mkdir()
            server = Server(Services.start(configuration(home, relay.port, **tables)))
            sockets = bind(server.services.config)
            await server.listen(sockets)
            proxy = Proxy(server, (*sockets.plain, *sockets.tls)[0].getsockname()[1])
            stack.push_async_callback(stop, proxy)
            return proxy

        yield start


@pytest.fixture
async def proxy(start_proxy: StartProxy) -> Proxy:
    """Run a proxy as it is by default."""
    return await start_proxy()


def configuration(folder: Path, relay_port: int, **tables: Any) -> Config:
    """Return a Config for a proxy on a free port; `tables` add to it, as in TOML."""
    key_file = folder / "token.keys"
    token_keys.write_token_keys(key_file, [token_keys.new_token_key()])
    usual: dict[str, Any] = {
        "proxy": {"listen": ["127.0.0.1:0"], "hostname": "proxy.test", "drain_timeout": "0.5s"},
        "relay": {"host": "127.0.0.1", "port": relay_port, "tls": "none"},
        "store": {"url": f"sqlite:///{folder}/waypost.db"},
        "keys": {"file": str(key_file)},
    }
    for name, table in tables.items():
        usual[name] = {**usual.get(name, {}), **table} if isinstance(table, dict) else table
    return Config.model_validate(usual, context={"folder": folder})


async def stop(proxy: Proxy) -> None:
    """Stop a proxy without waiting for clients that a test has left behind."""
    for client in proxy.clients:
        await client.close()
    for task in list(proxy.server._tasks):
        task.cancel()
    await asyncio.sleep(0)
    await proxy.server.stop()
