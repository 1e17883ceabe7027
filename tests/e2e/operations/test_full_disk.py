"""The disk is full: what is old is purged, and somebody forgotten, in the room that was kept for that."""

import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from config.files import reserve
from config.loading.load import load
from tests.support.clients.programs import waypost
from tests.support.disk_fixtures import Mounting
from tests.support.disks import fill
from tests.support.feeding import spool_message
from tests.support.readers.links import Links
from tests.support.waiting import until

DAY_S = 86400
OLD = 30
NEW = 5
READER = "reader@example.net"


@pytest.fixture
def disk(mounted: Mounting) -> Iterator[Path]:
    """Return a file system of 24 MB; needs the right to mount one."""
    with mounted(24) as folder:
        yield folder


@pytest.fixture
def links(disk: Path) -> Links:
    """Furnish a Waypost on it."""
    return Links.furnish(disk / "waypost")


@pytest.fixture
def filled(disk: Path, links: Links) -> Iterator[Path]:
    """Run `waypost tracker` on a disk that is full, with old clicks and new ones; return what fills it."""
    with links.stack.serving("tracker"):
        clicked(links, OLD, sent_at_s=int(time.time()) - 100 * DAY_S)
        clicked(links, NEW)
        spool_message(load(links.stack.config), "Spring", 1)
        until(lambda: len(links.counted()) == OLD + NEW)
        until(lambda: reserve.held_octets(links.stack.database) > 0)
        fill(disk / "filler")
        yield disk / "filler"


def clicked(links: Links, count: int, **changes: object) -> None:
    """Follow so many links."""
    for number in range(count):
        assert links.ask(links.path(f"https://example.com/{number}", **changes)).status == 302


def purge(links: Links) -> CompletedProcess[bytes]:
    """Purge what is older than 90 days."""
    return waypost("purge", "--older-than", "90d", "-c", links.stack.config)


def test_a_purge_on_a_full_disk_has_the_room_that_was_kept(links: Links, filled: Path) -> None:
    """It says so; what was clicked meanwhile is counted, and the reserve is back once there is room."""
    kept = reserve.file_of(links.stack.database)
    held = reserve.held_octets(links.stack.database)
    clicked(links, NEW)
    done = purge(links)
    assert done.returncode == 0, done.stderr.decode()
    assert f"The disk is full: {kept} is deleted, which kept {held} octets" in done.stderr.decode()
    assert f"and {OLD} clicks from before" in done.stdout.decode()
    until(lambda: len(links.counted()) == 2 * NEW)
    assert not kept.exists()
    filled.unlink()
    until(lambda: reserve.held_octets(links.stack.database) >= held)


def test_somebody_is_forgotten_on_a_full_disk(links: Links, filled: Path) -> None:
    """Their rows go at once; that the file is written anew has to wait for room, which is said."""
    assert filled.exists()
    done = waypost("forget", READER, "-c", links.stack.config)
    assert "The disk is full: " in done.stderr.decode()
    assert "a second file needs" in done.stderr.decode()
    assert done.returncode == 1
    left = waypost("activity", READER, "-c", links.stack.config)
    assert f'no person "{READER}" is known' in left.stderr.decode()


@pytest.mark.usefixtures("filled")
def test_without_it_nothing_could_be_purged(links: Links, disk: Path) -> None:
    """Which is why it is kept."""
    reserve.file_of(links.stack.database).unlink()
    fill(disk / "more")
    done = purge(links)
    assert done.returncode == 1
    assert "cannot be purged" in done.stderr.decode()
    assert "is full" in done.stderr.decode()
