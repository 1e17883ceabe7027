"""The file of decisions about links is lost in every way, and none is taken back; real sockets."""

import re
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.checks.losses import damage, delete, empty, put_back, tear
from tests.support.clients.programs import free_port, waypost
from tests.support.readers.links import Links
from tests.support.stack import Stack
from tests.support.waiting import until

WRONG, RIGHT = "https://example.com/wrong", "https://example.com/right"
BAD, WORSE = "https://bad.example.org/", "https://worse.example.org/"
MESSAGE = "0102030405060708"


@pytest.fixture
def links(tmp_path: Path) -> Links:
    """Furnish a Waypost with an admin listener; nothing of it runs yet."""
    return Links(Stack(folder=tmp_path / "waypost", relay=free_port()).furnish())


def file_of(links: Links) -> Path:
    """Return the file of decisions."""
    return links.stack.folder / "waypost.db.overrides"


def do(links: Links, *arguments: str, status: int = 0) -> bytes:
    """Run a command; gives what it says."""
    done = waypost(*arguments, "-c", links.stack.config)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def answers(links: Links) -> list[str | int]:
    """Follow a link of a message, to a wrong page, to two hosts; where they lead, or the status."""
    asked = [
        links.ask(links.path(RIGHT, message_id=bytes.fromhex(MESSAGE))),
        *(links.ask(links.path(destination)) for destination in (WRONG, BAD, WORSE)),
    ]
    return [answer.location or answer.status for answer in asked]


def until_led(links: Links, expected: list[str | int]) -> None:
    """Wait until links lead there."""
    until(lambda: answers(links) == expected, seen=lambda: answers(links))


def metric(links: Links, name: str) -> float:
    """Return a gauge as Prometheus sees it."""
    url = f"http://127.0.0.1:{links.stack.admin}/metrics"
    with urllib.request.urlopen(url, timeout=60) as answered:
        text = answered.read().decode()
    (value,) = re.findall(
        rf'^waypost_overrides_{name}{{process="tracker"}} (\S+)$', text, re.MULTILINE
    )
    return float(value)


def decide(links: Links) -> None:
    """Withdraw a message and a host, repair a destination."""
    do(links, "revoke", "message", MESSAGE)
    do(links, "redirect", WRONG, RIGHT)
    do(links, "revoke", "host", "bad.example.org")


def lose_the_database(links: Links) -> None:
    """Delete it with its spool's segments."""
    folder = links.stack.folder
    names = ("waypost.db", "waypost.db-wal", "waypost.db-shm")
    for file in (*(folder / name for name in names), *folder.glob("waypost.db.spool/*.log")):
        file.unlink(missing_ok=True)


@pytest.mark.parametrize(
    "lose", [delete, empty, damage, tear, put_back], ids=lambda lose: lose.__name__
)
def test_what_was_decided_holds_whatever_becomes_of_its_file(
    links: Links, lose: Callable[[Path], None]
) -> None:
    """While it runs, with a decision that makes the file anew, after a restart, without a database."""
    decided: list[str | int] = [410, RIGHT, 410, WORSE]
    with links.stack.serving("tracker"):
        assert answers(links) == [RIGHT, WRONG, BAD, WORSE]
        decide(links)
        until_led(links, decided)
        assert (metric(links, "in_force"), metric(links, "lost")) == (3, 0)
        lose(file_of(links))
        links.stack.wait_for_log("overrides_lost")
        assert answers(links) == decided
        do(links, "revoke", "host", "worse.example.org")
        decided[3] = 410
        until_led(links, decided)
        lost = 2 if lose is put_back else 3
        assert (metric(links, "in_force"), metric(links, "lost")) == (4, lost)
        assert metric(links, "damaged_lines") == {"damage": 3, "tear": 1}.get(lose.__name__, 0)
    lose_the_database(links)
    with links.stack.serving("tracker"):
        assert answers(links) == decided
        assert metric(links, "lost") == lost
        told = do(links, "revoke", "list").decode()
        assert all(name in told for name in (MESSAGE, WRONG, "bad.example", "worse.example"))
        assert f"has lost, and that are in force by {file_of(links)}.known: {lost}" in told
        do(links, "revoke", "host", "bad.example.org", "--undo")
        until_led(links, [410, RIGHT, BAD, 410])
    with links.stack.serving("tracker"):
        assert answers(links) == [410, RIGHT, BAD, 410]


def test_a_file_lost_while_nothing_runs_takes_nothing_back(links: Links) -> None:
    """What is decided before the next start is added to what the copy knows."""
    with links.stack.serving("tracker"):
        decide(links)
        until_led(links, [410, RIGHT, 410, WORSE])
    file_of(links).unlink()
    do(links, "revoke", "host", "worse.example.org")
    do(links, "revoke", "message", MESSAGE, "--undo")
    with links.stack.serving("tracker"):
        assert answers(links) == [RIGHT, RIGHT, 410, 410]


def test_a_file_mended_from_the_copy_is_whole(links: Links) -> None:
    """As docs/operations.md says; the alarm ends."""
    with links.stack.serving("tracker"):
        decide(links)
        until_led(links, [410, RIGHT, 410, WORSE])
        file_of(links).unlink()
        links.stack.wait_for_log("overrides_lost")
        copy = file_of(links).with_name("waypost.db.overrides.known")
        file_of(links).write_bytes(copy.read_bytes())
        links.stack.wait_for_log("overrides_found")
        assert (metric(links, "in_force"), metric(links, "lost")) == (3, 0)
        assert b"has lost" not in do(links, "revoke", "list")


def test_links_live_where_nothing_can_be_read_and_that_is_told(links: Links) -> None:
    """P8 fails open, with a log line and a gauge; a first start without any file is no alarm."""
    with links.stack.serving("tracker"):
        assert answers(links) == [RIGHT, WRONG, BAD, WORSE]
        assert (metric(links, "in_force"), metric(links, "lost")) == (0, 0)
        assert "overrides" not in links.stack.log.read_text()
    file_of(links).mkdir()
    with links.stack.serving("tracker"):
        assert answers(links) == [RIGHT, WRONG, BAD, WORSE]
        links.stack.wait_for_log("file_unusable")
        url = f"http://127.0.0.1:{links.stack.admin}/metrics"
        with urllib.request.urlopen(url, timeout=60) as answered:
            text = answered.read().decode()
        assert 'waypost_overrides_unusable{process="tracker",what="file"} 1.0' in text
        file_of(links).rmdir()
        do(links, "revoke", "host", "bad.example.org")
        until_led(links, [RIGHT, WRONG, 410, WORSE])


def test_there_is_nothing_to_take_back_that_was_not_decided(links: Links) -> None:
    """Exit 1, as nothing was done."""
    told = do(links, "revoke", "host", "bad.example.org", "--undo", status=1)
    assert told == b"Error: no decision about host bad.example.org is in force\n"
    done = waypost("revoke", "campaign", "caf\udce9", "-c", links.stack.config)
    assert (done.returncode, b"not written in UTF-8" in done.stderr) == (2, True)
