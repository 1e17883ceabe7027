"""Log events and metrics as they are declared, and when a line is written."""

import ast
import io
import json
import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given

from config.telemetry import observe
from config.telemetry.observe import EVENTS, REGISTRY, LogEvent, RecordFileMetrics
from tests.support.hostile import TITLE, hostile_text, obeyed
from tests.support.repository import ROOT

FAILED = LogEvent("unit_failed", logging.ERROR, "A test's own.")
DETAIL = LogEvent("unit_detail", logging.DEBUG, "A test's own.")


def families() -> list[str]:
    """Return the names of all metrics."""
    return [family.name for family in REGISTRY.collect()]


def test_names_of_events_are_words_with_underscores() -> None:
    """As people search for them in a log."""
    assert [name for name in EVENTS if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []
    assert [name for name, event in EVENTS.items() if event.name != name] == []


def test_an_event_is_declared_once() -> None:
    """Two of one name could not be told apart."""
    taken = next(iter(EVENTS))
    with pytest.raises(ValueError, match="declared twice"):
        observe._event(taken, logging.INFO, "Again.")


def test_names_of_metrics_carry_ours() -> None:
    """On a page with those of everything else that an operator runs."""
    assert [name for name in families() if not re.fullmatch(r"waypost(_[a-z]+)+", name)] == []
    assert len(set(families())) == len(families())


def test_everything_declared_is_described_in_sentences() -> None:
    """docs/monitoring.md is written from these texts."""
    told = {event.name: event.help for event in EVENTS.values()}
    told |= {family.name: family.documentation for family in REGISTRY.collect()}
    assert [name for name, text in told.items() if not re.fullmatch(r"[A-Z0-9].*[.)]", text)] == []


def test_everything_declared_is_used() -> None:
    """An event that is never logged would be looked for in vain."""
    tree = ast.parse((ROOT / "config" / "telemetry" / "observe.py").read_text())
    names = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    elsewhere = {
        word
        for package in ("config", "tracker", "proxy")
        for path in (ROOT / package).rglob("*.py")
        if path.name != "observe.py"
        for word in re.findall(r"\b[A-Z][A-Z_]+\b", path.read_text())
    }
    assert names - elsewhere == set()


@pytest.mark.parametrize("upkeep", [observe.OVERRIDES, observe.CONSENTS, observe.SHORT_LINKS])
def test_each_record_file_is_watched_alike(upkeep: RecordFileMetrics) -> None:
    """What is lost or cannot be read is an error; what is found again is not."""
    levels = [each.level for each in (upkeep.unreadable, upkeep.lost, upkeep.not_copied)]
    assert levels == [logging.ERROR] * 3
    assert upkeep.found.level == logging.INFO


def test_a_line_for_machines_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With the event, its level, the time in UTC and its facts."""
    observe.configure("info", "json")
    observe.log(FAILED, path="/srv", count=3)
    line = json.loads(capsys.readouterr().err)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert line == {"event": "unit_failed", "level": "error", "path": "/srv", "count": 3}


def test_a_line_for_people_has_no_colours_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences are for terminals."""
    observe.configure("info", "console")
    observe.log(FAILED, path="/srv")
    said = capsys.readouterr().err
    assert "unit_failed" in said
    assert "path=/srv" in said
    assert "\x1b" not in said


def logged(style: Literal["console", "json"], **facts: object) -> str:
    """Return the line that is written of an event."""
    with pytest.MonkeyPatch.context() as patch:
        out = io.StringIO()
        patch.setattr("sys.stderr", out)
        observe.configure("info", style)
        observe.log(FAILED, **facts)
        return out.getvalue()


def test_a_line_for_people_shows_controls() -> None:
    """What others wrote neither moves the cursor nor begins a line of its own."""
    line = logged("console", reply=f"550 {TITLE}\n2026-01-01 [error] forged", cause="ok")
    assert r'reply="550 \u001b]0;owned\u0007\n2026-01-01 [error] forged"' in line
    assert "cause=ok" in line
    assert line.count("\n") == 1


@given(hostile_text)
def test_no_line_for_people_holds_a_control(text: str) -> None:
    """Whatever a fact holds, and whatever it is in; but for ours of a traceback."""
    facts = {"text": text, "list": [text], "error": ValueError(text), "path": Path(f"/{text}x")}
    line = logged("console", **facts)
    assert obeyed(line) == set()
    assert line.count("\n") == 1


@given(hostile_text)
def test_no_traceback_for_people_holds_a_control(text: str) -> None:
    """The error quotes what it failed over."""
    assert obeyed(logged("console", exc_info=ValueError(text))) == set()


@given(hostile_text)
def test_a_line_for_machines_is_exact_and_holds_no_control(text: str) -> None:
    """Somebody looks at it all the same."""
    line = logged("json", text=text, list=[text])
    told = json.loads(line)
    assert (told["text"], told["list"]) == (text, [text])
    assert obeyed(line) == set()
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    ("level", "logged"), [("debug", 2), ("info", 1), ("warning", 1), ("error", 1)]
)
def test_lines_below_the_level_are_left_out(
    capsys: pytest.CaptureFixture[str], level: str, logged: int
) -> None:
    """`[log] level` is the least important kind that is written."""
    observe.configure(level, "json")
    observe.log(FAILED)
    observe.log(DETAIL)
    assert len(capsys.readouterr().err.splitlines()) == logged


