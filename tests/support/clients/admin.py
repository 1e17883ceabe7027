"""Whoever asks an admin listener, and the listener in the test's own loop."""

import asyncio
import contextlib
import http.client
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.addresses import Network
from config.keys import token_keys
from config.schema import Config
from tests.support import http_server
from tests.support.state import beside
from tracker.access.authentication import Authenticator
from tracker.access.files import ACCESS
from tracker.access.guard import Guard
from tracker.listener import asgi
from tracker.records.live import LiveRecords
from tracker.tokens import Keyring

JSON = "application/json"
NOWHERE = Path("/nonexistent/waypost.db")
"""A store beside which there is no file."""
KEYRING = Keyring([token_keys.new_token_key()])


@dataclass
class Answer:
    """One answer; `headers` by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass
class Client:
    """Asks one listener, each time on a new connection."""

    port: int

    async def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Answer:
        """Make one request; `_` in a header's name stands for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        def request() -> Answer:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            with contextlib.closing(connection):
                connection.request(method, path, body, named)
                answer = connection.getresponse()
                told = {name.lower(): value for name, value in answer.getheaders()}
                return Answer(answer.status, told, answer.read())

        return await asyncio.to_thread(request)


def authenticator(
    password: bytes | None = None,
    trusted_proxies: Sequence[Network] = (),
    store: Path = NOWHERE,
    **tracker: object,
) -> Authenticator:
    """Return who tells apart those that ask; the tokens are those beside `store`."""
    networks = [str(each) for each in trusted_proxies]
    config = Config.model_validate(
        {
            "tracker": {"trusted_proxies": networks, **tracker},
            "store": {"url": f"sqlite:///{store}"},
        }
    )
    tokens = LiveRecords(ACCESS, beside(store))
    return Authenticator(lambda: config, lambda: password, tokens, lambda: bytes(32))


@contextlib.asynccontextmanager
async def serving(
    app: Any, password: bytes | None = None, trusted_proxies: Sequence[Network] = (), **own: Any
) -> AsyncIterator[Client]:
    """Serve an application behind the guard, on a free port of the loopback; see `authenticator`."""
    guarded = Guard(app, authenticator(password, trusted_proxies, **own))
    async with http_server.serving(asgi.serving(guarded)) as served:
        yield Client(served.port)
