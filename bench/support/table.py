"""The one table of `make bench`: rows, each with what is wanted beside what was measured.

Owns: rows, how they are printed and written as Markdown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HEADINGS = ("", "measured", "ratio", "target", "met")


@dataclass(frozen=True)
class Target:
    """What is wanted: at least, or at most, `bound` of a unit."""

    bound: float
    unit: str
    at_least: bool = True

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g} {self.unit}"

    def met(self, value: float) -> bool:
        """Return whether the value is as wanted."""
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True)
class Row:
    """One figure: `judged` is what the target speaks of, the ratio or the figure itself."""

    what: str
    measured: str
    ratio: str = ""
    target: Target | None = None
    judged: float | None = None

    def cells(self) -> tuple[str, ...]:
        """Return what stands in each column."""
        met = ""
        if self.target is not None:
            met = "yes" if self.met else "no"
        return self.what, self.measured, self.ratio, str(self.target or ""), met

    @property
    def met(self) -> bool | None:
        """Return whether the target is met, or None without one."""
        if self.target is None or self.judged is None:
            return None
        return self.target.met(self.judged)


@dataclass(frozen=True)
class Section:
    """Rows of one subject, with all that was measured for them, as JSON takes it."""

    title: str
    rows: Sequence[Row]
    raw: object = None


def text(sections: Iterable[Section]) -> str:
    """Return the table for a terminal."""
    sections = list(sections)
    cells = [HEADINGS, *(row.cells() for section in sections for row in section.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]

    def line(row: Sequence[str]) -> str:
        first, *rest = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        return f"  {first}  {'  '.join(rest)}".rstrip()

    lines = [line(HEADINGS)]
    for section in sections:
        lines += [section.title, *(line(row.cells()) for row in section.rows)]
    return "\n".join(lines)


def markdown(sections: Iterable[Section]) -> str:
    """Return the table for a page of the documentation."""
    lines = ["| | measured | ratio | target | met |", "|---|---|---|---|---|"]
    for section in sections:
        lines.append(f"| **{section.title}** | | | | |")
        lines += ["| " + " | ".join(row.cells()) + " |" for row in section.rows]
    return "\n".join(lines)


def lines_of(table: Sequence[Sequence[str]]) -> str:
    """Return lines of cells as Markdown, the heading first."""
    heading, *rest = table
    rule = ["---"] * len(heading)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heading, rule, *rest))


def as_json(sections: Iterable[Section]) -> list[dict[str, object]]:
    """Return what `json.dump` takes."""
    return [
        {
            "title": section.title,
            "rows": [
                {
                    "what": row.what,
                    "measured": row.measured,
                    "ratio": row.ratio,
                    "target": str(row.target or ""),
                    "met": row.met,
                    "judged": row.judged,
                }
                for row in section.rows
            ],
            "raw": section.raw,
        }
        for section in sections
    ]
