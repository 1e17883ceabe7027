"""A soak: half an hour of mail and clicks at 70 % load, and what it does to memory, descriptors and waiting.

`waypost proxy` and `waypost tracker` with a sink as the relay. First it is found out, within some seconds, how
much both can do at one time with this machine's load; then so much of it as `--load` says is sent evenly, and
waits are counted from the moment at which a mail or click was due, so that a stall is not hidden by its own
doing. Every minute prints a line; at the end, what was acknowledged is compared with what the report counts.

    python -m bench.soak [--minutes 30] [--load 0.7] [--mails N --clicks N]      a second, instead of finding out

Exits with 1 where anything was lost or refused.
"""

import argparse
import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench.support import ROOT
from bench.support.mail import Author, Mail
from bench.support.processes import (
    family,
    free_port,
    memory_mb,
    program,
    rested,
    stop_all_at_sigterm,
)
from bench.support.sink import Sink, smtp_sink
from bench.support.smtp_clients import Client, client
from bench.support.waypost import WAYPOST, configure
from config.keys.token_keys import read_token_keys
from tracker.tokens import Keyring, Link, mint, new_message_id

SESSIONS, CONNECTIONS = 8, 16
MESSAGES, SIZE_OCTETS, LINKS = 300, 20_000, 12
CALIBRATED_S = 10.0
LINE_S = 60.0
SAMPLE_S = 5.0
DESTINATION = "https://shop.example.com/item/42?utm_source=mail"
HEAD = (
    "Host: click.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
    "Accept: text/html\r\nAccept-Language: en\r\n\r\n"
)
Work = Callable[[], Awaitable[bool]]


@dataclass
class Stream:
    """One kind of work: what was done, what was not, and how long each waited, in seconds."""

    name: str
    done: int = 0
    failed: int = 0
    waits_s: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Return what came since the last line, and begin anew."""
        waits_s, self.waits_s = self.waits_s, []
        if len(waits_s) < 2:
            return f"{self.name}: none"
        cut = statistics.quantiles(waits_s, n=100)
        told = f"{self.name}: {len(waits_s)}, half within {cut[49] * 1000:.1f} ms"
        return f"{told}, 99 % within {cut[98] * 1000:.1f} ms, longest {max(waits_s) * 1000:.0f} ms"


class Pace:
    """Moments at which something is due, evenly; None: at once, as fast as it goes."""

    def __init__(self, per_s: float | None) -> None:
        self._every_s = 1 / per_s if per_s else 0.0
        self._due_s = time.perf_counter()

    async def next(self) -> float:
        """Wait for the next moment; return it."""
        due_s = self._due_s = self._due_s + self._every_s
        now_s = time.perf_counter()
        if not self._every_s:
            return now_s
        if due_s > now_s:
            await asyncio.sleep(due_s - now_s)
        return due_s


@dataclass(frozen=True)
class Field:
    """What is running: the folder, the services' processes and ports, the sink."""

    folder: Path
    proxy: int
    tracker: int
    smtp: int
    http: int
    sink: Sink

    @property
    def keyring(self) -> Keyring:
        """The keys of links."""
        return Keyring(read_token_keys(self.folder / "token.keys"))

    def descriptors(self, pid: int) -> int:
        """Return how many files a service and its children have open."""
        return sum(len(list(Path(f"/proc/{each}/fd").iterdir())) for each in family([pid]))


async def mailing(where: Field, mails: Iterator[Mail], pace: Pace, stream: Stream) -> None:
    """Send mail in one session until cancelled."""
    async with client(where.smtp) as one:
        while True:
            due_s = await pace.next()
            await _send(one, next(mails), stream)
            stream.waits_s.append(time.perf_counter() - due_s)


async def _send(one: Client, mail: Mail, stream: Stream) -> None:
    if await one.data(mail.content, mail.recipient) == 250:
        stream.done += 1
    else:
        stream.failed += 1


async def clicking(where: Field, paths: Iterator[str], pace: Pace, stream: Stream) -> None:
    """Click over one connection until cancelled."""
    reader, writer = await asyncio.open_connection("127.0.0.1", where.http)
    try:
        while True:
            due_s = await pace.next()
            writer.write(f"GET {next(paths)} HTTP/1.1\r\n{HEAD}".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if b"content-length" in line)
            await reader.readexactly(int(length.partition(b":")[2]))
            is_led = head.startswith(b"HTTP/1.1 302 ")
            stream.done += is_led
            stream.failed += not is_led
            stream.waits_s.append(time.perf_counter() - due_s)
    finally:
        writer.close()


def paths(keyring: Keyring) -> Iterator[str]:
    """Yield links of messages of their own, so that no click is one of many on a copy."""
    while True:
        link = Link(new_message_id(), 1, 1, int(time.time()), DESTINATION)
        yield f"/c/{mint(keyring, link)}"


