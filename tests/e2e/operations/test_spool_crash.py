"""`kill -9` of writers and ingesters at random: every acknowledged click is counted, once."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from tests.support.checks.recount import recount
from tests.support.clients import victims
from tests.support.waiting import until
from tracker.ingest.catch_up import catch_up
from tracker.ingest.ingester import Ingester
from tracker.reports import summary
from tracker.spool import segments
from tracker.store import database
from tracker.store.keys import event_octets

SECONDS = 10.0
KILLS = 3
"""Of each, at least, however slow the machine is."""
WRITERS = ("writer1", "writer2")
ROLES = (*WRITERS, "ingester")
MOMENT = 6
"""Octets of a click's id that tell its moment; the others are of the id that its event has."""


@pytest.fixture
def alive() -> Iterator[dict[str, BaseProcess]]:
    """Hold the processes that are running now; none outlives the test."""
    processes: dict[str, BaseProcess] = {}
    yield processes
    for process in processes.values():
        process.kill()
        process.join()


def test_killed_writers_and_ingesters_lose_and_repeat_nothing(
    tmp_path: Path, alive: dict[str, BaseProcess]
) -> None:
    """Each is killed again and again, at any instant, and replaced; reports come in between."""
    config = victims.config(tmp_path)
    server = victims.context()
    chance = random.Random(20)
    kills: Counter[str] = Counter()
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline or any(kills[name] < KILLS for name in ROLES):
        for writer in WRITERS:
            if writer not in alive:
                name = f"{writer}.{kills[writer]}"
                alive[writer] = victims.start(server, victims.write, tmp_path, name)
        if "ingester" not in alive:
            alive["ingester"] = victims.start(server, victims.ingest, tmp_path)
        time.sleep(chance.uniform(0.02, 0.4))
        victim = chance.choice(sorted(alive))
        process = alive.pop(victim)
        process.kill()
        process.join()
        kills[victim] += 1
        if chance.random() < 0.1:
            catch_up(config, patience_s=0.1)
    for process in alive.values():
        process.kill()
        process.join()

    until(lambda: catch_up(config).octets == 0, within_s=300)
    names = (tmp_path / "acknowledged").read_text().split()
    acknowledged = [event_octets(name, 0)[MOMENT:] for name in names]
    with database.reading(config.store) as db:
        stored = Counter(row[0][MOMENT:] for row in db.execute("SELECT event_id FROM clicks"))
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        summed, recounted = summary.report(db), recount(db)
    print(f"{sum(kills.values())} kills, {len(acknowledged)} acknowledged, {len(stored)} stored")  # noqa: T201 - the figures of this run
    assert len(acknowledged) > 500
    assert set(acknowledged) - set(stored) == set()
    assert max(stored.values()) == 1
    assert summed == recounted
    assert summed.totals.clicks_all == len(stored)


def test_all_finished_segments_are_gone_in_the_end(
    tmp_path: Path, alive: dict[str, BaseProcess]
) -> None:
    """A killed writer's segment is fed and deleted; a torn tail is kept aside, not in the way."""
    server = victims.context()
    for number in range(3):
        process = alive["writer"] = victims.start(server, victims.write, tmp_path, f"w{number}")
        while not (tmp_path / "acknowledged").exists():
            time.sleep(0.02)
        time.sleep(0.1)
        process.kill()
        process.join()
    config = victims.config(tmp_path)
    (path, *_) = segments.listing(config.store.spool_dir)
    with path.open("ab") as torn:
        torn.write(b"00000000 {")
    ingester = Ingester(config)
    assert ingester.drain()
    ingester.close()
    assert segments.listing(config.store.spool_dir) == []
    kept = (config.store.spool_dir / "quarantine" / path.name).read_bytes()
    assert kept.endswith(b"00000000 {")
