"""A real receiver of webhooks on the loopback: verifies what comes, and misbehaves as it is told."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

from config.schema import Config, StoreConfig, WebhookConfig
from tests.support.waiting import until

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
OTHER_SECRET = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo="

Behaviour = Callable[["Exchange"], None]
"""What a receiver does with a request."""


@dataclass
class Exchange:
    """A request that is being answered: the way to answer it, and whether the receiver still runs."""

    handler: BaseHTTPRequestHandler
    ends: threading.Event

    def say(self, octets: bytes) -> None:
        """Send octets as they are; a client that is gone is no matter."""
        with contextlib.suppress(OSError):
            self.handler.wfile.write(octets)


def status(code: int, **headers: str) -> Behaviour:
    """Answer with a status, and headers."""

    def answer(exchange: Exchange) -> None:
        exchange.handler.send_response(code)
        for name, value in headers.items():
            exchange.handler.send_header(name.replace("_", "-"), value)
        exchange.handler.send_header("Content-Length", "0")
        exchange.handler.end_headers()

    return answer


def says(octets: bytes) -> Behaviour:
    """Send these octets and hang up."""

    def answer(exchange: Exchange) -> None:
        exchange.say(octets)
        exchange.handler.close_connection = True

    return answer


def endless(first: bytes, again: bytes) -> Behaviour:
    """Send octets, and others again and again, until the client hangs up."""

    def answer(exchange: Exchange) -> None:
        exchange.handler.close_connection = True
        with contextlib.suppress(OSError):
            exchange.handler.wfile.write(first)
            while not exchange.ends.is_set():
                exchange.handler.wfile.write(again)
                time.sleep(0.001)

    return answer


def stall(exchange: Exchange) -> None:
    """Answer nothing, and keep the connection."""
    exchange.handler.close_connection = True
    exchange.ends.wait(60)


OK = status(204)
HANG_UP = says(b"")


@dataclass
class Received:
    """A request as it came."""

    headers: dict[str, str]
    body: bytes
    path: str = "/"

    @property
    def id(self) -> str:
        """The id of its event."""
        return self.headers["webhook-id"]

    def verified(self, secret: str = SECRET) -> Any:
        """Return the event, verified by the library that receivers use."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """What came to a port, and what is done with it; `behaviours` first, one a request, then `then`."""

    port: int = 0
    behaviours: list[Behaviour] = field(default_factory=list)
    then: Behaviour = OK
    received: list[Received] = field(default_factory=list)
    taken: list[Received] = field(default_factory=list)
    ends: threading.Event = field(default_factory=threading.Event)
    scheme: str = "http"
    connections: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self.scheme}://127.0.0.1:{self.port}/clicks?key=1"

    def events(self) -> list[Any]:
        """Return the events that were taken, verified, each once."""
        return [each.verified() for each in {each.id: each for each in self.taken}.values()]

    def wait_for(self, count: int) -> list[Any]:
        """Return the events that were taken, once there are so many."""
        until(lambda: len(self.events()) >= count, seen=lambda: f"{len(self.events())} events")
        return self.events()

    def wait_for_requests(self, count: int) -> None:
        """Wait until so many requests came, whatever was answered."""
        until(lambda: len(self.received) >= count, seen=lambda: f"{len(self.received)} requests")


@contextlib.contextmanager
def receiving(
    receiver: Receiver | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    """Serve a receiver on its port, or a free one, until the block ends."""
    receiver = receiver or Receiver()
    receiver.ends.clear()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            octets = int(self.headers["Content-Length"])
            body = self.rfile.read(octets)
            if len(body) < octets:  # its sender died
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Received(headers, body, self.path)
            receiver.received.append(request)
            behaviour = receiver.behaviours.pop(0) if receiver.behaviours else receiver.then
            if behaviour is OK:
                receiver.taken.append(request)
            behaviour(Exchange(self, receiver.ends))

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def get_request(self) -> tuple[socket.socket, Any]:
            opened, address = super().get_request()
            receiver.connections += 1
            if tls is not None:
                opened.settimeout(10)
                opened = tls.wrap_socket(opened, server_side=True, do_handshake_on_connect=False)
            return opened, address

        def handle_error(self, *_: object) -> None:
            """Say nothing of clients that hang up."""

    with Server(("127.0.0.1", receiver.port), Handler) as server:
        receiver.port = server.server_address[1]
        receiver.scheme = "http" if tls is None else "https"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.ends.set()
            server.shutdown()
            thread.join()


def secret_file(folder: Path, *secrets: str, name: str = "hook.secret") -> Path:
    """Return a file with secrets."""
    path = folder / name
    path.write_text("\n".join(secrets or (SECRET,)) + "\n")
    path.chmod(0o600)
    return path


def webhook(receiver: Receiver, folder: Path, **changes: Any) -> WebhookConfig:
    """Return the configuration of a webhook to a receiver, told of clicks at once."""
    facts: dict[str, Any] = {
        "url": receiver.url,
        "name": "hook",
        "secret_file": secret_file(folder),
        "settle": 0.0,
    }
    return WebhookConfig(**(facts | changes))


def configured(folder: Path, *webhooks: WebhookConfig) -> Config:
    """Return a configuration of a store with webhooks."""
    return Config(store=StoreConfig(url=f"sqlite:///{folder}/waypost.db"), webhook=webhooks)
