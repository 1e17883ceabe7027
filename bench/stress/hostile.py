"""What hostile clients do to `waypost serve`: to its memory, to health checks, to mail and to clicks.

HTTP clients that send requests ahead and hardly read (`flood.py`), or never; idle HTTP connections,
more than the process may open files; SMTP connections that never begin their TLS; strangers that say
EHLO and stay. Each meets a service of its own, and what it does to others is measured before and
beside it, in the same service. Checkouts take turns, so that the machine's mood falls on all alike.

    python -m bench.stress.hostile [CHECKOUT…] [--rounds 3] [--seconds 40] [--only TEXT]

A checkout with a `.venv` of its own runs by that. Everything stays on the loopback, and no flood goes
on beyond 4 GB of a service's memory.
"""

import argparse
import asyncio
import json
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from bench.support.mail import Author
from bench.support.processes import free_port, wait_for
from bench.support.waypost import config_text

HERE = Path(__file__).resolve().parents[2]
FLOOD = Path(__file__).with_name("flood.py")
WAYPOST = "from waypost import main; main()"
IDLE_S = 15.0
PATIENCE_S = 10.0
PAUSE_S = 0.05
MOST_MB = 4000
ESTABLISHED = "01"
CONTENT = Author(1).newsletter(5_000, 6).content
LISTENS_WITH_TLS = """\
listen_tls = ["127.0.0.1:{smtps}"]
tls_cert = "{folder}/tls.pem"
tls_key = "{folder}/tls.key"
"""
QUIET = '[log]\nlevel = "error"'


# A service, its relay and its clients.


@dataclass(frozen=True)
class Service:
    """A `waypost serve` of one checkout, and the ports of it and of its relay."""

    folder: Path
    checkout: Path
    smtp: int = field(default_factory=free_port)
    smtps: int = field(default_factory=free_port)
    http: int = field(default_factory=free_port)
    relay: int = field(default_factory=free_port)

    @property
    def config(self) -> Path:
        """Return the configuration file."""
        return self.folder / "made" / "waypost.toml"

    def command(self, *arguments: str | Path) -> list[str | Path]:
        """Return how a command of the checkout is run."""
        python = self.checkout / ".venv" / "bin" / "python"
        return [python if python.exists() else sys.executable, "-c", WAYPOST, *arguments]

    def run(self, *arguments: str | Path) -> str:
        """Run a command to its end; return what it printed."""
        command, where = self.command(*arguments), self.checkout
        done = subprocess.run(
            command, cwd=where, env=_environment(where), check=True, capture_output=True
        )
        return done.stdout.decode()

    def furnish(self, proxy: str) -> str:
        """Write keys and configuration; return the path of a tracked link."""
        folder = self.config.parent
        self.run("init", folder, "--domain", "example.com")
        issued = trustme.CA().issue_cert("127.0.0.1")
        issued.cert_chain_pems[0].write_to_path(str(folder / "tls.pem"))
        issued.private_key_pem.write_to_path(str(folder / "tls.key"))
        (folder / "tls.key").chmod(0o600)
        proxy = LISTENS_WITH_TLS.format(smtps=self.smtps, folder=folder) + proxy
        text = config_text(folder, self.smtp, self.relay, proxy=proxy, more=QUIET, http=self.http)
        self.config.write_text(text)
        link = self.run("link", "https://shop.example.com/item", "-c", self.config)
        return link.strip().partition(str(self.http))[2]

    @contextmanager
    def serving(self, descriptors: str) -> Iterator[int]:
        """Run it with so many descriptors at most, behind it a relay for 50 sessions; yield its process id."""
        sink = ["smtp-sink", *(["-u", "nobody"] if os.getuid() == 0 else [])]
        bounded = ["/bin/sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh"]
        with (
            _program([*sink, "-m", "50", f"127.0.0.1:{self.relay}", "512"], self.relay),
            _program(
                [*bounded, *self.command("serve", "-c", self.config)],
                self.http,
                self.checkout,
            ) as serving,
        ):
            wait_for(self.smtp, serving)
            yield serving.pid


