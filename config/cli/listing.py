"""`--json`, `--csv` and `--raw`, the options that every listing takes, and both forms.

Owns: the options; JSON and CSV (RFC 4180, which ends lines with CRLF).
Does not own: what a listing looks like for people (`tracker.cli.printing`), or which texts a
spreadsheet takes for a formula, and a terminal for an order (`config.escaping`).

JSON is exact. In CSV, a text that a spreadsheet would take for a formula gets an apostrophe before
it, unless `--raw` asks for none; and on a terminal, controls are escaped.
"""

import csv
import functools
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import click

from config.cli.output import echo
from config.escaping import csv_text, printable

Form = Literal["people", "json", "csv", "raw csv"]
Row = Mapping[str, object]
Command = Callable[..., Any]


def form_option(command: Command) -> Command:
    """Add `--json`, `--csv` and `--raw` to a command, which receives `form: Form`."""
    return _with_form(command, "people", "Print JSON.")


def export_form_option(command: Command) -> Command:
    """Add the same to a command that prints lines of JSON unless CSV is asked for."""
    return _with_form(command, "json", "Print lines of JSON (the default).")


def _with_form(command: Command, default: Form, json_help: str) -> Command:
    @functools.wraps(command)
    def in_form(*args: object, form: Form | None, raw: bool, **others: object) -> object:
        if raw and form != "csv":
            raise click.UsageError("--raw goes with --csv")
        return command(*args, form="raw csv" if raw else form or default, **others)

    for option in (
        click.option("--raw", is_flag=True, help="With --csv: no apostrophe before any cell."),
        click.option("--csv", "form", flag_value="csv", help="Print CSV."),
        click.option("--json", "form", flag_value="json", help=json_help),
    ):
        in_form = option(in_form)
    return in_form


def print_rows(rows: Iterable[Row], form: Form, columns: Sequence[str]) -> None:
    """Print rows as a JSON array, or as CSV with these columns."""
    if form == "json":
        print_json(list(rows))
    else:
        print_csv(rows, form, columns)


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    echo(*json.dumps(value, indent=2, ensure_ascii=False).split("\n"))


def print_csv(rows: Iterable[Row], form: Form, columns: Sequence[str]) -> None:
    """Print a head with the names of columns, and rows of these columns.

    The items of a list are separated by spaces, and nothing stands for None.
    """
    sys.stdout.writelines(_lines(rows, columns, _shown(form)))


def csv_lines(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[str]:
    """Yield the lines of such a file, which is no terminal's."""
    return _lines(rows, columns, _in_file)


def _lines(
    rows: Iterable[Row], columns: Sequence[str], shown: Callable[[object], object]
) -> Iterator[str]:
    writer = csv.DictWriter(line := _Line(), columns)
    writer.writeheader()
    yield line.text
    for row in rows:
        writer.writerow({name: shown(value) for name, value in row.items()})
        yield line.text


class _Line:
    """What a writer of CSV wrote last."""

    text = ""

    def write(self, text: str) -> None:
        """Take one line."""
        self.text = text


def _in_file(value: object) -> object:
    return value if _is_number(value) else _encodable(csv_text(cell_text(value)))


def _is_number(value: object) -> bool:
    """Return whether a value is nobody's formula, -1 included."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(form: Form) -> Callable[[object], object]:
    """Return what makes the cell of a value."""

    def shown(value: object) -> object:
        if _is_number(value):
            return value
        text = cell_text(value)
        if form != "raw csv":
            text = csv_text(text)
        return printable(text) if on_terminal else _encodable(text)

    on_terminal = form != "raw csv" and sys.stdout.isatty()
    return shown


def cell_text(value: object) -> str:
    """Return a value in words, for a cell."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def _encodable(text: str) -> str:
    """Return a text without lone surrogates, of which UTF-8 has none: each is escaped."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
