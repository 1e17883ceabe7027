"""`make traces`: what the rules make of generated traces, beside HEAD alone; fails below the bars.

python -m tests.traces.run [--messages N] [--seed N] [--write] [--trace FILE]
"""

import argparse
import json
import sys
from pathlib import Path

from tests.traces import scanners
from tests.traces.generate import lines
from tests.traces.held_out import HELD_OUT, MORE_FILTERS
from tests.traces.measure import Figures, of_head_only, of_rules
from tracker.judging import manual


def table(rules: Figures, head_only: Figures) -> list[str]:
    """Return the rows of both ways of judging, as Markdown."""
    both = (rules, head_only)
    rows = ["| | All rules | `HEAD` alone |", "|---|---:|---:|"]
    for name in ("precision", "precision_with_alone", "recall"):
        cells = (f"{getattr(each, name):.2%}" for each in both)
        title = name.replace("_with_alone", " of human, links alone included")
        rows.append(f"| {title if title != name else f'{name} of human'} | {' | '.join(cells)} |")
    cells = (str(len(each.clickers_judged)) for each in both)
    true = len(rules.clickers_true)
    rows.append(f"| copies with a human click ({true} in truth) | {' | '.join(cells)} |")
    cells = (str(len(each.clickers_judged | each.clickers_alone)) for each in both)
    rows.append(f"| the same, links alone included | {' | '.join(cells)} |")
    for human, title in ((True, "readers judged human"), (False, "machines judged so")):
        rows.append(f"| **{title}, of their requests** | | |")
        for kind in sorted(each for each, is_human in rules.human.items() if is_human == human):
            cells = (f"{each.kinds[kind].share:.2%}" for each in (rules, head_only))
            note = " (in no figure above)" if kind == scanners.LONE else ""
            rows.append(f"| {kind}, {rules.kinds[kind].requests}{note} | {' | '.join(cells)} |")
    return rows


OTHERS = {
    "half of the filters of other kinds": HELD_OUT,
    "and more filters, fewer readers": MORE_FILTERS,
}
"""Traces of kinds that the rules were not chosen by, and what is special about them."""


def others_table(found: dict[str, Figures]) -> list[str]:
    """Return the rows of the other traces, as Markdown."""
    rows = [
        "",
        "On traces with kinds and numbers that the rules were not chosen by (`tests/traces/held_out.py`):",
        "",
        "| | precision | links alone included | recall | clickers counted | links alone included |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, each in found.items():
        with_alone = len(each.clickers_judged | each.clickers_alone) / len(each.clickers_true)
        shares = (each.precision, each.precision_with_alone, each.recall, each.clickers, with_alone)
        rows.append(f"| {name} | {' | '.join(f'{share:.1%}' for share in shares)} |")
    return rows


def main() -> int:
    """Generate, judge and print; the exit status is 1 if a bar is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="put the table into docs/machines.md")
    parser.add_argument("--trace", type=Path, help="write the trace there, and judge nothing")
    given = parser.parse_args()
    trace = lines(given.messages, given.seed)
    if given.trace:
        given.trace.write_text("".join(json.dumps(line) + "\n" for line in trace))
        return 0
    rules = of_rules(trace)
    others = {
        name: of_rules(lines(given.messages, given.seed, mix)) for name, mix in OTHERS.items()
    }
    rows = [*table(rules, of_head_only(trace)), *others_table(others)]
    sys.stdout.write("\n".join([f"{given.messages} messages, seed {given.seed}", *rows, ""]))
    if given.write:
        manual.write(rows)
    missed = rules.below_bars()
    for name, each in others.items():
        missed += [f"{name}: {bar}" for bar in each.below_bars_of_others()]
    sys.stdout.write("".join(f"below the bar: {each}\n" for each in missed))
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
