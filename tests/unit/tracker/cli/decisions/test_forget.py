"""`waypost forget`: what it says where something of a person is left."""

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.checks.facts import accepted, pending
from tests.support.state import beside
from tracker.cli.decisions import forget
from tracker.decisions import files
from tracker.decisions.consents import Consent
from tracker.spool.writer import Spool


@pytest.fixture
def folder(folder: Path) -> Path:
    """Have a spool that tells of mail to Ann."""
    spool = Spool.open(folder / "waypost.db.spool", "proxy")
    for event in (pending(), accepted()):
        spool.append(event)
    spool.close()
    return folder


def run_forget(folder: Path, *arguments: str) -> Result:
    """Run `waypost forget`."""
    words = ["-c", str(folder / "waypost.toml"), *arguments]
    return CliRunner().invoke(forget.forget, words)


def test_what_failed_half_way_can_be_repeated(folder: Path) -> None:
    """Who they are is forgotten last: it leads to the rest."""
    files.record(beside(folder / "waypost.db"), "ann@example.net", Consent.NONE)
    (folder / "waypost.db.consents").rename(folder / "aside")
    (folder / "waypost.db.consents").mkdir()
    failed = run_forget(folder, "ann@example.net")
    assert (failed.exit_code, "try again" in failed.stderr) == (1, True)
    (folder / "waypost.db.consents").rmdir()
    (folder / "aside").rename(folder / "waypost.db.consents")
    done = json.loads(run_forget(folder, "ann@example.net", "--json").stdout)
    assert (done["persons"], done["deliveries"], done["consents"]) == (1, 1, 1)
    assert b"ann@" not in (folder / "waypost.db.consents").read_bytes()


def test_nobody_who_reads_the_store_keeps_a_person_in_it(folder: Path) -> None:
    """They read on in the former file, which has no name any more: nothing with one tells of Ann."""
    assert run_forget(folder, "nobody@example.net").exit_code == 0
    with contextlib.closing(sqlite3.connect(folder / "waypost.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM messages").fetchone()
        done = run_forget(folder, "ann@example.net", "--json")
        assert (done.exit_code, json.loads(done.stdout)["persons"]) == (0, 1)
        assert reader.execute("SELECT count(*) FROM persons").fetchone() == (2,)
        left = [each for each in folder.rglob("waypost.db*") if each.is_file()]
        assert not [each.name for each in left if b"ann@" in each.read_bytes()]
