"""Serving an ASGI application on the tracker's addresses with uvicorn, within limits.

Owns: sockets, how long and how large the head of a request may be, how many connections there may
be, and stopping without breaking off an answer.
Does not own: what is answered (`tracker.redirect.redirector`).

Uvicorn bounds neither the size of a request's head nor the time that a client takes to send it, so
its protocol is extended by both.
"""

import asyncio
import contextlib
import errno
import resource
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from config.values import Address

if TYPE_CHECKING:
    from starlette.types import ASGIApp

MAX_HEAD_OCTETS = 16 * 1024
"""Request line and headers together; nginx takes 32 KB, Apache and browsers less."""
HEAD_TIMEOUT_S = 15.0
"""From the first octet of a request (or the connection's start) to the end of its head."""
KEEP_ALIVE_S = 15
MAX_CONNECTIONS = 10_000
SPARE_DESCRIPTORS = 64
"""Kept free of connections for the spool, the store and the log."""
BACKLOG = 2048
LAST_REQUEST_S = 1.0
"""How long a stop waits for requests on open connections, and for TLS handshakes under way."""
STOP_TIMEOUT_S = 5
"""An answer takes 250 ms at most; who has not fetched it by then will not."""


class ListenError(Exception):
    """Addresses that cannot be listened on; `problems` says of each why."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class LimitedProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP/1.1 protocol, with bounds on the head of a request."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as uvicorn passes them
        super().__init__(*args, **kwargs)
        self._head_octets = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._leaving = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head that has not ended."""
        self._head_octets += len(data)
        self._wait_for_head()
        super().data_received(data)
        if self._head_octets > MAX_HEAD_OCTETS and not self.transport.is_closing():
            self.send_400_response("Request head too large.")

    def on_headers_complete(self) -> None:
        """Stop counting: the head has ended, its body is never read."""
        self._head_octets = 0
        self._stop_waiting()
        super().on_headers_complete()
        if self._leaving:
            super().shutdown()

    def shutdown(self) -> None:
        """Close, but for what is asked already: a request on its way would be met by a reset."""
        self._leaving = True
        self.loop.call_later(LAST_REQUEST_S, super().shutdown)

    def on_body(self, body: bytes) -> None:  # noqa: ARG002 - uvicorn's signature
        """Pass over a body, which is neither kept nor counted as a head."""
        self._head_octets = 0

    def _wait_for_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class BodyProtocol(LimitedProtocol):
    """The same where bodies are wanted; the application bounds their size and time."""

    def on_body(self, body: bytes) -> None:
        """Hand a body over."""
        super().on_body(body)
        HttpToolsProtocol.on_body(self, body)

    def on_message_complete(self) -> None:
        """Stop the timer that the octets of a body set off."""
        super().on_message_complete()
        self._stop_waiting()


class Server(uvicorn.Server):
    """Uvicorn's server, stopped by an event of ours instead of by signals."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell that connections are taken from now on."""
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, and serve what the kernel has handed over already."""
        for server in self.servers:
            server.close()
        await asyncio.sleep(LAST_REQUEST_S if self.config.is_ssl else 0)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: the command that runs us handles them."""
        yield


def bind(addresses: Iterable[Address]) -> list[socket.socket]:
    """Open the sockets of all addresses, or none at all; raises ListenError with every problem.

    A name may stand for several addresses, as `localhost` does for 127.0.0.1 and ::1.
    """
    sockets: list[socket.socket] = []
    problems: list[str] = []
    for address in addresses:
        try:
            sockets += [_bound(family, where) for family, where in _resolved(address)]
        except OSError as error:
            problems.append(f"cannot listen on {address}: {_reason(error)}")
    if problems:
        for opened in sockets:
            opened.close()
        raise ListenError(*problems)
    return sockets


def _resolved(address: Address) -> list[tuple[int, Any]]:
    found = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    return [(family, where) for family, _type, _protocol, _name, where in found]


def _bound(family: int, where: Any) -> socket.socket:  # noqa: ANN401 - differs by family
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # So that [::]:8080 and 0.0.0.0:8080 can stand side by side.
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(where)
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program has it"
    if error.errno == errno.EACCES:
        return "this user may not (ports below 1024 take a capability, or a socket unit)"
    return error.strerror or str(error)


def names(sockets: Sequence[socket.socket]) -> tuple[Address, ...]:
    """Give the addresses that sockets listen on, with the ports that the system chose."""
    return tuple(Address(*listening.getsockname()[:2]) for listening in sockets)


async def serve(
    app: "ASGIApp",
    sockets: Sequence[socket.socket],
    stop: asyncio.Event,
    on_ready: Callable[[], None] = lambda: None,
    *,
    protocol: type[LimitedProtocol] = LimitedProtocol,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Answer requests on `sockets` until `stop` is set and the answers begun are given.

    With `tls` all of them speak HTTPS.
    """
    settings = _settings(app, protocol, connection_limit())
    if tls is not None:
        settings.ssl_context_factory = lambda _config, _default: tls
    server = Server(settings, on_ready)
    serving = asyncio.create_task(server.serve(list(sockets)))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        server.should_exit = True
        await asyncio.shield(serving)


def _settings(app: "ASGIApp", protocol: type[LimitedProtocol], limit: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=limit,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
    )


def connection_limit() -> int:
    """Allow this process as many descriptors as it may have; give how many connections that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + SPARE_DESCRIPTORS
    allowed = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(1, min(MAX_CONNECTIONS, soft - SPARE_DESCRIPTORS))
