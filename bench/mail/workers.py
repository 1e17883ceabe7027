"""What a second worker brings: messages a second of 100 KB, through one worker and through two.

The machine needs two cores; where it has no more, clients and sink take their share of them, and a row says what two workers
could do without. Both proxies run and take turns, without the tracker.

    python -m bench.mail.workers
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.support.mail import Author, Mail
from bench.support.processes import cpu_s, rested
from bench.support.sink import Sink, smtp_sink
from bench.support.smtp_clients import deliver
from bench.support.table import Row, Section, Target, text
from bench.support.waypost import Services, services

ROUNDS = 4
MESSAGES = 384
"""A turn takes a second or two: with fewer, how the kernel shares out sessions shows more than workers do."""
SESSIONS = 32
"""Enough of them for the kernel to share out evenly."""
CORES = 2
TARGET = Target(1.7, "x one")


@dataclass(frozen=True)
class Turn:
    """Messages a second, and how many of the cores clients and sink took meanwhile."""

    rate: float
    taken: float

    @property
    def alone(self) -> float:
        """Messages a second on all of the cores that the workers use, had they had what was taken."""
        return self.rate * CORES / (CORES - self.taken)


def turn(proxy: Services, sink: Sink, mails: Sequence[Mail]) -> Turn:
    """Send all messages through one proxy."""
    rested(proxy.pids)
    pids = (sink.process.pid,)
    sink_s, ours_s, begun_s = cpu_s(pids), time.process_time(), time.perf_counter()
    deliver(proxy.port, mails, SESSIONS)
    took_s = time.perf_counter() - begun_s
    taken_s = time.process_time() - ours_s + cpu_s(pids) - sink_s
    return Turn(len(mails) / took_s, taken_s / took_s)


def section() -> Section:
    """Measure both."""
    author = Author(int(time.time()))
    turns: dict[int, list[Turn]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        sink = stack.enter_context(smtp_sink())

        def begun(workers: int) -> Services:
            folder, settings = Path(name) / str(workers), f"workers = {workers}"
            running = services(folder, sink.port, proxy=settings, tracker=False)
            return stack.enter_context(running)

        running = {workers: begun(workers) for workers in turns}
        for round_number in range(ROUNDS + 1):
            mails = author.newsletters(MESSAGES, 100_000, 80)
            for workers, proxy in running.items():
                made = turn(proxy, sink, mails)
                if round_number:  # the first one warms up
                    turns[workers].append(made)
    return _told(turns)


def _told(turns: dict[int, list[Turn]]) -> Section:
    one, two = (statistics.median(each.rate for each in made) for made in turns.values())
    alone = statistics.median(each.alone for each in turns[2])
    rows = [
        Row("one worker", f"{one:.0f} /s"),
        Row("two workers", f"{two:.0f} /s", f"{two / one:.2f} x one", TARGET, two / one),
    ]
    if os.cpu_count() == CORES:
        without = "two workers, had they had what clients and sink took"
        rows.append(Row(without, f"{alone:.0f} /s", f"{alone / one:.2f} x one"))
    raw = {workers: [asdict(each) for each in made] for workers, made in turns.items()}
    return Section("Messages a second, 100 KB with 80 links", rows, raw)


if __name__ == "__main__":
    print(text([section()]))
    sys.exit()
