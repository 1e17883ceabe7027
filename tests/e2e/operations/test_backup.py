"""Backups while services run: what was counted before one is there after it was put back, once."""

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from config.schema import Config
from tests.support.checks.recount import recount
from tests.support.clients import victims
from tests.support.clients.programs import waypost
from tests.support.readers.links import Links
from tests.support.waiting import until
from tracker.backup.manifest import verified
from tracker.backup.restore import restore
from tracker.backup.take import take
from tracker.ingest.catch_up import catch_up
from tracker.reports import summary
from tracker.store import database
from tracker.store.keys import event_octets

BACKUPS = 4
WRITERS = ("writer1", "writer2")
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


def counted(config: Config) -> Counter[bytes]:
    """Return the clicks of a store, by their ids; its sums must be those of its rows."""
    with database.reading(config.store) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert summary.report(db) == recount(db)
        return Counter(row[0][MOMENT:] for row in db.execute("SELECT event_id FROM clicks"))


def test_what_was_acknowledged_before_a_backup_is_counted_after_its_restore(
    tmp_path: Path, alive: dict[str, BaseProcess]
) -> None:
    """Clicks go on meanwhile, and writers die, so that segments are finished, fed and deleted."""
    source = tmp_path / "source"
    source.mkdir()
    config, server = victims.config(source), victims.context()
    chance = random.Random(16)
    alive["ingester"] = victims.start(server, victims.ingest, source)
    before: dict[int, list[str]] = {}
    for number in range(BACKUPS):
        for writer in WRITERS:
            if writer in alive:
                alive.pop(writer).kill()
            alive[writer] = victims.start(server, victims.write, source, f"{writer}.{number}")
        until((source / "acknowledged").exists)
        time.sleep(chance.uniform(0.3, 1.5))
        before[number] = (source / "acknowledged").read_text().split("\n")[:-1]
        take(config, b"", tmp_path / f"backup{number}", with_secrets=False)
    for process in alive.values():
        process.kill()
        process.join()

    for number, names in before.items():
        place = tmp_path / f"place{number}"
        folder, target = tmp_path / f"backup{number}", victims.config(place)
        restore(folder, verified(folder), target, replace=False)
        until(lambda target=target: catch_up(target).octets == 0, within_s=120)  # type: ignore[misc]
        stored = counted(target)
        assert {event_octets(name, 0)[MOMENT:] for name in names} - set(stored) == set()
        assert max(stored.values()) == 1
    assert len(before[BACKUPS - 1]) > 200


def test_figures_decisions_and_links_are_as_before(links: Links, tmp_path: Path) -> None:
    """Clicks are counted and links withdrawn; then all of it is lost, but for keys and configuration."""
    folder, config = tmp_path / "backup", links.stack.config
    withdrawn = links.path("https://old.example.com/")
    with links.stack.serving("tracker"):
        assert links.ask(withdrawn).status == 302
        assert links.ask(links.path()).status == 302
        done = waypost("revoke", "host", "old.example.com", "-c", config)
        assert done.returncode == 0, done.stderr.decode()
        until(lambda: links.ask(withdrawn).status == 410)
        figures = links.stack.report()
        assert waypost("backup", folder, "-c", config).returncode == 0
        refused = waypost("restore", folder, "-c", config)
        assert "a service runs: stop proxy and tracker first" in refused.stderr.decode()
    for each in links.stack.folder.glob("waypost.db*"):
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    restored = waypost("restore", folder, "-c", config)
    assert restored.returncode == 0, restored.stderr.decode()
    clicks = figures["totals"]["clicks"]["all"]
    assert clicks >= 2
    assert links.stack.report() == figures
    with links.stack.serving("tracker"):
        assert links.ask(withdrawn).status == 410
        assert links.ask(links.path()).status == 302
    assert links.stack.report()["totals"]["clicks"]["all"] == clicks + 1
