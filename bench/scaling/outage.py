"""Catching up: events that waited on two nodes while PostgreSQL was gone are counted once it is back.

Owns: the outage, and how fast what waited is counted.
Does not own: that nothing is lost or counted twice meanwhile (`make crash-nodes`, which kills at random).
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.scaling.feeding import tell
from bench.scaling.places import Server
from config.schema import Config
from tests.support.clients import victims
from tracker.events import Clicked, Event
from tracker.ingest.catch_up import catch_up
from tracker.sql.db import Db
from tracker.sql.postgresql import connect

PATIENCE_S = 900.0
POLL_S = 0.02
_CLICKS = """
    SELECT coalesce(sum(clicks_all), 0) FROM counters
    WHERE day = 0 AND campaign_id = 0 AND link_id = 0
"""


@dataclass(frozen=True, slots=True)
class Outage:
    """What came of it.

    In seconds: how long the server was gone; from when it answered until the first events were counted, and all.
    """

    gone_s: float
    first_s: float
    all_s: float
    events: int
    events_after_first: int

    @property
    def per_s(self) -> float:
        """Events a second, once they are counted again."""
        return self.events_after_first / max(POLL_S, self.all_s - self.first_s)


def outage(nodes: Sequence[Config], server: Server, events: Sequence[Event]) -> Outage:
    """Kill the server while nodes feed it, have events come meanwhile, start it, and wait for the last."""
    url, context = nodes[0].store.url, victims.context()
    feeders = [victims.start(context, victims.feed_node, each) for each in nodes]
    try:
        _until(lambda: server.heard(url) == len(nodes))
        before = _asked(url, _CLICKS)
        server.cluster.kill()
        gone_s = time.perf_counter()
        tell(nodes, events)
        server.cluster.start()
        found = _caught_up(url, before, events, time.perf_counter() - gone_s)
    finally:
        for feeder in feeders:
            feeder.kill()
            feeder.join()
    for each in nodes:
        catch_up(each, patience_s=PATIENCE_S)  # what is told of messages, and is in no click
    return found


def _caught_up(url: str, before: int, events: Sequence[Event], gone_s: float) -> Outage:
    """Wait until the last click is counted of those that came to so many."""
    clicks = sum(isinstance(each, Clicked) for each in events)
    back_s = time.perf_counter()
    with contextlib.closing(connect(url)) as db:
        first_s = _until(lambda: _one(db, _CLICKS) > before)
        left = before + clicks - _one(db, _CLICKS)
        all_s = _until(lambda: _one(db, _CLICKS) >= before + clicks)
    after_first = round(len(events) * left / clicks)
    return Outage(gone_s, first_s - back_s, all_s - back_s, len(events), after_first)


def _asked(url: str, sql: str) -> int:
    with contextlib.closing(connect(url)) as db:
        return _one(db, sql)


def _one(db: Db, sql: str) -> int:
    return int(db.execute(sql).fetchone()[0])


def _until(holds: Callable[[], bool]) -> float:
    """Wait for something; return when it came."""
    deadline_s = time.perf_counter() + PATIENCE_S
    while not holds():
        if time.perf_counter() > deadline_s:
            raise SystemExit(f"not within {PATIENCE_S:g} s")
        time.sleep(POLL_S)
    return time.perf_counter()