def _environment(checkout: Path) -> dict[str, str]:
    """Return the environment in which a checkout's packages are found first, with it as the folder."""
    return os.environ | {"PYTHONPATH": str(checkout)}


@contextmanager
def _program(
    arguments: Sequence[str | Path], port: int, checkout: Path = HERE
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; one that is buried in work is killed."""
    environment, nowhere = _environment(checkout), subprocess.DEVNULL
    process = subprocess.Popen(
        arguments, cwd=checkout, env=environment, stdout=nowhere, stderr=nowhere
    )
    try:
        wait_for(port, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def sessions_at(port: int) -> int:
    """Return how many connections are established at a port of this machine."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ending = f":{port:04X}"
    return sum(line[1].endswith(ending) and line[3] == ESTABLISHED for line in lines)


@dataclass
class Others:
    """What some clients met who mean no harm: seconds that each waited, and how many got nothing."""

    waits_s: list[float] = field(default_factory=list)
    failed: int = 0

    def add(self, more: "Others") -> None:
        """Count those of another round as well."""
        self.waits_s += more.waits_s
        self.failed += more.failed

    def at(self, share: float) -> float:
        """Return the seconds within which this share of all was served; who got nothing never was."""
        ordered = [*sorted(self.waits_s), *[float("inf")] * self.failed]
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

    async def come(self, one: Callable[[], Awaitable[bool]]) -> None:
        """Let one client after the other come, until cancelled."""
        while True:
            begun_s, served = time.perf_counter(), False
            with suppress(OSError, EOFError, ValueError):
                async with asyncio.timeout(PATIENCE_S):
                    served = await one()
            if served:
                self.waits_s.append(time.perf_counter() - begun_s)
            else:
                self.failed += 1
            await asyncio.sleep(PAUSE_S)


@asynccontextmanager
async def connected(
    port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect, and hang up at the end of the block."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def get(port: int, path: str, code: bytes) -> bool:
    """Ask for a path over a connection of its own; True: it is answered with this code."""
    async with connected(port) as (reader, writer):
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
        )
        return (await reader.readuntil(b"\r\n")).split()[1] == code


async def send(port: int, tls: ssl.SSLContext | None = None, header: bytes = b"") -> bool:
    """Hand in one message over a connection of its own; True: it was taken."""
    async with connected(port, tls) as (reader, writer):
        writer.write(header)
        lines = [b"EHLO a.test", b"MAIL FROM:<a@example.com>", b"RCPT TO:<b@example.net>", b"DATA"]
        for line in (*lines, CONTENT + b".", None):
            while (reply := await reader.readuntil(b"\n"))[3:4] == b"-":
                pass
            if reply[:1] not in b"23":
                return False
            if line is not None:
                writer.write(line + b"\r\n")
    return True


# What is done to it.


@dataclass
class Setting:
    """A running service, and what was found of it."""

    service: Service
    pid: int
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Attack:
    """What is done, and to a service of which kind; mail comes by `mail`."""

    name: str
    begin: Callable[[Setting], "AttackContext"]
    proxy: str = ""
    descriptors: str = "$(ulimit -Hn)"
    mail: Callable[[Service], Awaitable[bool]] = lambda service: send(service.smtp)


AttackContext = AsyncIterator[None]


def flooding(count: int, octets_a_second: int) -> Callable[[Setting], AttackContext]:
    """Return an attack: so many connections pipeline, and read so much a second."""

    async def attack(setting: Setting) -> AttackContext:
        numbers = map(str, (setting.service.http, count, octets_a_second))
        arguments = [sys.executable, str(FLOOD), *numbers]
        process = await asyncio.create_subprocess_exec(
            *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        bounding = asyncio.create_task(_bound(setting.pid, process))
        try:
            yield
        finally:
            bounding.cancel()
            found = json.loads((await process.communicate(b"\n"))[0])
            setting.notes.append(_said_of(found))

    return attack


async def _bound(pid: int, process: asyncio.subprocess.Process) -> None:
    """Stop a flood that takes the machine's memory."""
    while resident_mb(pid) < MOST_MB:  # noqa: ASYNC110 - nobody tells of memory
        await asyncio.sleep(0.1)
    if process.stdin is not None:
        process.stdin.write(b"\n")


def _said_of(found: dict[str, list[float]]) -> str:
    sent = f"{found['sent'] / 1e6:.0f} MB sent"  # type: ignore[operator]
    if not found["closed_s"]:
        return f"{sent}, none closed in {max(found['held_s']):.0f} s"
    longest = max([*found["closed_s"], *found["held_s"]])
    return f"{sent}, closed after {statistics.median(found['closed_s']):.0f} s, {longest:.0f} s at most"


async def crowd(setting: Setting) -> AttackContext:
    """Open more HTTP connections than there are descriptors, of a hundred addresses, and idle."""
    with ExitStack() as opened:
        for number in range(600):
            opened.enter_context(_socket(setting.service.http, f"127.0.0.{2 + number // 6}"))
        yield


async def silent(setting: Setting) -> AttackContext:
    """Open sixty connections from two addresses to the listener for TLS, and say nothing."""
    with ExitStack() as opened:
        for number in range(60):
            opened.enter_context(_socket(setting.service.smtps, f"127.0.0.{2 + number // 30}"))
        yield


async def strangers(setting: Setting) -> AttackContext:
    """Let fifty strangers say EHLO, and no more."""
    async with AsyncExitStack() as opened:
        for number in range(50):
            reader, writer = await opened.enter_async_context(connected(setting.service.smtp))
            writer.write(f"PROXY TCP4 203.0.{number}.9 127.0.0.1 4711 25\r\n".encode())
            await reader.readuntil(b"\n")
            writer.write(b"EHLO stranger.test\r\n")
            await reader.readuntil(b"250 ")
        await asyncio.sleep(1)
        setting.notes.append(f"{sessions_at(setting.service.relay)} relay sessions")
        yield


def _socket(port: int, ip: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 10, (ip, 0))


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


TLS = _unverified()
OURS = b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 25\r\n"
BALANCER = 'proxy_protocol_networks = ["127.0.0.0/8"]\ntrusted_networks = ["192.0.2.0/24"]'
ATTACKS = [
    Attack("1 connection that pipelines and never reads", flooding(1, 0)),
    Attack("20 of them", flooding(20, 0)),
    Attack("1 connection that pipelines and reads 1 KB a second", flooding(1, 1000)),
    Attack("20 of them, reading", flooding(20, 1000)),
    Attack("600 idle HTTP connections, nofile 400", crowd, descriptors="400"),
    Attack(
        "60 silent connections to listen_tls, max_sessions 60",
        silent,
        "max_sessions = 60\nmax_sessions_per_address = 10",
        mail=lambda service: send(service.smtps, TLS),
    ),
    Attack(
        "50 strangers that said EHLO, relay for 50 sessions",
        strangers,
        BALANCER,
        mail=lambda service: send(service.smtp, header=OURS),
    ),
]


# What it does to others.


@dataclass
class Figures:
    """What was found in all rounds: before and beside the attack."""

    grown_mb: float = 0
    health: Others = field(default_factory=Others)
    mail: tuple[Others, Others] = field(default_factory=lambda: (Others(), Others()))
    clicks: tuple[Others, Others] = field(default_factory=lambda: (Others(), Others()))
    notes: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Return the cells of a table."""
        ratios = [_compared(*each) for each in (self.mail, self.clicks)]
        health = f"{_time(self.health.at(1))}{_none(self.health)}"
        cells = [f"+ {self.grown_mb:,.0f} MB", health, *ratios, "; ".join(self.notes)]
        return " | ".join(cells)


def _compared(before: Others, beside: Others) -> str:
    """Return the 99th percentiles, and how many got nothing."""
    ratio = f" ({beside.at(0.99) / before.at(0.99):.1f})" if not beside.failed else ""
    return f"{_time(before.at(0.99))} → {_time(beside.at(0.99))}{ratio}{_none(beside)}"


def _time(seconds: float) -> str:
    if seconds == float("inf"):
        return "never"
    return f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _none(others: Others) -> str:
    count = len(others.waits_s) + others.failed
    return f", {others.failed} of {count} failed" if others.failed else ""


async def measure(attack: Attack, setting: Setting, path: str, seconds: float) -> Figures:
    """Measure others before the attack, then beside it."""
    figures, service = Figures(notes=setting.notes), setting.service
    await _others(attack, service, path, Figures(), beside=False, seconds=3)  # to warm up
    await _others(attack, service, path, figures, beside=False, seconds=IDLE_S)
    before_mb = resident_mb(setting.pid)
    attacking = asynccontextmanager(attack.begin)(setting)
    async with attacking:
        growing = asyncio.create_task(_grow(setting.pid, before_mb, figures))
        await _others(attack, service, path, figures, beside=True, seconds=seconds)
        growing.cancel()
    return figures


async def _others(
    attack: Attack, service: Service, path: str, figures: Figures, *, beside: bool, seconds: float
) -> None:
    health = figures.health if beside else Others()
    work = [
        health.come(lambda: get(service.http, "/healthz", b"200")),
        figures.mail[beside].come(lambda: attack.mail(service)),
        figures.clicks[beside].come(lambda: get(service.http, path, b"302")),
    ]
    tasks = [asyncio.create_task(each) for each in work]
    await asyncio.wait(tasks, timeout=seconds)
    await asyncio.gather(*(_ended(task) for task in tasks))


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _grow(pid: int, before_mb: float, figures: Figures) -> None:
    while True:
        figures.grown_mb = max(figures.grown_mb, resident_mb(pid) - before_mb)
        await asyncio.sleep(0.1)


def once(attack: Attack, checkout: Path, seconds: float) -> Figures:
    """Do it to a fresh service of a checkout."""
    with tempfile.TemporaryDirectory() as name:
        service = Service(Path(name), checkout)
        path = service.furnish(attack.proxy)
        with service.serving(attack.descriptors) as pid:
            return asyncio.run(measure(attack, Setting(service, pid), path, seconds))


def add(all_rounds: Figures, more: Figures) -> None:
    """Count another round as well."""
    all_rounds.grown_mb = max(all_rounds.grown_mb, more.grown_mb)
    all_rounds.health.add(more.health)
    for beside in (False, True):
        all_rounds.mail[beside].add(more.mail[beside])
        all_rounds.clicks[beside].add(more.clicks[beside])
    all_rounds.notes += more.notes


def main() -> None:
    """Print a table for each attack, a line a checkout."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkouts", type=Path, nargs="*")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--only", default="", help="attacks whose name matches")
    asked = parser.parse_args()
    if shutil.which("smtp-sink") is None:
        print("smtp-sink is not installed (Debian: postfix)")
        return
    checkouts = [HERE, *(each.resolve() for each in asked.checkouts)]
    for attack in (each for each in ATTACKS if re.search(asked.only, each.name)):
        found = {checkout: Figures() for checkout in checkouts}
        for _ in range(asked.rounds):
            for checkout, figures in found.items():
                add(figures, once(attack, checkout, asked.seconds))
        print(f"\n{attack.name}")
        print("checkout | memory | slowest /healthz | p99 of mail | p99 of clicks | seen")
        for checkout, figures in found.items():
            print(f"{checkout.name} | {figures.line()}", flush=True)


if __name__ == "__main__":
    main()
