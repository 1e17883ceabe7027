"""The form of lines of the log, and that each is written whole."""

import io
import json
import logging
import re

import pytest

from config.telemetry import log_lines
from config.telemetry.log_lines import as_json, as_text


def failure() -> ValueError:
    """Return an error that was raised."""
    try:
        int("late")
    except ValueError as error:
        return error
    raise AssertionError("it was no number")


def test_a_line_for_people_has_its_facts_by_name_and_in_order() -> None:
    """Quoted where they would not be one word."""
    line = as_text("mail_sent", logging.INFO, {"to": "b c", "id": 7, "by": "x", "why": None})
    words = line.partition("Z ")[2]
    assert words == f"[info     ] {'mail_sent':30} by=x id=7 to='b c' why=None"


def test_a_line_without_facts_ends_with_its_event() -> None:
    """No blanks at its end."""
    assert as_text("mail_sent", logging.WARNING, {}).endswith("[warning  ] mail_sent")


def test_a_terminal_gets_colours_that_end_where_they_began() -> None:
    """Without them the line is the same."""
    facts = {"to": "b"}
    coloured = as_text("mail_sent", logging.ERROR, facts, colours=True).partition("Z")[2]
    plain = as_text("mail_sent", logging.ERROR, facts).partition("Z")[2]
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain
    assert coloured.endswith("\x1b[0m")


@pytest.mark.parametrize("form", [as_json, as_text])
def test_an_error_says_where_it_was_raised(form: log_lines.Form) -> None:
    """And is no fact by itself."""
    line = form("mail_failed", logging.ERROR, {"exc_info": failure()})
    assert "in failure" in line
    assert "ValueError: invalid literal" in line
    assert "exc_info" not in line


def test_no_line_of_an_error_can_be_taken_for_another_event() -> None:
    """Its text may be somebody else's; where a line begins with a blank, it goes on from the one before."""
    forged = as_text("mail_sent", logging.INFO, {"to": "b"})
    error = ValueError(f"no number: 1\n{forged}\n<0>panic\r\n")
    first, *below = as_text("mail_failed", logging.ERROR, {"exc_info": error}).split("\n")
    assert "mail_failed" in first
    assert [line for line in below if line[:1] != " "] == []


def test_a_traceback_for_machines_is_on_the_same_line() -> None:
    """One line is one event."""
    line = as_json("mail_failed", logging.ERROR, {"exc_info": failure()})
    assert "\n" not in line
    assert json.loads(line)["exception"].startswith("Traceback")


def test_an_error_that_is_none_is_not_told() -> None:
    """Callers may hand on what they have."""
    assert "exc" not in as_json("mail_failed", logging.ERROR, {"exc_info": None})


def test_what_json_cannot_hold_is_told_as_python_writes_it() -> None:
    """A fact is never the reason why a line is missing."""
    assert json.loads(as_json("mail_sent", logging.INFO, {"raw": b"\xff"}))["raw"] == r"b'\xff'"


def test_a_fact_of_a_line_comes_before_that_of_its_task() -> None:
    """It is the nearer one."""
    log_lines.about({"session": "s1"})
    try:
        line = as_json("mail_sent", logging.INFO, {"session": "s2"})
    finally:
        log_lines.about({"session": None})
    assert json.loads(line)["session"] == "s2"


def test_a_line_is_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads and processes write to the same log."""
    pieces: list[str] = []

    class Log(io.StringIO):
        def write(self, text: str) -> int:
            pieces.append(text)
            return len(text)

    monkeypatch.setattr("sys.stderr", Log())
    log_lines.Lines(as_json)("mail_sent", logging.INFO, {})
    (piece,) = pieces
    assert piece.endswith("}\n")
