"""The commands that the demo prints. They are run in `tests/e2e/operations/test_demo.py`."""

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from waypost_demo import commands, set_up
from waypost_demo.inbox import Received


def test_each_command_asks_this_demo(tmp_path: Path) -> None:
    """It names the configuration, whatever the folder is called."""
    folder = tmp_path / "a demo"
    folder.mkdir()
    demo = set_up.set_up(folder, 2600, "http://localhost:8082")
    live = [Received("4F21A0", b"Message-ID: <1@example.com>\r\n\r\nHi.\r\n")]
    lines = [shlex.split(line) for line, _ in commands.lines(demo, live)]
    assert all(line[-2:] == ["-c", str(folder / "waypost.toml")] for line in lines)
    assert ["message", "<1@example.com>"] in [line[1:3] for line in lines]


def test_the_program_is_called_by_its_name_only_where_a_shell_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a checkout it is in a folder that is on nobody's path."""
    here = tmp_path / "bin dir"
    here.mkdir()
    (here / "waypost").touch(0o755)
    monkeypatch.setattr(sys, "argv", [str(here / "waypost")])
    monkeypatch.setenv("PATH", "/nowhere")
    assert shlex.split(commands.program()) == [str(here / "waypost")]
    monkeypatch.setenv("PATH", str(here))
    assert commands.program() == "waypost"


def test_the_last_letter_is_the_one_of_yesterday() -> None:
    """Letters are sent once a week."""
    assert commands.last_letter(datetime(2026, 11, 30, 1, tzinfo=UTC)) == "Weekly letter, week 48"
