"""What commands say where the store or its spool fails."""

import errno
import json
import sqlite3
from functools import partial
from pathlib import Path

import pytest

from config.schema import Config
from tests.support.clients.commands import LINKS, click, output, run, spooled
from tracker.cli import common
from tracker.ingest.catch_up import catch_up
from tracker.store import database


@pytest.mark.parametrize("name", ["report", "export", "activity", "clickers", "identify"])
def test_a_spool_that_is_no_folder_is_a_clear_error(folder: Path, name: str) -> None:
    """With exit status 1, and without a traceback."""
    (folder / "waypost.db.spool").write_bytes(b"no folder")
    result = run(folder, name, *(["x"] if name in ("activity", "clickers", "identify") else []))
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "Not a directory" in result.stderr


def test_a_spool_that_fails_is_a_clear_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the disk has to say."""

    def fails(_config: Config) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(common, "catch_up", fails)
    result = run(folder, "report")
    assert (result.exit_code, "Input/output error" in result.stderr) == (1, True)


def test_report_while_another_process_writes(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers do not wait for writers; what cannot be fed is said, not hidden."""
    monkeypatch.setattr(common, "catch_up", partial(catch_up, patience_s=0.1))
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    output(filled, "report")
    other = sqlite3.connect(filled / "waypost.db")
    other.execute("BEGIN IMMEDIATE")
    spooled(filled, click(5, 1, LINKS[0]))
    result = run(filled, "report", "--json")
    other.close()
    assert result.exit_code == 0
    assert json.loads(result.stdout)["totals"]["clicks"]["all"] == 4
    assert "Not counted yet" in result.stderr
    assert "locked" in result.stderr


def test_report_on_a_malformed_store_is_a_clear_error(folder: Path) -> None:
    """With exit status 1, and without a traceback."""
    (folder / "waypost.db").write_bytes(b"not a database " * 1000)
    result = run(folder, "report", "--json")
    assert result.exit_code == 1
    assert "file is not a database" in result.stderr
    assert "Traceback" not in result.output
