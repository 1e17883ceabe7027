"""Redirects a second, and CPU a redirect: our bare ASGI application against a Starlette route.

Both read the same tokens, answer with the same headers, and run on the same uvicorn; each with the
spool (every click durable before its answer) and without. All in one run, in turns: the machine's
mood falls on all alike, so the ratios say more than the times.
"""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from config.keys.token_keys import TokenKey
from config.schema import Config
from config.values import Address
from tracker import listener
from tracker.events import Clicked
from tracker.redirect.answers import redirection
from tracker.redirect.recorder import Recorder
from tracker.redirect.redirector import Redirector, Rules, clicked
from tracker.spool.writer import Spool
from tracker.tokens import BadToken, Keyring, Link, mint, read

KEYRING = Keyring([TokenKey(1, bytes(range(64)), datetime.now(UTC).date())])
LINK = Link(bytes(8), 1, 7, 1_795_430_400, "https://shop.example.com/item/42?utm_source=mail")
REQUEST = (
    f"GET /c/{mint(KEYRING, LINK)} HTTP/1.1\r\nHost: click.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0\r\n"
    "Accept: text/html\r\nAccept-Language: en\r\nAccept-Encoding: gzip\r\n\r\n"
).encode()
CONNECTIONS = 64
REQUESTS = 6000
ROUNDS = 3
KINDS = ("bare", "starlette", "bare + spool", "starlette + spool")


async def forget(_click: Clicked) -> None:
    """Record nothing."""


def starlette_app(record: Callable[[Clicked], Awaitable[None]]) -> Starlette:
    """Do what the redirector does, as a Starlette route."""
    rules = Rules.from_config(Config())

    async def click(request: Request) -> Response:
        try:
            link = read(KEYRING, request.path_params["token"])
        except BadToken:
            return Response(status_code=404)
        await record(clicked(request.scope, link, rules))
        answer = redirection(link.destination)
        headers = {name.decode(): value.decode() for name, value in answer.headers}
        return HTMLResponse(answer.body, answer.status, headers)

    return Starlette(routes=[Route("/c/{token}", click)])


async def serve(kind: str, port: int, folder: Path) -> None:
    """Serve one kind until killed."""
    record = Recorder(Spool.open(folder, "tracker")).record if "spool" in kind else forget
    if kind.startswith("bare"):
        app: Any = Redirector(lambda: KEYRING, Rules.from_config(Config()), record)
    else:
        app = starlette_app(record)
    await listener.serve(app, listener.bind([Address("127.0.0.1", port)]), asyncio.Event())


class Client(asyncio.Protocol):
    """One connection: sends a request as soon as the answer before has come."""

    def __init__(self, left: list[int], done: asyncio.Future[None]) -> None:
        self.left, self.done, self.buffer = left, done, b""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Send the first request."""
        self.transport = transport
        self.send()

    def send(self) -> None:
        """Send a request, if any is left to be sent."""
        if self.left[0] > 0:
            self.left[0] -= 1
            self.transport.write(REQUEST)
        else:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Take an answer; it ends with the line feed of its body."""
        self.buffer += data
        if self.buffer.endswith(b"</a>\n"):
            if not self.buffer.startswith(b"HTTP/1.1 302"):
                raise SystemExit(self.buffer)
            self.buffer = b""
            self.left[1] -= 1
            if self.left[1] == 0 and not self.done.done():
                self.done.set_result(None)
            self.send()


async def load(port: int, count: int) -> float:
    """Make `count` requests over all connections; give the wall seconds."""
    loop = asyncio.get_running_loop()
    left, done = [count, count], loop.create_future()
    started_s = time.perf_counter()
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: Client(left, done), "127.0.0.1", port)
    await done
    return time.perf_counter() - started_s


def cpu_seconds(pid: int) -> float:
    """CPU seconds that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def start(kind: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server of this kind on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen([sys.executable, __file__, kind, str(port), str(folder)])
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process, port
        time.sleep(0.05)
    raise SystemExit(f"{kind} does not listen")


def main() -> None:
    """Print the table."""
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    costs: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as name:
        servers = {kind: start(kind, Path(name) / str(number)) for number, kind in enumerate(KINDS)}
        for round_number in range(ROUNDS + 1):
            for kind, (process, port) in servers.items():
                before_s = cpu_seconds(process.pid)
                wall_s = uvloop.run(load(port, REQUESTS))
                if round_number:  # the first one warms up
                    rates[kind].append(REQUESTS / wall_s)
                    costs[kind].append((cpu_seconds(process.pid) - before_s) / REQUESTS * 1e6)
        for process, _ in servers.values():
            process.kill()
            process.wait()
    print(f"{'':20}{'redirects/s':>12}{'µs CPU each':>13}   (medians of {ROUNDS} rounds)")
    for kind in KINDS:
        print(
            f"{kind:20}{statistics.median(rates[kind]):12.0f}{statistics.median(costs[kind]):13.1f}"
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        uvloop.run(serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
    else:
        main()
