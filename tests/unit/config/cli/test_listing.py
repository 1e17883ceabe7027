"""`--json` and `--csv`, which every listing takes."""

import csv
import io
import json

import click
import pytest
from click.testing import CliRunner

from config.cli.listing import Form, form_option, written

COLUMNS = ("name", "found")
ROWS = [
    {"name": 'a, "b"', "found": ("192.0.2.1", "192.0.2.2")},
    {"name": "caf\u00e9", "found": ()},
    {"name": None, "found": [1]},
]


@pytest.mark.parametrize(
    ("arguments", "form"),
    [([], "people"), (["--json"], "json"), (["--csv"], "csv"), (["--json", "--csv"], "csv")],
)
def test_a_command_learns_which_form_is_wanted(arguments: list[str], form: str) -> None:
    """People's is the default; the last one counts."""

    @click.command()
    @form_option
    def listing(form: Form) -> None:
        click.echo(form)

    outcome = CliRunner().invoke(listing, arguments)
    assert (outcome.exit_code, outcome.output.strip()) == (0, form)


def test_json_holds_the_values_as_they_are() -> None:
    """Lists stay lists, and what is not there is null."""
    assert json.loads(written(ROWS, "json", COLUMNS)) == [
        {"name": 'a, "b"', "found": ["192.0.2.1", "192.0.2.2"]},
        {"name": "caf\u00e9", "found": []},
        {"name": None, "found": [1]},
    ]


def test_csv_has_a_head_and_a_line_for_each_row() -> None:
    """RFC 4180 quoting; a list is words with a space between."""
    text = written(ROWS, "csv", COLUMNS)
    assert list(csv.reader(io.StringIO(text))) == [
        ["name", "found"],
        ['a, "b"', "192.0.2.1 192.0.2.2"],
        ["caf\u00e9", ""],
        ["", "1"],
    ]
    assert not text.endswith("\n")


def test_without_rows_csv_has_its_head() -> None:
    """A program that reads it finds the columns all the same."""
    assert written([], "csv", COLUMNS) == "name,found"
    assert written([], "json", COLUMNS) == "[]"


def test_columns_stand_in_the_order_asked_for() -> None:
    """Not in that of the rows."""
    assert written([{"b": 2, "a": 1}], "csv", ("a", "b")) == "a,b\n1,2"
