"""Redirects: CPU a click, clicks a second and how long a reader waits, against nginx in the same run.

`waypost tracker` answers clicks on links of mail, each durable before its answer, with the ingester at
work; previews of the same links (never recorded) show what recording costs; another tracker has two workers, another
tells each click to a webhook that never answers, and the database of another is locked; nginx answers `return 302` and knows
nothing. The kinds take turns: the machine's mood falls on all alike, so the ratios say more than the times.

CPU is that of the processes that redirect; counting is that of the process that feeds the store, where there
is one. Both are of what was done until the last answer: what waits in the spool by then is counted later.
"""

import argparse
import asyncio
import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import uvloop

from config.keys import token_keys

HERE = Path(__file__).resolve().parents[2]
CONNECTIONS = 50
CLICKS = 5000
ROUNDS = 5
NGINX_NAME = "nginx, return 302"
MESSAGE_AT_S = 1_795_430_400
DESTINATION = "https://shop.example.com/item/42?utm_source=mail"
HEAD = (
    "Host: click.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0\r\n"
    "Accept: text/html\r\nAccept-Language: en\r\nAccept-Encoding: gzip\r\n"
)
CONFIG = """\
[tracking]
base_url = "http://127.0.0.1:{port}"
[tracker]
listen = ["127.0.0.1:{port}"]
admin_listen = []
{workers}
[store]
url = "sqlite:///{folder}/waypost.db"
[keys]
file = "{folder}/token.keys"
"""
WEBHOOK = """\
[[webhook]]
url = "http://127.0.0.1:{port}/"
secret_file = "{folder}/hook.secret"
settle = "0s"
machines = true
"""
NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    access_log off;
    keepalive_requests 1000000;
    server {{ listen 127.0.0.1:{port}; return 302 "{destination}"; }}
}}
"""
WAYPOST = "from waypost import main; main()"
MINT = f"""
import sys
from pathlib import Path
from tracker.tokens import Keyring, Link, mint
keyring = Keyring.load(Path(sys.argv[1]))
for preview in (False, True):
    print(mint(keyring, Link(bytes(8), 1, 7, {MESSAGE_AT_S}, sys.argv[2], preview=preview)))
