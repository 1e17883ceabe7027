"""`--json` and `--csv`, the options that every listing takes.

Owns: the options, and writing a few rows in either form.
Does not own: what a listing looks like for people, or rows read from the store
(`tracker.cli.printing`).
"""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import click

Form = Literal["people", "json", "csv"]
Row = Mapping[str, object]


def form_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json` and `--csv` to a command, which receives `form: Form`."""
    for name in ("csv", "json"):
        text = f"Print {name.upper()}."
        command = click.option(f"--{name}", "form", flag_value=name, help=text)(command)
    return click.option("--people", "form", flag_value="people", default="people", hidden=True)(
        command
    )


def written(rows: Sequence[Row], form: Form, columns: Sequence[str]) -> str:
    """Return rows as a JSON array, or as CSV with these columns and a header line.

    In CSV, the items of a list are separated by spaces.
    """
    if form == "json":
        return json.dumps(rows, indent=2)
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue().rstrip("\n")


def _cell(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else value
