"""What a client waits where the first relay is dead, in each of five ways, and the second is there.

A real `waypost proxy` in front of a relay that takes everything, with a dead one before it. Measured is
what a client sees: from connecting to the reply to its EHLO. `directly` is the same without a dead relay.

`python -m bench.stress.dead_relays`
"""

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from aiosmtpd.controller import Controller

from tests.support.clients.programs import free_port
from tests.support.clients.smtp_client import Dialogue
from tests.support.relays.dead_relays import DEAD_RELAYS
from tests.support.stack import Mailbox, Stack

LATER = 50


async def hello_s(port: int) -> float:
    """Return how long a client waits for EHLO to be answered."""
    began = time.perf_counter()
    client = await Dialogue.connect(port)
    await client.reply()
    reply = await client.ask(b"EHLO client.test")
    took_s = time.perf_counter() - began
    await client.close()
    if reply.code != 250:
        raise SystemExit(f"EHLO was answered {reply}")
    return took_s


@contextlib.contextmanager
def proxy_before(first: int, second: int) -> Iterator[int]:
    """Run a proxy that hands mail to the first, else to the second; gives its port."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), first).furnish()
        text = stack.config.read_text()
        fallback = f'tls = "none"\nfallback = ["127.0.0.1:{second}"]\n'
        stack.config.write_text(text.replace('tls = "none"\n', fallback, 1))
        with stack.serving("proxy"):
            yield stack.smtp


async def clients(port: int) -> tuple[float, float, float]:
    """Return what the first of many waits, the median of the later ones, and the longest, in ms."""
    first_s = await hello_s(port)
    later_s = [await hello_s(port) for _ in range(LATER)]
    return 1000 * first_s, 1000 * statistics.median(later_s), 1000 * max(later_s)


def main() -> None:
    """Print one line for each way to be dead."""
    box = Mailbox(port=free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    print(f"{'':10}{'first':>10}{'later':>10}{'longest':>10}  ms")
    with proxy_before(box.port, box.port) as port:
        show("directly", asyncio.run(clients(port)))
    for name, dead_relay in DEAD_RELAYS.items():
        with dead_relay() as dead, proxy_before(dead, box.port) as port:
            show(name, asyncio.run(clients(port)))
    controller.stop()


def show(name: str, waited_ms: tuple[float, ...]) -> None:
    """Print a line."""
    print(f"{name:10}" + "".join(f"{each:10.1f}" for each in waited_ms))


if __name__ == "__main__":
    main()
