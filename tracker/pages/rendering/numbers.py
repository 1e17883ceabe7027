"""Figures as people read them.

Owns: counts, rates and shares in words, how a figure changed, and days and moments in UTC.
Does not own: the figures (`tracker.reports.figures`), or where they stand on a page
(`tracker.pages.rendering.cards`).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self

NOTHING = "\N{EN DASH}"
"""Stands for a rate of nothing."""
SAME = "the same"
_THIN = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure changed: a sign, and by how much; `of` is what it was before."""

    sign: str
    text: str
    of: str

    @classmethod
    def of_count(cls, now: int, before: int) -> Self:
        """Return the change of a count, in percent of what it was."""
        if now == before or not before:
            text = SAME if now == before else "new"
            return cls(_sign(now - before), text, number(before))
        return cls(_sign(now - before), f"{abs(now - before) / before:.0%}", number(before))

    @classmethod
    def of_rate(cls, now: float | None, before: float | None) -> Self | None:
        """Return the change of a rate, in points of a percent; None where there is none to compare."""
        if now is None or before is None:
            return None
        points = round(100 * (now - before), 1)
        text = f"{abs(points):.1f} points" if points else SAME
        return cls(_sign(points), text, rate(before))


def _sign(difference: float) -> str:
    if not difference:
        return "="
    return "▲" if difference > 0 else "▼"


def number(count: int) -> str:
    """Return a count, by groups of three digits."""
    return f"{count:,}".replace(",", _THIN)


def rate(value: float | None) -> str:
    """Return a rate, 0 to 1, in percent; NOTHING for None."""
    return NOTHING if value is None else f"{value:.1%}"


def share(part: int, whole: int) -> str:
    """Return a part of a whole in percent; NOTHING of nothing."""
    return rate(part / whole if whole else None)


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a count and what is counted: `1 click`, `2 clicks`."""
    return f"{number(count)} {one if count == 1 else many or f'{one}s'}"


def day(value: date) -> str:
    """Return a day as `9 Nov 2026`."""
    return f"{value.day} {value:%b %Y}"


def moment(at_s: float) -> str:
    """Return a moment, given in seconds since 1970, as `9 Nov 2026 14:05 UTC`."""
    at = datetime.fromtimestamp(at_s, UTC)
    return f"{day(at.date())} {at:%H:%M} UTC"


def when(text: str) -> str:
    """Return a moment, given as reports do in ISO 8601, as `9 Nov 2026 14:05`."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{day(at.date())} {at:%H:%M}"


def day_and_time(text: str) -> tuple[str, str]:
    """Return a moment, given in ISO 8601, as `9 Nov 2026` and `14:05:33`, in UTC."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return day(at.date()), f"{at:%H:%M:%S}"
