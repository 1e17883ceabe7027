"""`make bench-scale`: what SQLite and PostgreSQL cost on one and on two nodes, in one run and one table.

Makes a store of so many clicks in a file of SQLite, and the same by COPY in a PostgreSQL of its own, on this
machine: a Unix socket away, with settings as installed. It asks both everything, has the same events counted by
SQLite, by one node and by two at once, kills PostgreSQL while nodes take events, and tells how long a decision
takes to the other node. Last it tells what a day of many clicks would take by these figures, on paper.

    python -m bench.scale [CLICKS] [--json FILE] [--write]

The exit status is 1 where stores that were told the same say something else, and never for what is slow.
10,000,000 clicks (default) take some GB below the folder of temporary files. Run it while the machine does
little else; with less than a million clicks it does less of everything, to be tried.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest

from bench.at_size.size import DAYS, Size
from bench.scaling import capacity, rows
from bench.scaling.measuring import Measured, measure
from bench.support import ROOT
from bench.support.processes import stop_all_at_sigterm
from bench.support.results import circumstances, described, json_file, put_into, save
from bench.support.table import as_json, lines_of, markdown, text

PAGE = ROOT / "docs" / "scale.md"
TABLE = "<!-- the table: make bench-scale -->\n", "<!-- the end of the table -->\n"
PAPER = "<!-- on paper: make bench-scale -->\n", "<!-- the end of the paper -->\n"
LEAST = 100 * DAYS


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clicks", type=clicks, nargs="?", default=10_000_000)
    parser.add_argument(
        "--json",
        type=json_file,
        metavar="FILE",
        help="save there (default: .bench/scale-MOMENT.json)",
    )
    parser.add_argument(
        "--write", action="store_true", help=f"put the tables into {PAGE.relative_to(ROOT)}"
    )
    return parser.parse_args()


def clicks(value: str) -> int:
    """Return a number of clicks of which each day has some."""
    if not value.isdigit() or int(value) < LEAST:
        raise argparse.ArgumentTypeError(f"{value!r} is no number of {LEAST} or more")
    return int(value)


def main() -> int:
    """Measure, print, save."""
    asked = arguments()
    stop_all_at_sigterm()
    os.environ["PYTHONPATH"] = str(ROOT)  # of whatever is started
    where, begun_s = circumstances(), time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="waypost-scale-") as folder:
            found = measure(Path(folder), Size(asked.clicks))
    except pytest.skip.Exception as missing:
        raise SystemExit(str(missing)) from None
    table, given = rows.sections(found), capacity.Inputs.of(found)
    said = told(found, described(where), time.monotonic() - begun_s)
    on_paper = "\n\n".join(map(lines_of, (capacity.table(given), capacity.walls(given))))
    print(f"{text(table)}\n\n{on_paper}\n\n{said}")
    path = save(
        asked.json,
        {**where, "sections": as_json(table), "inputs": asdict(given), "differ": found.differ},
        kind="scale-",
    )
    print(f"Saved as {path}")
    if asked.write:
        short = [section for section in table if section.title != rows.EACH]
        put_into(PAGE, *TABLE, f"{markdown(short)}\n\n{said}")
        put_into(PAGE, *PAPER, on_paper)
    return int(bool(found.differ))


def told(found: Measured, where: str, took_s: float) -> str:
    """Return in words what was done, whether the sums are the same, and where that was."""
    return (
        f"PostgreSQL {found.server}, on the same machine; both stores made in {found.made_s:.0f} s, all in"
        f" {took_s / 60:.0f} minutes. {sums(found.differ)} {where}"
    )


def sums(differ: Sequence[str]) -> str:
    """Return in words whether stores that were told the same say the same."""
    if differ:
        return f"STORES DIFFER: {'; '.join(differ)}."
    return "SQLite, one node and two nodes say the same, to the click."


if __name__ == "__main__":
    sys.exit(main())