def test_facts_of_a_whole_task_are_on_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A session binds its own once."""
    observe.configure("info", "json")
    observe.about(session="s1", client="c1")
    observe.about(client=None)
    try:
        observe.log(FAILED)
    finally:
        observe.about(session=None)
    line = json.loads(capsys.readouterr().err)
    assert line["session"] == "s1"
    assert "client" not in line


class FullDisk(io.StringIO):
    """A file that cannot be written; counts the attempts."""

    attempts = 0

    def write(self, _text: str) -> int:
        """Fail as a disk does that is full."""
        self.attempts += 1
        raise OSError(28, "No space left on device")


def test_a_full_disk_under_the_log_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mail is worth more than what is told of it; the next line is tried again."""
    full = FullDisk()
    monkeypatch.setattr(sys, "stderr", full)
    observe.configure("info", "json")
    observe.log(FAILED)
    observe.log(FAILED)
    assert full.attempts == 2


def test_a_closed_log_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever started us has gone away and taken the terminal along."""
    gone = io.StringIO()
    monkeypatch.setattr(sys, "stderr", gone)
    observe.configure("info", "json")
    gone.close()
    with pytest.raises(ValueError, match="closed"):
        observe._output.write("not_by_our_function", logging.ERROR, {})
    observe.log(FAILED)


@pytest.mark.parametrize("level", ["debug", "error", "critical"])
def test_whether_a_line_would_be_written_can_be_asked_before(
    capsys: pytest.CaptureFixture[str], level: str
) -> None:
    """Its facts need not be put together then."""
    observe.configure(level, "json")
    for event in (FAILED, DETAIL):
        observe.log(event)
        assert bool(capsys.readouterr().err) == observe.is_written(event)


def test_a_process_tells_nothing_of_files_that_it_does_not_watch() -> None:
    """A 0 would say that all is well with them."""
    asked = "from config.telemetry import observe; from prometheus_client import generate_latest; "
    told = [
        subprocess.run(
            [
                sys.executable,
                "-c",
                f"{asked}{first}print(generate_latest(observe.REGISTRY).decode())",
            ],
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for first in ("", "observe.OVERRIDES.lost_lines.set(0); ")
    ]
    assert ["\nwaypost_overrides_lost 0.0\n" in each for each in told] == [False, True]
    assert not any("\nwaypost_consents_in_force " in each for each in told)