async def run(
    where: Field, mails: Iterator[Mail], rates: tuple[float | None, float | None], seconds: float
) -> tuple[Stream, Stream]:
    """Have mail and clicks go on for so long; print a line every minute."""
    mail, click = Stream("mails"), Stream("clicks")
    mail_pace, click_pace = Pace(rates[0]), Pace(rates[1])
    links = paths(where.keyring)
    tasks = [asyncio.create_task(mailing(where, mails, mail_pace, mail)) for _ in range(SESSIONS)]
    tasks += [
        asyncio.create_task(clicking(where, links, click_pace, click)) for _ in range(CONNECTIONS)
    ]
    watching = asyncio.create_task(watch(where, mail, click)) if rates[0] else None
    ended, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:  # amid a reply: it is not counted as done here, and may be counted there
        task.cancel()
    if watching is not None:
        watching.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()
    return mail, click


async def watch(where: Field, mail: Stream, click: Stream) -> None:
    """Print memory, descriptors and waits every minute."""
    began_s = time.monotonic()
    while True:
        most = {"proxy": 0, "tracker": 0}
        try:
            for _ in range(int(LINE_S / SAMPLE_S)):
                await asyncio.sleep(SAMPLE_S)
                for name, before in most.items():
                    most[name] = max(before, where.descriptors(getattr(where, name)))
        finally:  # of the last minute, too, which is cut off
            memory = ", ".join(
                f"{name} {memory_mb([getattr(where, name)]):.0f} MB {files} files"
                for name, files in most.items()
            )
            minute = (time.monotonic() - began_s) / 60
            print(f"{minute:4.1f} min  {memory}; {mail.line()}; {click.line()}", flush=True)


def counted(config: Path) -> dict[str, int]:
    """Return what the report says, once all is counted.

    Each click is on a message of its own, which the report counts besides.
    """
    done = subprocess.run(
        [WAYPOST, "report", "--json", "-c", config],
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    totals = json.loads(done.stdout)["totals"]
    clicks = totals["clicks"]["all"]
    return {"mails": totals["messages"] - clicks, "clicks": clicks}


def verdict(name: str, acknowledged: int, failed: int, count: int, under_way: int) -> bool:
    """Print and return whether nothing was lost: what was cut off amid a reply may be counted, too."""
    lost = max(0, acknowledged - count)
    repeated = max(0, count - acknowledged - under_way)
    told = f"{acknowledged} acknowledged, {count} counted, {failed} refused"
    print(f"{name}: {told}, {lost} lost, {repeated} too many")
    return not (lost or failed or repeated)


def main() -> int:
    """Set up, find out how much is 100 %, and go on for the time that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--load", type=float, default=0.7)
    parser.add_argument("--mails", type=float)
    parser.add_argument("--clicks", type=float)
    wanted = parser.parse_args()
    stop_all_at_sigterm()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="waypost-soak-")))
        sink = opened.enter_context(smtp_sink())
        smtp, http = free_port(), free_port()
        proxy = configure(folder, smtp, sink.port, http=http)
        config = folder / "bench.toml"
        tracker = [str(WAYPOST), "tracker", "-c", str(config)]
        tracking = opened.enter_context(program(tracker, http, folder / "tracker.log"))
        mailing_out = opened.enter_context(program(proxy, smtp, folder / "proxy.log"))
        where = Field(folder, mailing_out.pid, tracking.pid, smtp, http, sink)
        mails = itertools.cycle(Author(seed=16).newsletters(MESSAGES, SIZE_OCTETS, LINKS))
        done = {"mails": 0, "clicks": 0}
        failed = dict(done)
        rates: tuple[float | None, float | None] = (wanted.mails, wanted.clicks)
        parts = []
        if not all(rates):
            parts.append(uvloop.run(run(where, mails, (None, None), CALIBRATED_S)))
            full = [stream.done / CALIBRATED_S for stream in parts[0]]
            print(
                f"at full load: {full[0]:.0f} mails and {full[1]:.0f} clicks a second at one time"
            )
            rates = (full[0] * wanted.load, full[1] * wanted.load)
        print(
            f"for {wanted.minutes:g} minutes: {rates[0]:.0f} mails and {rates[1]:.0f} clicks a second"
        )
        parts.append(uvloop.run(run(where, mails, rates, wanted.minutes * 60)))
        for stream in itertools.chain.from_iterable(parts):
            done[stream.name] += stream.done
            failed[stream.name] += stream.failed
        rested([where.proxy, where.tracker])
        counts = counted(config)
        sound = verdict(
            "mails", done["mails"], failed["mails"], counts["mails"], len(parts) * SESSIONS
        )
        clicks = len(parts) * CONNECTIONS
        sound &= verdict("clicks", done["clicks"], failed["clicks"], counts["clicks"], clicks)
        for name in ("proxy", "tracker"):
            print(
                f"{name} at rest: {memory_mb([getattr(where, name)]):.0f} MB, {where.descriptors(getattr(where, name))} files"
            )
            log = (folder / f"{name}.log").read_text()
            print(log[-2000:] if log.strip() else f"{name} logged nothing above info")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
