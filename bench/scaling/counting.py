"""Events that wait in spools are counted, by one node or by several at once, each in a process of its own.

Owns: how long that takes, what processors of nodes and server it takes, and how much of it is a node's turns,
in which no other node writes (ADR 0031).
Does not own: the events (`at_size.new_events`), or in which stores, and how often (`feeding`).
"""

import contextlib
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import NamedTuple

from bench.scaling.places import Server
from config.schema import Config
from tracker.ingest.catch_up import catch_up
from tracker.sql.postgresql import PostgreSQL
from tracker.store import database

PATIENCE_S = 3600.0
START_S = 120.0
"""How long a process may take to be ready."""
_SPAWN = multiprocessing.get_context("spawn")


class _Told(NamedTuple):
    """What a node says of its counting, in seconds; `left` octets it did not count."""

    wall_s: float
    cpu_s: float
    turns_s: float
    left: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What it took to count so many events. `turns_s`: of all nodes, in which no other could write."""

    events: int
    wall_s: float
    nodes_cpu_s: float
    server_cpu_s: float
    turns_s: float
    log_octets: int

    @property
    def per_s(self) -> float:
        """Events a second."""
        return self.events / self.wall_s

    @property
    def node_us(self) -> float:
        """CPU of the nodes an event, in µs."""
        return 1e6 * self.nodes_cpu_s / self.events

    @property
    def server_us(self) -> float:
        """CPU of the server an event, in µs."""
        return 1e6 * self.server_cpu_s / self.events

    @property
    def turn_us(self) -> float:
        """How long an event takes of the turns, in µs: however many nodes there are, no two have one at once."""
        return 1e6 * self.turns_s / self.events

    @property
    def log_octets_an_event(self) -> float:
        """Octets of the server's write-ahead log."""
        return self.log_octets / self.events


def count(nodes: Sequence[Config], events: int, server: Server | None = None) -> Counted:
    """Have nodes count what waits in their spools, which are `events`, all at once."""
    for each in nodes:
        database.open_to_feed(each.store).close()  # the tables are there
    begin = _SPAWN.Barrier(len(nodes) + 1)
    with contextlib.ExitStack() as ending:
        telling = [ending.enter_context(_counting(each, begin)) for each in nodes]
        used_s, written = (server.used_s, server.written_octets) if server else (0.0, 0)
        begin.wait(START_S)
        told = [each.recv() for each in telling]
    if left := sum(each.left for each in told):
        raise SystemExit(f"{left} octets were not counted")
    return Counted(
        events,
        max(each.wall_s for each in told),
        sum(each.cpu_s for each in told),
        server.used_s - used_s if server else 0.0,
        sum(each.turns_s for each in told),
        server.written_octets - written if server else 0,
    )


@contextlib.contextmanager
def _counting(config: Config, begin: Barrier) -> Iterator[Connection]:
    """Have a process that will count; yield what it tells by."""
    ours, theirs = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_count, args=(config, begin, theirs), daemon=True)
    process.start()
    theirs.close()  # if it ends without a word, that is seen
    try:
        yield ours
    finally:
        process.join()


def _count(config: Config, begin: Barrier, telling: Connection) -> None:
    """Count in this process, once all are ready to."""
    turns = _Turns()
    turns.watch()
    begin.wait(START_S)
    begun_s, used_s = time.perf_counter(), time.process_time()
    left = catch_up(config, patience_s=PATIENCE_S).octets
    wall_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - used_s
    telling.send(_Told(wall_s, cpu_s, turns.seconds, left))


class _Turns:
    """Adds up how long this process had its turn to write, from when it was given until the commit."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def watch(self) -> None:
        """Have each transaction of this process tell."""
        transaction = PostgreSQL.transaction

        @contextlib.contextmanager
        def timed(db: PostgreSQL) -> Iterator[None]:
            with transaction(db):  # waits for our turn
                begun_s = time.perf_counter()
                yield
            self.seconds += time.perf_counter() - begun_s

        PostgreSQL.transaction = timed  # type: ignore[assignment, method-assign]
