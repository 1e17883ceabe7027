"""The campaigns of a period, in any order, some at a time.

Owns: this question, the orders, and the place at which a list goes on.
Does not own: figures (`tracker.reports.period`), or how a place is written in a URL
(`tracker.pages.query`).

Sums of all campaigns of the period are read, a row a campaign and day; people are counted of those alone
that are shown, unless they are what the list is in order of.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, get_args

from tracker.reports import names, period
from tracker.reports.figures import CampaignFigures, Figures
from tracker.reports.names import Name
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S

Order = Literal["sent", "name", "deliveries", "rate", "people", "clicks", "machines"]
ORDERS: tuple[Order, ...] = get_args(Order)
Place = tuple[float | str, int]
"""Where a list goes on: behind the campaign with this value and row."""

_LAST_DAYS = """
    SELECT campaign_id, max(day) FROM counters
    WHERE day BETWEEN :first AND :last AND link_id = 0 AND messages > 0 GROUP BY campaign_id
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A campaign with its figures, and the last day on which it was sent."""

    campaign: CampaignFigures
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Some campaigns of `total`; `next` is the place behind them, None at the end.

    `single` is how many of all are of one message.
    """

    rows: tuple[Row, ...]
    next: Place | None
    total: int
    single: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What a list is in order of."""

    id: int
    name: Name
    last: int
    figures: Figures


_VALUES: Mapping[Order, Callable[[_Found], float | str]] = {
    "sent": lambda each: each.last,
    "name": lambda each: each.name.for_people.casefold(),
    "deliveries": lambda each: each.figures.deliveries,
    "rate": lambda each: -1.0 if each.figures.click_rate is None else each.figures.click_rate,
    "people": lambda each: each.figures.unique_human,
    "clicks": lambda each: each.figures.clicks_human,
    "machines": lambda each: each.figures.clicks_machine,
}


def listing(
    db: Db,
    asked: Period,
    order: Order = "sent",
    *,
    rising: bool = False,
    after: Place | None = None,
    limit: int,
) -> Listing:
    """Return campaigns of what was sent within a period, those with the highest value first."""
    sums = {row: each for row, each in period.sums(db, asked).items() if row}
    if order == "people":
        sums = period.with_people(db, asked, sums)
    found = _found(db, asked, sums)
    value = _VALUES[order]
    found.sort(key=lambda each: (value(each), each.id), reverse=not rising)
    left = [each for each in found if _is_behind((value(each), each.id), after, rising=rising)]
    shown = left[:limit]
    last = (value(shown[-1]), shown[-1].id) if len(left) > limit else None
    single = sum(each.figures.messages == 1 for each in found)
    return Listing(_rows(db, asked, shown), last, len(found), single)


def _found(db: Db, asked: Period, sums: Mapping[int, Figures]) -> list[_Found]:
    named = names.campaigns(db)
    last = dict(db.execute(_LAST_DAYS, asked.days()).fetchall())
    return [
        _Found(row, named[row], last.get(row, 0), each)
        for row, each in sums.items()
        if row in named
    ]


def _is_behind(place: Place, after: Place | None, *, rising: bool) -> bool:
    if after is None:
        return True
    return place > after if rising else place < after


def _rows(db: Db, asked: Period, shown: list[_Found]) -> tuple[Row, ...]:
    counted = period.with_people(db, asked, {each.id: each.figures for each in shown})
    return tuple(
        Row(
            CampaignFigures(each.name.text, counted[each.id], each.name.purged, each.id),
            day_date(each.last) if each.last else None,
        )
        for each in shown
    )


def day_date(day: int) -> date:
    """Return a day that is counted from 1970."""
    return datetime.fromtimestamp(day * DAY_S, UTC).date()
