"""On paper: what a number of clicks a day takes, by the figures of one run of the bench.

Owns: the arithmetic, and its inputs. Beside what `scale.py` measured it takes what a click and a message cost
to answer and to relay, from the table of `make bench` in docs/performance.md.
Does not own: the figures (`measuring`), or what is said of them (docs/scale.md).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.scaling.measuring import Measured
from bench.support import ROOT

PERFORMANCE = ROOT / "docs" / "performance.md"
DAYS = (10_000_000, 100_000_000, 1_000_000_000)
"""Clicks a day."""
DAY_S, HOUR_S = 86400, 3600
PEAK = 4
"""How many times as much as on average comes when most does."""
CLICKS_A_MESSAGE = 5
EVENTS_A_MESSAGE = 2
"""That it is about to be sent, and what became of it."""
KEPT_DAYS = 90
UNKNOWN = "not known"
"""Where docs/performance.md has no such figure."""

_SECTION = re.compile(r"\*\*(.+?)\*\*")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is measured. Of µs of CPU those of answering and relaying are None where they are not known."""

    counted_per_s: float
    most_per_s: float
    node_us: float
    server_us: float
    click_octets: float
    message_octets: float
    log_octets: float
    spooled_click_octets: float
    spooled_message_octets: float
    redirect_us: float | None
    mail_us: float | None

    @classmethod
    def of(cls, found: Measured) -> "Inputs":
        """Return the inputs of a run."""
        two = found.large.two
        page = PERFORMANCE.read_text()
        return cls(
            *(two.per_s, 1e6 / two.turn_us, two.node_us, two.server_us),
            *(found.octets[1].click, found.octets[1].message, two.log_octets_an_event),
            *found.spool,
            _measured(page, "Redirects", "waypost tracker: CPU a click"),
            _mail_us(page),
        )


@dataclass(frozen=True, slots=True)
class Day:
    """So many clicks on one day, with the mail that they are on."""

    clicks: int
    given: Inputs

    @property
    def messages(self) -> float:
        """Messages to one reader each."""
        return self.clicks / CLICKS_A_MESSAGE

    @property
    def events(self) -> float:
        """Events that are counted."""
        return self.clicks + EVENTS_A_MESSAGE * self.messages

    @property
    def per_s(self) -> float:
        """Events a second, on average."""
        return self.events / DAY_S

    @property
    def octets(self) -> float:
        """What the database takes for them."""
        return self.clicks * self.given.click_octets + self.messages * self.given.message_octets

    @property
    def spooled_octets(self) -> float:
        """What spools take for them."""
        given = self.given
        clicks, messages = given.spooled_click_octets, given.spooled_message_octets
        return self.clicks * clicks + self.messages * messages

    @property
    def catch_up_h(self) -> float | None:
        """Hours until an outage of an hour, on average, is made up for; None: never."""
        spare = self.given.counted_per_s - self.per_s
        return self.per_s / spare if spare > 0 else None


def most_clicks(per_s: float) -> float:
    """Return how many clicks a day make so many events a second on average."""
    return per_s * DAY_S / (1 + EVENTS_A_MESSAGE / CLICKS_A_MESSAGE)


def table(given: Inputs) -> list[Sequence[str]]:
    """Return the lines of the table, a heading first."""
    days = [Day(clicks, given) for clicks in DAYS]
    lines: list[Sequence[str]] = [("", *(f"{day.clicks:,} clicks a day" for day in days))]
    lines += [(what, *map(of, days)) for what, of in _lines(given).items()]
    return lines


def walls(given: Inputs) -> list[Sequence[str]]:
    """Return how many clicks a day one database counts, a heading first."""
    return [
        (
            "clicks a day that one database counts",
            "all day long",
            f"a peak of {PEAK} times as it comes",
        ),
        *(
            (name, *(_rounded(most_clicks(per_s / of)) for of in (1, PEAK)))
            for name, per_s in (
                ("as measured, two nodes at once", given.counted_per_s),
                ("however many nodes, on processors like these", given.most_per_s),
            )
        ),
    ]


def _lines(given: Inputs) -> dict[str, Callable[[Day], str]]:
    return {
        "events a second, on average; at the peak": lambda day: (
            f"{day.per_s:,.0f}; {PEAK * day.per_s:,.0f}"
        ),
        "of what one database counts, on average": lambda day: (
            f"{day.per_s / given.counted_per_s:.0%}"
        ),
        "an hour's outage is made up for in": lambda day: _hours(day.catch_up_h),
        "cores that answer clicks, at the peak": lambda day: _cores(
            PEAK * day.clicks / DAY_S, given.redirect_us
        ),
        "cores that relay mail of 5 KB, at the peak": lambda day: _cores(
            PEAK * day.messages / DAY_S, given.mail_us
        ),
        "cores of nodes that count, on average": lambda day: _cores(day.per_s, given.node_us),
        "cores of the database, on average": lambda day: _cores(day.per_s, given.server_us),
        "database, a day; of 90 days": lambda day: (
            f"{_octets(day.octets)}; {_octets(KEPT_DAYS * day.octets)}"
        ),
        "write-ahead log, a day": lambda day: _octets(day.events * given.log_octets),
        "spools of all nodes, an hour without the database": lambda day: _octets(
            day.spooled_octets * HOUR_S / DAY_S
        ),
    }


def _cores(per_s: float, us: float | None) -> str:
    return UNKNOWN if us is None else f"{per_s * us / 1e6:.1f}"


def _hours(hours: float | None) -> str:
    if hours is None:
        return "never"
    return f"{60 * hours:.0f} minutes" if hours < 1 else f"{hours:.1f} hours"


def _octets(count: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count / 1e6:,.0f} MB"


def _rounded(clicks: float) -> str:
    return f"{clicks / 1e6:,.0f} million"


def _mail_us(page: str) -> float | None:
    """Return what a message of 5 KB takes of the proxy: without the tracker that counts."""
    section = "CPU a message, 5 KB"
    found = (_measured(page, section, row) for row in ("Waypost", "of it, the tracker that counts"))
    whole, counting = found
    return None if whole is None or counting is None else whole - counting


def _measured(page: str, section: str, row: str) -> float | None:
    """Return a figure of the table of `make bench`, in µs; None where there is none."""
    within = ""
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if heading := _SECTION.fullmatch(cells[0]):
            within = heading[1]
        elif cells[0] == row and within.startswith(section):
            number, unit = cells[1].split()[:2]
            return float(number.replace(",", "")) * {"ms": 1000.0, "µs": 1.0}[unit]
    return None
