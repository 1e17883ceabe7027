"""CPU a message through the whole of it, and latency: Waypost, its rivals, and smtp-sink alone.

All run at once and take turns: in each round each takes the same messages, which nobody has seen
before. CPU is that of all processes of a kind (for Waypost: proxy, what works beside it, tracker and
ingester), until what they have to do afterwards is done. The sink's own is in the row of its name only.

    python -m bench.mail.end_to_end [--rounds N] [--size 5KB]… [--without NAME]…
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.rivals import Missing, Server
from bench.rivals.haraka import haraka
from bench.rivals.in_python import floor, naive
from bench.rivals.postfix_opendkim import postfix_opendkim
from bench.support.mail import Author, Mail
from bench.support.processes import cpu_s, rested, stop_all_at_sigterm
from bench.support.sink import Sink, smtp_sink
from bench.support.smtp_clients import deliver
from bench.support.table import Row, Section, Target, text
from bench.support.waypost import services

ROUNDS = 5
LATENCY_MESSAGES = 60
LATENCY_SHARES = {"naive": 0, "Postfix": 6}
"""Who is left out there, and who gets so many times fewer: it waits for its disk."""
SEED = 20261129
SINK, WAYPOST = "smtp-sink alone", "Waypost"
COUNTING = "of it, the tracker that counts"
Starting = Callable[[Path, Sink, Path], AbstractContextManager[Server]]
RIVALS: dict[str, Starting] = {
    "floor": floor,
    "naive": naive,
    "haraka": haraka,
    "postfix": postfix_opendkim,
}


@dataclass(frozen=True)
class Size:
    """Messages of one size: how many a turn, over how many sessions, and what is wanted."""

    name: str
    title: str
    write: Callable[[Author, int], list[Mail]]
    messages: int
    sessions: int
    targets: dict[str, float]
    """By how much the CPU of each rival, by the beginning of its name, is to exceed ours."""
    slow: int = 1
    """The naive proxy gets so many times fewer."""


SIZES = [
    Size(
        "5KB", "5 KB", lambda author, count: author.newsletters(count, 5_000, 6),
        300, 8, {"Postfix": 4.2, "Haraka": 3.5}, 3,
    ),
    Size(
        "100KB", "100 KB, 80 links", lambda author, count: author.newsletters(count, 100_000, 80),
        80, 8, {"Postfix": 1.3, "Haraka": 1.8}, 8,
    ),
    Size(
        "10MB", "10 MB", lambda author, count: [author.letter(10_000_000, 40) for _ in range(count)],
        4, 2, {"Postfix": 1.5, "Haraka": 8}, 2,
    ),
]  # fmt: skip


@contextmanager
def waypost(folder: Path, sink: Sink) -> Iterator[Server]:
    """Run proxy and tracker."""
    with services(folder, sink.port) as running:
        yield Server(WAYPOST, running.port, running.pids, running.pids[1:])


@dataclass
class Field:
    """All that is measured in one run, and the sink behind it."""

    sink: Sink
    servers: list[Server]
    missing: list[Row] = field(default_factory=list)
    author: Author = field(default_factory=lambda: Author(SEED + int(time.time())))

    def send(self, server: Server, mails: Sequence[Mail], sessions: int) -> list[float]:
        """Send messages; return the seconds that each took, once all have come out."""
        before = self.sink.count
        took_s = deliver(server.port, mails, sessions)
        self.sink.wait_for(before + len(mails))
        return took_s


@contextmanager
def running(folder: Path, without: Sequence[str] = ()) -> Iterator[Field]:
    """Run all that can be run here, and say what is missing."""
    with ExitStack() as stack:
        sink = stack.enter_context(smtp_sink())
        ours = stack.enter_context(waypost(folder / "waypost", sink))
        found = Field(sink, [Server(SINK, sink.port, (sink.process.pid,)), ours])
        for name, start in RIVALS.items():
            if name in without:
                continue
            try:
                rival = start(folder / name, sink, folder / "waypost" / "dkim.pem")
                found.servers.append(stack.enter_context(rival))
            except Missing as reason:
                print(f"without {name}: {reason}", file=sys.stderr)
                found.missing.append(Row(name, "not measured", str(reason)))
        yield found


def cpu_ms(measured: Field, size: Size, rounds: int) -> dict[str, list[float]]:
    """Return the CPU milliseconds a message of each server, a figure a round."""
    figures: dict[str, list[float]] = {}
    for round_number in range(rounds + 1):
        count = size.messages if round_number else max(1, size.messages // 5)
        mails = size.write(measured.author, count)
        for server in measured.servers:
            share = mails[:: size.slow] if server.name.startswith("naive") else mails
            before_s, counting_s = rested(server.pids), cpu_s(server.counting)
            measured.send(server, share, size.sessions)
            taken_s = rested(server.pids) - before_s
            if not round_number:  # the first one warms up
                continue
            figures.setdefault(server.name, []).append(taken_s / len(share) * 1000)
            if server.counting:
                counted_s = cpu_s(server.counting) - counting_s
                figures.setdefault(COUNTING, []).append(counted_s / len(share) * 1000)
    return figures


def cpu(measured: Field, size: Size, rounds: int) -> Section:
    """Measure messages of one size."""
    figures = cpu_ms(measured, size, rounds)
    ours = statistics.median(figures[WAYPOST])
    rows = []
    for name, values in figures.items():
        ratio = statistics.median(values) / ours
        bound = next((b for start, b in size.targets.items() if name.startswith(start)), None)
        rows.append(
            Row(
                name,
                f"{statistics.median(values):.2f} ms",
                f"{ratio:.2f} x Waypost",
                None if bound is None else Target(bound, "x Waypost"),
                ratio,
            )
        )
    return Section(f"CPU a message, {size.title}", [*rows, *measured.missing], figures)


def latencies_ms(measured: Field, rounds: int) -> dict[str, list[float]]:
    """Return how many milliseconds each message of 50 KB took, one at a time."""
    took_ms: dict[str, list[float]] = {}
    for round_number in range(rounds + 1):
        mails = measured.author.newsletters(LATENCY_MESSAGES, 50_000, 40)
        for server in measured.servers:
            shares = LATENCY_SHARES.items()
            share = next((s for start, s in shares if server.name.startswith(start)), 1)
            if share == 0:
                continue
            values = [taken * 1000 for taken in measured.send(server, mails[::share], 1)]
            rested(server.pids)
            if round_number:  # the first one warms up
                took_ms.setdefault(server.name, []).extend(values)
    return took_ms


def latency(measured: Field, rounds: int) -> Section:
    """Measure how much later than smtp-sink's own a 250 comes."""
    took_ms = latencies_ms(measured, rounds)
    rows = []
    sink = quantiles(took_ms[SINK])
    for name, values in took_ms.items():
        for quantile, value, alone, bound in zip(
            ("p50", "p99"), quantiles(values), sink, (4, 10), strict=True
        ):
            target = Target(bound, "ms added", at_least=False) if name == WAYPOST else None
            added = "" if name == SINK else f"{value - alone:+.2f} ms"
            rows.append(Row(f"{name}, {quantile}", f"{value:.2f} ms", added, target, value - alone))
    return Section("Latency at 50 KB, 40 links, one session (MAIL to 250)", rows, took_ms)


def quantiles(values: Sequence[float]) -> tuple[float, float]:
    """Return p50 and p99."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]


def sections(
    rounds: int, sizes: Sequence[str] = (), without: Sequence[str] = ()
) -> Iterator[Section]:
    """Measure everything here."""
    with tempfile.TemporaryDirectory() as name, running(Path(name), without) as measured:
        for size in SIZES:
            if not sizes or size.name in sizes:
                yield cpu(measured, size, rounds)
        yield latency(measured, rounds)


def main() -> int:
    """Print the table of this part."""
    known = [size.name for size in SIZES]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n    python")[0])
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help="turns of each (default: %(default)s)"
    )
    parser.add_argument(
        "--size", action="append", default=[], choices=known, help="only this size; may be repeated"
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=sorted(RIVALS),
        help="leave a rival out; may be repeated",
    )
    asked = parser.parse_args()
    stop_all_at_sigterm()
    if asked.rounds < 1:
        parser.error("--rounds has to be 1 or more")
    print(text(sections(asked.rounds, asked.size, asked.without)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
