"""A database that is emptied, or is another program's: `waypost tracker` and real clicks."""

import contextlib
import json
import os
import sqlite3
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.clients.programs import waypost
from tests.support.readers.links import Links
from tests.support.stack import Stack
from tests.support.waiting import until


def report(stack: Stack) -> tuple[int, str]:
    """Return all clicks that `waypost report` counts, and what it says besides."""
    done = waypost("report", "-c", stack.config, "--json")
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)["totals"]["clicks"]["all"], done.stderr.decode()


def failed_report(stack: Stack) -> str:
    """Return why `waypost report` fails."""
    done = waypost("report", "-c", stack.config)
    assert done.returncode == 1, done.stdout.decode()
    return done.stderr.decode()


def shown(stack: Stack, sample: str) -> bool:
    """Return whether a sample of the tracker's page of metrics is at least 1."""
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.admin}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return any(float(line.rpartition(" ")[2]) >= 1 for line in lines if line.startswith(sample))


def letters(path: Path) -> bytes:
    """Make the database of another program; return its octets."""
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE letters (text)")
        other.execute("INSERT INTO letters VALUES ('Dear Sir')")
        other.commit()
    return path.read_bytes()


def truncate(path: Path) -> None:
    """Empty a file in place."""
    os.truncate(path, 0)


def redirect_nothing_into(path: Path) -> None:
    """Empty a file as a shell does."""
    subprocess.run(["sh", "-c", ': > "$0"', path], check=True)


@pytest.mark.parametrize("empty", [truncate, redirect_nothing_into])
def test_emptied_database_is_told_at_once_and_begun_anew(
    links: Links, empty: Callable[[Path], None]
) -> None:
    """What the spool has is counted again; the report says that figures are missing."""
    stack = links.stack
    with stack.serving("tracker"):
        for _ in range(5):
            links.click()
        until(lambda: report(stack) == (5, ""))
        empty(stack.database)
        stack.wait_for_log("store_emptied")
        until(lambda: shown(stack, 'waypost_stores_lost_total{how="emptied",process="feed"}'))
        for _ in range(5):
            links.click()
        counted, said = report(stack)
        assert counted == 10
        assert f"Not counted: what {stack.database}.emptied-" in said
    (aside,) = stack.folder.glob("waypost.db.emptied-*Z")
    for each in stack.folder.glob(f"{aside.name}*"):
        each.unlink()
    assert report(stack) == (10, "")


def test_database_of_another_program_is_refused_by_name(links: Links) -> None:
    """From the start: links work, and clicks are counted once `[store] url` is set right."""
    stack = links.stack
    octets = letters(stack.database)
    with stack.serving("tracker"):
        for _ in range(3):
            links.click()
        stack.wait_for_log("ingest_failed")
        assert f"{stack.database} is a database of another program" in stack.log.read_text()
        until(lambda: shown(stack, 'waypost_ingest_failures_total{cause="foreign",process="feed"}'))
        said = failed_report(stack)
        assert f"{stack.database} is a database of another program" in said
        assert "[store] url" in said
    assert stack.database.read_bytes() == octets
    assert not list(stack.folder.glob("waypost.db-*"))
    stack.database.rename(stack.folder / "letters.db")
    assert report(stack) == (3, "")


def test_database_of_another_program_that_takes_its_place_is_not_touched(links: Links) -> None:
    """While it runs: told at once, mended once the file is moved away."""
    stack = links.stack
    octets = letters(stack.folder / "letters.db")
    with stack.serving("tracker"):
        for _ in range(5):
            links.click()
        until(lambda: report(stack) == (5, ""))
        stack.wait_for_log("ingester_started")
        stack.database.rename(stack.folder / "ours.db")
        (stack.folder / "letters.db").rename(stack.database)
        stack.wait_for_log("store_replaced", "cause=foreign")
        links.click()
        assert stack.database.read_bytes() == octets
        stack.database.rename(stack.folder / "letters.db")
        until(lambda: report(stack) == (6, ""))
