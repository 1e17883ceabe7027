"""The form of lines of the log, and that each is written whole."""

import io
import json
import logging
import random
import re
from collections.abc import Callable
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from functools import partial

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


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a-b@example.net:[25]", "a-b@example.net:[25]"),
        ("back\\slash", "back\\slash"),
        ("", ""),
        ("a b", "'a b'"),
        ("by=x", "'by=x'"),
        ('"', "'\"'"),
        ("it's", '"it\'s"'),
        ("a\nb", '"a\\nb"'),
        (["a b"], "['a b']"),
    ],
)
def test_a_value_that_could_be_taken_for_more_than_one_word_is_quoted(
    value: object, shown: str
) -> None:
    """No text of others looks like a fact of ours."""
    assert as_text("mail_sent", logging.INFO, {"to": value}).endswith(f" to={shown}")


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


def column_by_column(event: str, level: int, facts: log_lines.Facts) -> str:
    """Return a line for people, from behind its time on, as it is written without a layout."""
    columns = [f"[{logging.getLevelName(level).lower():9}] {event:30}"]
    columns += [f"{name}={log_lines._shown(facts[name])}" for name in sorted(facts)]
    return " ".join(columns).rstrip(" ")


def test_a_line_by_a_layout_is_the_line_written_column_by_column() -> None:
    """For any facts, of the line and of its task, in any order."""
    chance = random.Random(26)
    words = ["", "a@example.net", "two words", "it's", "100%", "%s", "é", "\x1b[31m", "a\nb", "x=y"]
    values: list[object] = [*words, 7, 0, -1, True, None, 1.5, [], ["a b"], b"\xff"]
    for _ in range(500):
        names = chance.sample(["to", "message", "reply", "size", "client", "by", "account"], 5)
        facts = {name: chance.choice(values) for name in names[:4]}
        of_task = {name: chance.choice(words) for name in names[2:]}
        level = chance.choice([logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR])
        with_facts = partial(about_task, of_task, partial(as_text, "mail_sent", level, facts))
        line = copy_context().run(with_facts)
        assert line.partition("Z ")[2] == column_by_column("mail_sent", level, of_task | facts)


@pytest.mark.parametrize(
    "us", [0, 1, 999_999, 1_000_000, 1_796_000_000_000_000, 1_796_000_000_000_010]
)
def test_a_time_is_the_one_that_the_standard_library_writes(us: int) -> None:
    """In UTC, with as many digits."""
    told = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    assert log_lines._at(us) == told.isoformat().replace("+00:00", "Z")


def about_task(of_task: log_lines.Facts, write: Callable[[], str]) -> str:
    """Return what `write` writes in a task with these facts."""
    log_lines.about(of_task)
    return write()
