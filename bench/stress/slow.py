"""How long one message holds the event loop that is much work for its size: 200 KB of each kind.

The kinds are those that tests know (`tests/support/slow_mail.py`). Each is sent by itself to a proxy
as it is by default, but for what makes more work: text/plain, opens, URL parameters. Clients are
trusted, then not. What is measured is what `load.py` measures; the other process is started before.

`python -m bench.stress.slow [KIND …]`
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from bench.support.processes import free_port, program
from bench.support.sink import smtp_sink
from bench.support.smtp_clients import client
from bench.support.waypost import configure
from tests.support.slow_mail import KINDS

OCTETS = 200_000
REST_S = 0.1
SETTINGS = 'plain_text = true\nopens = true\nurl_params = { utm_source = "mail" }\n'
FRONT = 'xclient_networks = ["127.0.0.1"]'
STRANGER = b"XFORWARD ADDR=192.0.2.1"
Sent = tuple[str, int, float, float]
"""The kind, the reply, and from when to when."""


async def send(port: int, kind: str, content: bytes, *, trusted: bool) -> Sent:
    """Send one message and let it be."""
    async with client(port) as one:
        if not trusted:
            await one.ask(STRANGER)
        begun = time.time()
        code = await one.data(content)
        ended = time.time()
    await one.writer.wait_closed()
    return kind, code, begun, ended


async def each(port: int, kinds: list[str]) -> dict[bool, list[Sent]]:
    """Send one of each kind, trusted and not; the first starts the other process."""
    await send(port, "", KINDS["links"](OCTETS), trusted=True)
    sent: dict[bool, list[Sent]] = {True: [], False: []}
    for trusted, results in sent.items():
        for kind in kinds:
            await asyncio.sleep(REST_S)
            results.append(await send(port, kind, KINDS[kind](OCTETS), trusted=trusted))
    return sent


def show(sent: list[Sent], gaps: list[tuple[float, float, float]]) -> None:
    """Print the longest that the loop was away during each message."""
    for kind, code, begun, ended in sent:
        during = [gap for gap in gaps if begun <= gap[0] <= ended + REST_S / 2]
        wall, cpu = (max(gap[at] * 1e3 for gap in during) for at in (1, 2))
        took_ms = (ended - begun) * 1e3
        print(f"  {kind:26} {code}  wall {wall:6.1f}  CPU {cpu:6.1f}  all of it {took_ms:7.1f} ms")


def main() -> int:
    """Print the table."""
    kinds = sys.argv[1:] or list(KINDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port, load = free_port(), ("-m", "bench.stress.load")
        with smtp_sink() as sink:
            config = Path(configure(folder, port, sink.port, proxy=FRONT)[-1])
            text = config.read_text().replace("[tracking]\n", "[tracking]\n" + SETTINGS)
            config.write_text(text)
            with program([sys.executable, *load, "--inside", config, folder / "gaps"], port):
                sent = uvloop.run(each(port, kinds))
        gaps = json.loads((folder / "gaps").read_text())
    print("the longest that the loop was away: wall, CPU of its own thread")
    for trusted, results in sent.items():
        print(f"\n{'trusted' if trusted else 'not trusted'}")
        show(results, gaps)
    return 0


if __name__ == "__main__":
    sys.exit(main())
