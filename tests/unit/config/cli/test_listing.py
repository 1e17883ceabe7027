"""`--json`, `--csv` and `--raw`, which every listing takes."""

import csv
import io
import json
import os
import pty
import sys
from collections.abc import Sequence

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from config.cli.listing import Form, Row, export_form_option, form_option, print_csv, print_rows
from tests.support.hostile import FORMULA, TITLE, hostile_text

COLUMNS = ("name", "found")
ROWS = [
    {"name": 'a, "b"', "found": ("192.0.2.1", "192.0.2.2")},
    {"name": "caf\u00e9", "found": ()},
    {"name": None, "found": [1]},
]


@click.command()
@form_option
def listing(form: Form) -> None:
    """Print the form."""
    click.echo(form)


@click.command()
@export_form_option
def export(form: Form) -> None:
    """Print the form."""
    click.echo(form)


def printed(rows: Sequence[Row], form: Form, columns: Sequence[str] = COLUMNS) -> str:
    """Return what is printed of rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", io.StringIO(newline=""))
        print_rows(rows, form, columns)
        assert isinstance(sys.stdout, io.StringIO)
        return sys.stdout.getvalue()


def read_back(text: str) -> list[list[str]]:
    """Return the rows of CSV."""
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("arguments", "form"),
    [
        ([], "people"),
        (["--json"], "json"),
        (["--csv"], "csv"),
        (["--json", "--csv"], "csv"),
        (["--csv", "--raw"], "raw csv"),
    ],
)
def test_a_command_learns_which_form_is_wanted(arguments: list[str], form: str) -> None:
    """People's is the default; the last one counts."""
    outcome = CliRunner().invoke(listing, arguments)
    assert (outcome.exit_code, outcome.output.strip()) == (0, form)


@pytest.mark.parametrize(
    ("arguments", "form"),
    [([], "json"), (["--csv"], "csv"), (["--raw", "--csv"], "raw csv"), (["--json"], "json")],
)
def test_an_export_is_json_unless_csv_is_asked_for(arguments: list[str], form: str) -> None:
    """It has no form for people."""
    outcome = CliRunner().invoke(export, arguments)
    assert (outcome.exit_code, outcome.output.strip()) == (0, form)


@pytest.mark.parametrize(
    "arguments", [["--raw"], ["--raw", "--json"], ["--csv", "--json", "--raw"]]
)
def test_raw_is_for_csv_alone(arguments: list[str]) -> None:
    """Elsewhere it would promise something that is not so."""
    outcome = CliRunner().invoke(listing, arguments)
    assert (outcome.exit_code, "--raw goes with --csv" in outcome.output) == (2, True)


def test_json_holds_the_values_as_they_are() -> None:
    """Lists stay lists, and what is not there is null."""
    assert json.loads(printed(ROWS, "json")) == [
        {"name": 'a, "b"', "found": ["192.0.2.1", "192.0.2.2"]},
        {"name": "caf\u00e9", "found": []},
        {"name": None, "found": [1]},
    ]


def test_csv_has_a_head_and_a_line_for_each_row() -> None:
    """RFC 4180 quoting and line ends; a list is words with a space between."""
    text = printed(ROWS, "csv")
    assert read_back(text) == [
        ["name", "found"],
        ['a, "b"', "192.0.2.1 192.0.2.2"],
        ["caf\u00e9", ""],
        ["", "1"],
    ]
    assert text.count("\r\n") == 4


def test_without_rows_csv_has_its_head() -> None:
    """A program that reads it finds the columns all the same."""
    assert printed([], "csv") == "name,found\r\n"
    assert printed([], "json") == "[]\n"


def test_columns_stand_in_the_order_asked_for() -> None:
    """Not in that of the rows."""
    assert printed([{"b": 2, "a": 1}], "csv", ("a", "b")) == "a,b\r\n1,2\r\n"


@pytest.mark.parametrize("value", [FORMULA, [FORMULA, "b"], "@SUM(1)", "-2+3", "\tx", "\rx"])
def test_a_formula_is_text_unless_it_is_wanted_raw(value: object) -> None:
    """An apostrophe stands before it; who imports it elsewhere asks for none."""
    exact = " ".join(value) if isinstance(value, list) else value
    rows = [{"name": value, "found": None}]
    assert read_back(printed(rows, "csv"))[1] == [f"'{exact}", ""]
    assert read_back(printed(rows, "raw csv"))[1] == [exact, ""]


def test_numbers_and_answers_of_ours_are_no_formulas() -> None:
    """A spreadsheet may add up what we counted."""
    rows = [{"a": -1, "b": -0.25, "c": True, "d": False}]
    assert printed(rows, "csv", ("a", "b", "c", "d")).splitlines()[1] == "-1,-0.25,yes,no"


@given(st.lists(st.tuples(hostile_text, hostile_text), max_size=4))
def test_csv_is_read_back_as_it_was_up_to_the_apostrophe(texts: list[tuple[str, str]]) -> None:
    """Whatever commas, quotes, breaks and controls stand in a cell; raw without any."""
    rows = [{"name": one, "found": two} for one, two in texts]
    assert [tuple(row) for row in read_back(printed(rows, "raw csv"))[1:]] == texts
    cells = [cell for row in read_back(printed(rows, "csv"))[1:] for cell in row]
    originals = [text for pair in texts for text in pair]
    assert all(cell in {text, f"'{text}"} for cell, text in zip(cells, originals, strict=True))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


@given(st.lists(hostile_text, max_size=4))
def test_json_is_read_back_exactly(texts: list[str]) -> None:
    """Keys and values."""
    rows = [{"name": text, text: [text]} for text in texts]
    assert json.loads(printed(rows, "json")) == rows


def test_a_lone_surrogate_is_escaped() -> None:
    """No encoding has it: printing would fail."""
    rows = [{"name": "a\ud800", "found": None}]
    assert read_back(printed(rows, "raw csv"))[1] == [r"a\ud800", ""]
    assert json.loads(printed(rows, "json")) == rows


def test_on_a_terminal_csv_shows_controls(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `ls` does; in a file they are exact."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", 0) as screen, os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr("sys.stdout", terminal)
        print_csv([{"name": TITLE, "found": None}], "csv", COLUMNS)
        terminal.flush()
        _head, shown = screen.readline(), screen.readline()
    assert b"\x1b" not in shown
    assert rb"\u001b]0;owned\u0007" in shown
