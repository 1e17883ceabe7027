"""Readers arrive, and their clicks are kept, whatever becomes of the database, the disk and us."""

import contextlib
import http.client
import itertools
import os
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.clients.programs import stop
from tests.support.disk_fixtures import Mounting
from tests.support.disks import fill
from tests.support.readers.links import Links
from tests.support.waiting import until

CLICKS = 5
KILLS = 4
READERS = 4


@pytest.fixture
def links(tmp_path: Path) -> Links:
    """Furnish a Waypost; nothing of it runs yet."""
    return Links.furnish(tmp_path / "waypost")


@pytest.fixture
def serving(links: Links) -> Iterator[subprocess.Popen[bytes]]:
    """Run `waypost tracker`, with a first click in the store."""
    with links.stack.serving("tracker") as process:
        first = links.click()
        until(lambda: first in stored(links))
        yield process


def stored(links: Links) -> list[str]:
    """Look into the database itself; nothing where there is none."""
    with contextlib.suppress(sqlite3.Error):
        connection = sqlite3.connect(f"file:{links.stack.database}?mode=ro", uri=True)
        with contextlib.closing(connection):
            query = "SELECT links.name FROM clicks JOIN links ON links.id = clicks.link_id"
            return [name for (name,) in connection.execute(query)]
    return []


@pytest.mark.usefixtures("serving")
def test_a_deleted_database_stops_nothing(links: Links) -> None:
    """P8: redirects go on, and a new database gets all that the spool still has, once."""
    for file in links.stack.folder.glob("waypost.db*"):
        if file.is_file():
            file.unlink()
    clicked = [links.click() for _ in range(CLICKS)]
    until(lambda: set(clicked) <= set(stored(links)))
    assert set(Counter(stored(links)).values()) == {1}


@pytest.mark.usefixtures("serving")
def test_a_locked_database_stops_nothing(links: Links) -> None:
    """P8: somebody holds the database; what was clicked meanwhile is counted after."""
    before = stored(links)
    with contextlib.closing(sqlite3.connect(links.stack.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        clicked = [links.click() for _ in range(CLICKS)]
        time.sleep(0.5)
        assert stored(links) == before
        other.execute("ROLLBACK")
    until(lambda: len(stored(links)) == len(before) + CLICKS)
    assert sorted(stored(links)) == sorted(before + clicked)


def test_a_corrupt_database_stops_nothing(links: Links) -> None:
    """P8: a file full of nonsense is set aside at the start, and every click is counted."""
    with links.stack.serving("tracker") as process:
        first = links.click()
        until(lambda: first in stored(links))
        stop(process)
    octets = links.stack.database.read_bytes()
    links.stack.database.write_bytes(octets[:1000] + os.urandom(len(octets) - 1000))
    with links.stack.serving("tracker"):
        clicked = [links.click() for _ in range(CLICKS)]
        until(lambda: set(clicked) <= set(stored(links)))
    assert list(links.stack.folder.glob("waypost.db*corrupt*"))


def test_a_store_that_cannot_be_made_stops_nothing(links: Links) -> None:
    """P8: neither database nor spool can be written at the start; once they can, all is counted."""
    in_the_way = links.stack.folder / "store"
    in_the_way.write_text("a file where the store's folder should be")
    text = links.stack.config.read_text()
    links.stack.config.write_text(text.replace("/waypost.db", "/store/waypost.db"))
    with links.stack.serving("tracker"):
        clicked = [links.click() for _ in range(CLICKS)]
        in_the_way.unlink()
        until(lambda: any(in_the_way.glob("*.spool/*.log")))
    assert sorted(links.counted()) == sorted(clicked)


@pytest.fixture
def small_disk(mounted: Mounting) -> Iterator[Path]:
    """Return a file system of 4 MB; needs the right to mount one."""
    with mounted(4) as folder:
        yield folder


def test_a_full_disk_stops_nothing(small_disk: Path) -> None:
    """P8, P9: spool and database both full; clicks wait in memory and are counted after."""
    links = Links.furnish(small_disk / "waypost")
    with links.stack.serving("tracker"):
        before = [links.click()]
        until(lambda: before == stored(links))
        fill(small_disk / "filler")
        clicked = [links.click() for _ in range(40)]
        assert set(stored(links)) < set(before + clicked)
        (small_disk / "filler").unlink()
        until(lambda: sorted(stored(links)) == sorted(before + clicked))


@dataclass
class Readers:
    """Readers who click on and on, each time to a destination of its own, whoever answers."""

    links: Links
    begun: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def read(self, number: int) -> None:
        """Click until it is over."""
        for page in itertools.count():
            if self.over.is_set():
                return
            destination = f"https://example.com/{number}/{page}"
            self.begun.append(destination)
            try:
                if self.links.ask(self.links.path(destination)).status == 302:
                    self.answered.append(destination)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Click while the block runs."""
        threads = [threading.Thread(target=self.read, args=(number,)) for number in range(READERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()


def test_kill_9_loses_no_answered_click(links: Links) -> None:
    """P9: whatever was answered before a kill -9 is in the spool or the store, exactly once."""
    readers = Readers(links)
    with readers.reading():
        for _ in range(KILLS):
            with links.stack.serving("tracker") as process:
                wanted = len(readers.answered) + 30
                until(lambda: len(readers.answered) >= wanted)  # noqa: B023 - called at once
                process.kill()
    counted = Counter(links.counted())
    assert set(readers.answered) <= set(counted) <= set(readers.begun)
    assert set(counted.values()) == {1}
    with contextlib.closing(sqlite3.connect(links.stack.database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
