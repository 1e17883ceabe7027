"""The working directory stays, unless no process can be started in it."""

from pathlib import Path

import pytest

from config.service import working_directory


def test_it_stays_where_it_can_be_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths in a configuration may be relative to it."""
    monkeypatch.chdir(tmp_path)
    working_directory.make_sure()
    assert Path.cwd() == tmp_path


def test_one_that_was_deleted_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be relative to it any more."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    working_directory.make_sure()
    assert Path.cwd() == Path("/")
