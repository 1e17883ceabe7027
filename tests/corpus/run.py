# ruff: noqa: T201 - a table is what this prints
"""`make corpus CORPUS=DIR`: rewrite every message and document of a folder, and count what is wrong.

Exits 1 unless every figure that has to be 0 is 0.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # as a script, only our own folder would be searched

from tests.corpus.check import FAULTS, Tally, check  # noqa: E402
from tests.corpus.material import Case, cases  # noqa: E402
from tests.corpus.reasons import Histogram, histogram  # noqa: E402

DETAILS_SHOWN = 40
EXCUSED_AT_MOST = 0.01
"""Of all cases: those where a link is found that a tree builder drops, or in a nested message."""


def tally(material: Iterable[Case]) -> Tally:
    """Check every case."""
    figures = Tally()
    for case in material:
        check(case, figures)
    return figures


def passed(figures: Tally) -> bool:
    """Tell whether everything that has to be 0 is 0."""
    total = figures.messages.total()
    return not figures.faults and total > 0 and figures.excused <= EXCUSED_AT_MOST * total


def table(figures: Tally) -> str:
    """Return the figures as people read them."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(figures.messages.items()))
    per_100kb_ms = figures.seconds * 1e3 / (figures.octets / 102_400) if figures.octets else 0.0
    rows: list[tuple[str, object]] = [
        ("messages", f"{figures.messages.total()} ({kinds})"),
        ("links tracked", figures.tracked),
        ("links left alone", figures.left),
        *((name, figures.faults[name]) for name in FAULTS),
        ("with links that not every parser finds", f"{figures.excused} messages (at most 1%)"),
        ("documents where parsers differ", figures.parsers_differ),
        ("time to plan, per 100 KB (messages over 10 KB)", f"{per_100kb_ms:.2f} ms"),
    ]
    return "\n".join(f"{name:<48}{value}" for name, value in rows)


def reasons(found: Histogram, *, plain_text: bool) -> str:
    """Return what became of messages that could be tracked, as people read it."""
    counts = ", ".join(f"{count} {reason}" for reason, count in found.reasons.most_common())
    where = "HTML and text" if plain_text else "HTML"
    return f"{f'could be tracked ({where})':<48}{counts or 'none'}"


def main(arguments: list[str]) -> int:
    """Print the table; give the exit code."""
    folder = Path(arguments[0] if arguments else ROOT.parent / "shared" / "corpus")
    if not folder.is_dir():
        print(f"no such folder: {folder}", file=sys.stderr)
        return 2
    figures = tally(cases(folder))
    print(table(figures))
    for plain_text in (False, True):
        print(reasons(histogram(cases(folder), plain_text=plain_text), plain_text=plain_text))
    for detail in figures.details[:DETAILS_SHOWN]:
        print(f"  {detail}"[:1000])
    if len(figures.details) > DETAILS_SHOWN:
        print(f"  … and {len(figures.details) - DETAILS_SHOWN} more")
    if not figures.messages:
        print(f"nothing to read in {folder}", file=sys.stderr)
    return 0 if passed(figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