"""
"""Prints the tokens of a link that counts and of a preview, as the checkout itself writes them."""


@dataclass(frozen=True)
class Server:
    """Something that redirects: its process, its port, and what asks it for a redirect.

    `is_parent`: its children do the work, as those of nginx, or of a tracker with several workers.
    """

    pid: int
    port: int
    path: str
    is_parent: bool = False

    def cpu_s(self) -> float:
        """Return the CPU seconds that it has used to redirect, in all threads and workers."""
        return sum(map(_cpu_s, (self.pid, *self._redirecting())))

    def children_cpu_s(self) -> float:
        """Return those of what counts clicks for it."""
        workers = self._redirecting() or [self.pid]
        return sum(_cpu_s(pid) for worker in workers for pid in _children(worker))

    def _redirecting(self) -> list[int]:
        """Return its workers; none where it redirects itself."""
        return _children(self.pid) if self.is_parent else []


def _children(parent: int) -> list[int]:
    lists = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(pid) for each in lists for pid in each.read_text().split()]


def _cpu_s(pid: int) -> float:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) / 1e9 for task in tasks)


class Client(asyncio.Protocol):
    """One connection of a reader: asks again as soon as it was answered.

    With `reconnect` each click has a connection of its own.
    """

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def _ask(self) -> None:
        if self._load.left == 0:
            self._transport.close()
            return
        self._load.left -= 1
        self._begun_s = time.perf_counter()
        self._transport.write(self._load.request)

    def data_received(self, data: bytes) -> None:
        """Take an answer: its body ends it."""
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        if not end or len(body) < length:
            return
        if not head.startswith(b"HTTP/1.1 302"):
            raise SystemExit(head)
        self._answer = b""
        self._load.took(time.perf_counter() - self._begun_s)
        if self._load.reconnect:
            self._transport.close()
            self._load.connect()
        else:
            self._ask()


class Load:
    """So many clicks over so many connections; `waits_s` has how long each took."""

    def __init__(self, server: Server, clicks: int, *, reconnect: bool) -> None:
        close = "Connection: close\r\n" if reconnect else ""
        self.request = f"GET {server.path} HTTP/1.1\r\n{HEAD}{close}\r\n".encode()
        self.left = self._wanted = clicks
        self.reconnect = reconnect
        self.waits_s: list[float] = []
        self._port = server.port
        self._loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        self._tasks: set[asyncio.Task[object]] = set()

    def connect(self) -> None:
        """Open a connection, if there is anything left to ask."""
        if self.left:
            opening = self._loop.create_connection(lambda: Client(self), "127.0.0.1", self._port)
            task = self._loop.create_task(opening)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def took(self, wait_s: float) -> None:
        """Note one answer."""
        self.waits_s.append(wait_s)
        if len(self.waits_s) == self._wanted:
            self._done.set()

    async def run(self) -> float:
        """Return the seconds from the first question to the last answer."""
        begun_s = time.perf_counter()
        for _ in range(CONNECTIONS):
            self.connect()
        await self._done.wait()
        return time.perf_counter() - begun_s


async def click(server: Server, clicks: int, *, reconnect: bool) -> tuple[float, list[float]]:
    """Return the seconds for all clicks, and for each."""
    load = Load(server, clicks, reconnect=reconnect)
    return await load.run(), load.waits_s


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(port: int, arguments: list[str], source: Path = HERE) -> Iterator[int]:
    """Run a server until the block ends; yield its process id."""
    environment = os.environ | {"PYTHONPATH": str(source)}
    process = subprocess.Popen(arguments, cwd=source, env=environment, stdout=subprocess.DEVNULL)
    try:
        for _ in range(400):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise SystemExit(f"{arguments} does not listen")
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def tracker(
    folder: Path, source: Path, webhook: str = "", workers: int = 1
) -> Iterator[tuple[Server, Server]]:
    """Run a tracker of a checkout; yield it with a link that counts, and with a preview."""
    folder.mkdir()
    token_keys.write_token_keys(folder / "token.keys", [token_keys.new_token_key()])
    port, config = free_port(), folder / "waypost.toml"
    several = (
        f"workers = {workers}" if workers > 1 else ""
    )  # which an earlier checkout does not know
    config.write_text(CONFIG.format(folder=folder, port=port, workers=several) + webhook)
    environment = os.environ | {"PYTHONPATH": str(source)}
    minting = [sys.executable, "-c", MINT, str(folder / "token.keys"), DESTINATION]
    minted = subprocess.run(minting, cwd=source, env=environment, capture_output=True, check=True)
    paths = [f"/c/{token}" for token in minted.stdout.decode().split()]
    with running(
        port, [sys.executable, "-c", WAYPOST, "tracker", "-c", str(config)], source
    ) as pid:
        counted, preview = (Server(pid, port, path, is_parent=workers > 1) for path in paths)
        yield counted, preview


@contextmanager
def locked(folder: Path) -> Iterator[Server]:
    """Run a tracker whose database somebody has locked; clicks wait in the spool."""
    with tracker(folder, HERE) as (counted, _):
        database = folder / "waypost.db"
        while not database.exists():
            time.sleep(0.05)
        with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield counted


@contextmanager
def dead_webhook(folder: Path) -> Iterator[Server]:
    """Run a tracker that tells a webhook of each click, which takes connections and never answers."""
    secret = folder.with_name("hook.secret")
    secret.write_text("whsec_" + "A" * 43 + "=")
    secret.chmod(0o600)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as dead:
        port = dead.getsockname()[1]
        webhook = WEBHOOK.format(port=port, folder=secret.parent)
        with tracker(folder, HERE, webhook) as (counted, _):
            yield counted


@contextmanager
def nginx(folder: Path) -> Iterator[Server]:
    """Run nginx with one worker process."""
    folder.mkdir()
    port, config = free_port(), folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, destination=DESTINATION))
    arguments = ["nginx", "-e", str(folder / "nginx.log"), "-p", str(folder), "-c", str(config)]
    with running(port, arguments) as pid:
        yield Server(pid, port, "/", is_parent=True)


def servers(folder: Path, checkouts: list[Path], stack: ExitStack) -> dict[str, Server]:
    """Start all kinds; return each by its name."""
    found: dict[str, Server] = {}
    for number, source in enumerate([HERE, *checkouts]):
        name = f" of {source.name}" if checkouts else ""
        counted, preview = stack.enter_context(tracker(folder / str(number), source))
        found |= {f"waypost tracker{name}": counted, f"preview{name}": preview}
    if not checkouts:
        counted, _ = stack.enter_context(tracker(folder / "workers", HERE, workers=2))
        found["waypost tracker, two workers"] = counted
    found["with its database locked"] = stack.enter_context(locked(folder / "locked"))
    found["with a dead webhook"] = stack.enter_context(dead_webhook(folder / "webhook"))
    if shutil.which("nginx"):
        found[NGINX_NAME] = stack.enter_context(nginx(folder / "nginx"))
    return found


@dataclass
class Figures:
    """What was measured of one kind, a figure a round."""

    cpu_us: list[float]
    counting_us: list[float]
    rate: list[float]
    waits_s: list[float]

    def line(self, nginx: "Figures | None") -> str:
        """Return the medians, how long readers waited, and the share of what nginx does in a second."""
        ordered = sorted(self.waits_s)
        p50, p99 = (ordered[int(share * len(ordered))] * 1e3 for share in (0.5, 0.99))
        cpu, counting, rate = map(statistics.median, (self.cpu_us, self.counting_us, self.rate))
        share = f"{rate / statistics.median(nginx.rate):10.2f}" if nginx else ""
        return f"{cpu:10.1f}{counting:10.1f}{rate:10.0f}{p50:9.1f}{p99:9.1f}{share}"


def measure(kinds: dict[str, Server], rounds: int, *, reconnect: bool) -> dict[str, Figures]:
    """Let all kinds take turns; the first round only warms up."""
    figures: dict[str, Figures] = defaultdict(lambda: Figures([], [], [], []))
    for round_number in range(rounds + 1):
        for name, server in kinds.items():
            before_s, counting_s = server.cpu_s(), server.children_cpu_s()
            wall_s, waits_s = uvloop.run(click(server, CLICKS, reconnect=reconnect))
            if round_number:
                each = figures[name]
                each.cpu_us.append((server.cpu_s() - before_s) / CLICKS * 1e6)
                each.counting_us.append((server.children_cpu_s() - counting_s) / CLICKS * 1e6)
                each.rate.append(CLICKS / wall_s)
                each.waits_s += waits_s
    return figures


def checkout(text: str) -> Path:
    """Return the folder of a checkout; raises ArgumentTypeError where it is none."""
    folder = Path(text).resolve()
    if not (folder / "waypost.py").is_file():
        raise argparse.ArgumentTypeError(f"{folder} is no checkout of Waypost")
    return folder


def main() -> None:
    """Print a table for connections that stay, and one for a connection a click."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("checkout", nargs="*", type=checkout, help="another one, measured in turns")
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help="of each kind (default: %(default)s)"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        kinds = servers(Path(name), arguments.checkout, stack)
        for reconnect in (False, True):
            how = "one for each click" if reconnect else "kept"
            print(
                f"{CONNECTIONS} connections at a time, {how} (medians of {arguments.rounds} rounds)"
            )
            print(f"{'':28}    µs CPU  counting  clicks/s   p50 ms   p99 ms  of nginx")
            measured = measure(kinds, arguments.rounds, reconnect=reconnect)
            nginx = measured.get(NGINX_NAME)
            for kind, figures in measured.items():
                print(f"{kind:28}{figures.line(nginx)}", flush=True)


if __name__ == "__main__":
    main()
