"""`--json` and `--csv`, which every listing takes.

Owns: the option, and writing a few rows in either form.
Does not own: what a listing looks like for people, or answers of the store (`tracker.cli.printing`).
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
    """Give a command `--json` and `--csv`; it receives `form: Form`."""
    for name in ("csv", "json"):
        text = f"Print {name.upper()}."
        command = click.option(f"--{name}", "form", flag_value=name, help=text)(command)
    return click.option("--people", "form", flag_value="people", default="people", hidden=True)(
        command
    )


def written(rows: Sequence[Row], form: Form, columns: Sequence[str]) -> str:
    """Write rows of these columns as a JSON array, or as CSV with a header; a list as words."""
    if form == "json":
        return json.dumps(rows, indent=2)
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue().rstrip("\n")


def _cell(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else value
