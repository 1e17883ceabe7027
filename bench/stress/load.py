"""What many and large messages do to one proxy: memory, refusals, and how long others wait.

200 uploads of 25 MB at one time beside 1,000 idle sessions, then a few messages of 25 MB by
themselves, then sessions that drip octets; a sink takes what comes out. Memory is that of the proxy
with its helper process, and what travels between them. Stalls are measured from inside the event loop, as wall time and as CPU
time of its thread: on a busy machine only the latter is the proxy's own doing.

`python -m bench.stress.load [UPLOADS [IDLE]]`
"""

import asyncio
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from pathlib import Path

import uvloop

from bench.support.mail import Author
from bench.support.processes import free_port, memory_mb, program
from bench.support.sink import smtp_sink
from bench.support.smtp_clients import client
from bench.support.waypost import configure
from config.loading.load import load
from config.schema import Config
from proxy.server.server import serve

UPLOADS, IDLE, DRIPPING = 200, 1000, 200
SIZE_OCTETS = 25_000_000
TICK_S = 0.002
LIMITS = "max_sessions = 3000\nmax_sessions_per_address = 3000"


# The proxy, with a clock in its loop.


async def watched(config: Config) -> list[tuple[float, float, float]]:
    """Serve until asked to stop; give every gap between two turns of the loop, as `tick` does."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(15, stop.set)
    gaps: list[tuple[float, float, float]] = []
    clock = asyncio.create_task(tick(gaps))
    await serve(config, stop=stop)
    clock.cancel()
    return gaps


async def tick(gaps: list[tuple[float, float, float]]) -> None:
    """Note when, and how much longer than asked for each short sleep was, in wall and CPU."""
    while True:
        wall_s, cpu_s = time.perf_counter(), time.thread_time()
        await asyncio.sleep(TICK_S)
        now_s = time.perf_counter()
        gaps.append((time.time(), now_s - wall_s - TICK_S, time.thread_time() - cpu_s))


# Its clients.


async def upload(port: int, content: bytes) -> str:
    """Send one message; give what it was answered."""
    try:
        async with client(port) as one:
            return str(await one.data(content))
    except OSError as error:
        return type(error).__name__


async def idle(port: int, until: asyncio.Event, ready: asyncio.Semaphore) -> None:
    """Greet and stay."""
    async with client(port):
        ready.release()
        await until.wait()


async def drip(port: int, until: asyncio.Event, *, data: bool) -> None:
    """Send an octet now and then, of a command or of a message."""
    with suppress(OSError):
        async with client(port) as one:
            if data:
                await one.ask(b"MAIL FROM:<news@example.com>")
                await one.ask(b"RCPT TO:<reader@example.net>")
                await one.ask(b"DATA")
            while not until.is_set():
                one.writer.write(b"x")
                await asyncio.sleep(0.05)


# What is measured.


async def memory(pid: int, samples: list[float]) -> None:
    """Note resident memory of a process and its children, in MB."""
    while True:
        samples.append(memory_mb([pid]))
        await asyncio.sleep(0.1)


async def flood(port: int, content: bytes, uploads: int, idlers: int) -> None:
    """Print what became of many uploads at once beside many idle sessions."""
    until, ready = asyncio.Event(), asyncio.Semaphore(0)
    idling = [asyncio.create_task(idle(port, until, ready)) for _ in range(idlers)]
    for _ in range(idlers):
        await ready.acquire()
    begun = time.perf_counter()
    answers = Counter(await asyncio.gather(*(upload(port, content) for _ in range(uploads))))
    took = time.perf_counter() - begun
    print(f"  answers {dict(answers.most_common())} in {took:.0f} s")
    until.set()
    await asyncio.gather(*idling)


async def few(port: int, content: bytes) -> None:
    """Four large messages, two at a time."""
    for _ in range(2):
        print(f"  answers {await asyncio.gather(upload(port, content), upload(port, content))}")


async def loris(port: int) -> None:
    """Print how long small messages take alone, and beside sessions that drip octets."""
    small = Author(1).newsletter(5_000, 6).content
    alone = await latencies_ms(port, small)
    until = asyncio.Event()
    slow = [asyncio.create_task(drip(port, until, data=n % 2 == 0)) for n in range(DRIPPING)]
    await asyncio.sleep(2)
    beside = await latencies_ms(port, small)
    until.set()
    await asyncio.gather(*slow)
    for name, values in (("alone", alone), ("beside them", beside)):
        print(f"  5 KB message, {name:12} {spread(values)}")


async def latencies_ms(port: int, content: bytes) -> list[float]:
    """Time messages one after the other."""
    taken = []
    async with client(port) as one:
        for _ in range(300):
            begun = time.perf_counter()
            await one.data(content)
            taken.append((time.perf_counter() - begun) * 1e3)
    return taken


def spread(values: Sequence[float]) -> str:
    """Say how values are spread."""
    ordered, last = sorted(values), len(values) - 1
    shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1}
    return (
        "  ".join(f"{name} {ordered[int(at * last)]:7.2f}" for name, at in shares.items()) + " ms"
    )


def large(*, html: bool) -> bytes:
    """Build a message of 25 MB: a letter with an attachment, or one long page of HTML."""
    author = Author(1)
    mail = author.newsletter(SIZE_OCTETS, 20_000) if html else author.letter(SIZE_OCTETS, 40)
    return mail.content


async def stage(title: str, pid: int, work: Awaitable[None]) -> tuple[str, float, float]:
    """Run one part of the bench; print its memory, and give when it ran."""
    print(f"\n{title}", flush=True)
    samples: list[float] = []
    sampling = asyncio.create_task(memory(pid, samples))
    begun = time.time()
    await work
    sampling.cancel()
    print(f"  memory at most {max(samples):.0f} MB, at the end {samples[-1]:.0f} MB", flush=True)
    return title, begun, time.time()


async def stages(port: int, pid: int, uploads: int, idlers: int) -> list[tuple[str, float, float]]:
    """Run all parts."""
    letter, page = large(html=False), large(html=True)
    return [
        await stage("slow sessions", pid, loris(port)),
        await stage("a few letters of 25 MB", pid, few(port, letter)),
        await stage("a few pages of 25 MB", pid, few(port, page)),
        await stage(
            f"{uploads} letters of 25 MB, {idlers} idle", pid, flood(port, letter, uploads, idlers)
        ),
    ]


def main() -> int:
    """Print the table."""
    if sys.argv[1:2] == ["--inside"]:
        gaps = uvloop.run(watched(load(Path(sys.argv[2]), files=True)))
        Path(sys.argv[3]).write_text(json.dumps(gaps))
        return 0
    uploads, idlers = (*map(int, sys.argv[1:]), *(UPLOADS, IDLE)[len(sys.argv) - 1 :])
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = free_port()
        with smtp_sink() as sink:
            config = configure(folder, port, sink.port, proxy=LIMITS)[-1]
            inside = [
                sys.executable,
                "-m",
                "bench.stress.load",
                "--inside",
                config,
                folder / "gaps",
            ]
            with program(inside, port) as process:
                ran = uvloop.run(stages(port, process.pid, uploads, idlers))
        print("\nhow long the loop was away: wall, CPU of its own thread")
        gaps = json.loads((folder / "gaps").read_text())
        for title, begun, ended in ran:
            during = [gap for gap in gaps if begun <= gap[0] <= ended]
            print(f"  {title}\n    wall {spread([gap[1] * 1e3 for gap in during])}")
            print(f"    CPU  {spread([gap[2] * 1e3 for gap in during])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
