"""What a stream costs: events a second to a receiver, and the processor time of each, beside counting.

`python -m bench.store.stream 200000` sends that many clicks with their messages (default: 50,000), to a receiver
in another process that takes all. Figures are of CPU time of the process that counts.
"""

import argparse
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection

from rich.console import Console
from rich.table import Table

from bench.store.feeding import events
from config.schema import Config, StoreConfig, StreamConfig
from tracker.ingest.ingester import Ingester
from tracker.spool.stream_offset import StreamOffset
from tracker.spool.writer import Spool
from tracker.stream.sender import StreamSender

EVENTS_A_CLICK = 1.2
"""A message of ten clicks has two events besides."""


class Sink(BaseHTTPRequestHandler):
    """Takes all."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Read a batch, and say so."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def serve(told: Connection) -> None:
    """Tell a port, and take all that comes there."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Sink) as server:
        told.send(server.server_address[1])
        server.serve_forever()


@contextmanager
def receiver() -> Iterator[str]:
    """Run a receiver in a process of its own; yield its URL."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/"
    finally:
        process.kill()
        process.join()


def fill(config: Config, clicks: int) -> None:
    """Write messages and clicks to a spool."""
    spool = Spool.open(config.store.spool_dir, "tracker")
    last = None
    for event in events(clicks):
        last = spool.append(event)
        if event.kind == "accepted":
            last.result(60)
    if last is not None:
        last.result(60)
    spool.close(60)


def costs(work: Callable[[], object]) -> tuple[float, float]:
    """Return how many seconds something took, and how many of the processor."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall_s, time.process_time() - cpu_s


def measure(clicks: int, url: str) -> dict[str, tuple[float, float]]:
    """Count a spool, and send it; return what each took."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config(
            store=StoreConfig(url=f"sqlite:///{folder}/waypost.db"), stream=StreamConfig(url=url)
        )
        fill(config, clicks)
        ingester = Ingester(config)
        found = {
            "counting": costs(ingester.drain),
            "sending": costs(lambda: send(config, ingester, round(clicks * EVENTS_A_CLICK))),
        }
        ingester.close()
        return found


def send(config: Config, ingester: Ingester, count: int) -> None:
    """Send all that was counted."""
    sender, stop = StreamSender(config, lambda: True, lambda: ingester.fed), threading.Event()
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    while StreamOffset.load(config.store.spool_dir).events < count:
        time.sleep(0.01)
    stop.set()
    thread.join()


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clicks", type=int, nargs="?", default=50_000)
    clicks = parser.parse_args().clicks
    count = clicks * EVENTS_A_CLICK
    table = Table("what", "events a second", "CPU an event")
    with receiver() as url:
        for name, (wall_s, cpu_s) in measure(clicks, url).items():
            table.add_row(name, f"{count / wall_s:,.0f}", f"{1e6 * cpu_s / count:.1f} µs")
    Console().print(table)


if __name__ == "__main__":
    main()
