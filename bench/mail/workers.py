"""What a second worker brings: messages a second of 100 KB, through one worker and through two.

The machine needs two cores; its clients and the sink take their share of them. Both proxies run and
take turns, without the tracker.

    python -m bench.mail.workers
"""

import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.support.mail import Author
from bench.support.processes import rested
from bench.support.sink import smtp_sink
from bench.support.smtp_clients import deliver
from bench.support.table import Row, Section, Target, text
from bench.support.waypost import services

ROUNDS = 4
MESSAGES = 384
"""A turn takes a second or two: with fewer, how the kernel shares out sessions shows more than workers do."""
SESSIONS = 32
"""Enough of them for the kernel to share out evenly."""
TARGET = Target(1.7, "x one")


def section() -> Section:
    """Measure both."""
    author = Author(int(time.time()))
    rates: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        sink = stack.enter_context(smtp_sink())
        running = {
            workers: stack.enter_context(
                services(
                    Path(name) / str(workers),
                    sink.port,
                    proxy=f"workers = {workers}",
                    tracker=False,
                )
            )
            for workers in rates
        }
        for round_number in range(ROUNDS + 1):
            mails = author.newsletters(MESSAGES, 100_000, 80)
            for workers, proxy in running.items():
                rested(proxy.pids)
                begun_s = time.perf_counter()
                deliver(proxy.port, mails, SESSIONS)
                if round_number:  # the first one warms up
                    rates[workers].append(MESSAGES / (time.perf_counter() - begun_s))
    one, two = (statistics.median(values) for values in rates.values())
    rows = [
        Row("one worker", f"{one:.0f} /s"),
        Row("two workers", f"{two:.0f} /s", f"{two / one:.2f} x one", TARGET, two / one),
    ]
    return Section("Messages a second, 100 KB with 80 links", rows, rates)


if __name__ == "__main__":
    print(text([section()]))
    sys.exit()
