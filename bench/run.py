"""`make bench`: the table that performance claims come from, in one run, beside what is wanted.

Saves all that was measured as JSON as well. What is missing here is said in the table, and on
standard error; targets that are missed are no error. Run it while the machine does little else.

    python -m bench.run [--only PART]… [--rounds N] [--json FILE] [--write]
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator

from bench import start_up
from bench.clicks import clicks
from bench.mail import end_to_end, rewrite, sessions, signing, workers
from bench.support import ROOT
from bench.support.processes import stop_all_at_sigterm
from bench.support.results import circumstances, described, json_file, put_into, save
from bench.support.table import Section, as_json, markdown, text

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- the table: make bench -->\n", "<!-- the end of the table -->\n"
Part = Callable[[int], Iterable[Section]]
PARTS: dict[str, tuple[str, Part]] = {
    "mail": ("CPU a message and latency, beside rivals", end_to_end.sections),
    "rewrite": ("rewriting against BeautifulSoup", lambda _: [rewrite.section()]),
    "sign": ("signing against dkimpy", lambda _: [signing.section()]),
    "workers": ("one worker and two", lambda _: [workers.section()]),
    "sessions": ("memory with 200 sessions", lambda _: [sessions.section()]),
    "start": ("how long programs take to start", lambda _: [start_up.section()]),
    "clicks": ("redirects, beside nginx", lambda _: [clicks.section()]),
}


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parts = "\n".join(f"  {name:10}{what}" for name, (what, _) in PARTS.items())
    parser = argparse.ArgumentParser(
        description="Measure Waypost and its rivals in one run, and print one table.",
        epilog=f"parts:\n{parts}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", action="append", choices=PARTS, metavar="PART", help="this part; may be repeated"
    )
    parser.add_argument(
        "--rounds", type=rounds, default=end_to_end.ROUNDS, help="turns of each in `mail` (5)"
    )
    parser.add_argument(
        "--json", type=json_file, metavar="FILE", help="save there (default: .bench/MOMENT.json)"
    )
    parser.add_argument(
        "--write", action="store_true", help=f"put the table into {PAGE.relative_to(ROOT)}"
    )
    return parser.parse_args()


def rounds(value: str) -> int:
    """Return a number of rounds."""
    if not value.isdigit() or int(value) < 1:
        raise argparse.ArgumentTypeError(f"{value!r} is no number of 1 or more")
    return int(value)


def measured(asked: argparse.Namespace) -> Iterator[Section]:
    """Run the parts that were asked for."""
    for name, (what, part) in PARTS.items():
        if asked.only is None or name in asked.only:
            print(f"{time.strftime('%H:%M:%S')} {name}: {what} …", file=sys.stderr, flush=True)
            yield from part(asked.rounds)


def main() -> int:
    """Measure, print, save."""
    asked = arguments()
    stop_all_at_sigterm()
    where = circumstances()
    sections = list(measured(asked))
    print(text(sections))
    missed = sum(row.met is False for section in sections for row in section.rows)
    met = sum(row.met is True for section in sections for row in section.rows)
    path = save(asked.json, {**where, "sections": as_json(sections)})
    said = f"{met} targets met, {missed} missed. {described(where)}"
    print(f"\n{said}\nSaved as {path}")
    if asked.write:
        put_into(PAGE, BEGIN, END, f"{markdown(sections)}\n\n{said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
