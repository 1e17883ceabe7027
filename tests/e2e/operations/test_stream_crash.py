"""`kill -9` of writers and of who feeds and streams, and a receiver that fails: every event comes."""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from tests.support.clients import victims
from tests.support.clients.programs import free_port
from tests.support.receiver import HANG_UP, OK, Behaviour, Receiver, receiving, status
from tests.support.streaming import ids, lines, once
from tests.support.waiting import until
from tracker.spool import segments

SECONDS = 10.0
KILLS = 5
"""Of each, at least, however slow the machine is."""
WRITERS = ("writer1", "writer2")
ROLES = (*WRITERS, "feeder")
BEHAVIOURS: tuple[Behaviour, ...] = (OK, OK, OK, status(500), status(429), HANG_UP)


@pytest.fixture
def alive() -> Iterator[dict[str, BaseProcess]]:
    """Hold the processes that are running now; none outlives the test."""
    processes: dict[str, BaseProcess] = {}
    yield processes
    for process in processes.values():
        process.kill()
        process.join()


def test_killed_feeders_and_a_failing_receiver_lose_no_event_and_no_order(
    tmp_path: Path, alive: dict[str, BaseProcess]
) -> None:
    """Each writer has a segment of its own: the order in it is that in which its events come first."""
    server, chance = victims.context(), random.Random(17)
    kills: Counter[str] = Counter()
    receiver = Receiver(port=free_port())
    spool_dir = victims.config(tmp_path).store.spool_dir
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline or any(kills[name] < KILLS for name in ROLES):
        receiver.behaviours = chance.choices(BEHAVIOURS, k=20)
        with receiving(receiver):
            for writer in WRITERS:
                if writer not in alive:
                    name = f"{writer}.{kills[writer]}"
                    alive[writer] = victims.start(server, victims.write, tmp_path, name)
            if "feeder" not in alive:
                alive["feeder"] = victims.start(server, victims.stream, tmp_path, receiver.url)
            time.sleep(chance.uniform(0.05, 1.0))
            victim = chance.choice(sorted(alive))
            process = alive.pop(victim)
            process.kill()
            process.join()
            kills[victim] += 1
    for process in alive.values():
        process.kill()
        process.join()

    receiver.behaviours = []
    acknowledged = (tmp_path / "acknowledged").read_text().split()
    with receiving(receiver):
        alive["feeder"] = victims.start(server, victims.stream, tmp_path, receiver.url)
        until(lambda: not segments.listing(spool_dir), within_s=300)
    found = ids(receiver)
    print(f"{sum(kills.values())} kills, {len(found)} lines, {len(set(found))} ids")  # noqa: T201 - the figures of this run
    assert len(acknowledged) > 500
    assert set(acknowledged) <= set(found)
    assert in_order(found)
    told = defaultdict(set)
    for line in lines(receiver):
        told[line["id"]].add(repr(line))
    assert {len(each) for each in told.values()} == {1}


def in_order(found: list[str]) -> bool:
    """Return whether the clicks of each writer came first in the order of their numbers."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for each in once(found):
        writer, _, number = each.rpartition("-")
        if number.isdigit():
            numbers[writer].append(int(number))
    return all(each == sorted(each) for each in numbers.values())
