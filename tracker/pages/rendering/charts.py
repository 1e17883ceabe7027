"""Charts of clicks over time, as figures that a template draws in SVG.

Owns: which bar stands where and how high, the scale, the few labels of the axes, and how days and hours
become bars.
Does not own: the drawing itself (`templates/chart.html`), or the figures (`tracker.reports`). Does no I/O.

Bars and labels stand at percentages of the width, so that a chart fills a phone as well as a desk, and
its text stays as large as all other text. People are at the bottom of a bar, machines, hatched, above them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tracker.pages.query import Days
from tracker.pages.rendering.numbers import day as day_text
from tracker.pages.rendering.numbers import number, plural
from tracker.reports.campaigns.listing import day_date
from tracker.reports.figures import DayFigures
from tracker.store.reserved import HOUR_S, HOURS_A_DAY

HEIGHT = 200
"""Of the area of the bars, in pixels of CSS."""
FEWEST_BARS = 14
"""Fewer days than that leave room behind them."""
MOST_BARS = 100
"""More days than that are put together, as many to a bar as are needed."""
DAYS_BY_HOUR = 3
HOURS = DAYS_BY_HOUR * HOURS_A_DAY
"""For so long after it was sent, clicks on a campaign are shown by hour."""
_GAP = 0.25
"""Of a bar's place, left free beside it."""
_STEPS = (10, 15, 20, 25, 30, 40, 50, 60, 80, 100)
"""Of tenths of a power of ten."""
_LINES = 3


@dataclass(frozen=True, slots=True)
class Bucket:
    """Clicks of one day or hour: how it is called beneath its bar, and in full."""

    label: str
    name: str
    people: int = 0
    machines: int = 0


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: `x` and `width` in percent, heights and tops in pixels from above."""

    x: float
    width: float
    place: float
    place_width: float
    people_top: float
    people_height: float
    machines_top: float
    machines_height: float
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A label of an axis: at `x` percent, or at `y` pixels from above."""

    text: str
    at: float
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Chart:
    """All that a template needs; `id` is unique on a page, `unit` is what a bar stands for."""

    id: str
    title: str
    description: str
    unit: str
    buckets: tuple[Bucket, ...]
    bars: tuple[Bar, ...]
    lines: tuple[Mark, ...]
    labels: tuple[Mark, ...]
    people: int
    machines: int


def chart(id_: str, title: str, unit: str, buckets: Sequence[Bucket]) -> Chart:
    """Return the chart of some days or hours, the first on the left."""
    most = max((each.people + each.machines for each in buckets), default=0)
    top = scale(most)
    people, machines = (
        sum(getattr(each, name) for each in buckets) for name in ("people", "machines")
    )
    return Chart(
        id_,
        title,
        _description(buckets, people, machines),
        unit,
        tuple(buckets),
        tuple(_bar(number, len(buckets), each, top) for number, each in enumerate(buckets)),
        tuple(_lines(top)),
        tuple(_labels(buckets)),
        people,
        machines,
    )


def scale(most: int) -> int:
    """Return the number at the top of the axis: three lines of a round number each, not below `most`."""
    step = max(1, math.ceil(most / _LINES))
    power = int(10 ** math.floor(math.log10(step)))
    return _LINES * next(
        each * power // 10
        for each in _STEPS
        if each * power % 10 == 0 and each * power >= 10 * step
    )


def _bar(number: int, count: int, bucket: Bucket, top: int) -> Bar:
    place = 100 / count
    people = HEIGHT * bucket.people / top
    machines = HEIGHT * bucket.machines / top
    return Bar(
        round(place * (number + _GAP / 2), 3),
        round(place * (1 - _GAP), 3),
        round(place * number, 3),
        round(place, 3),
        round(HEIGHT - people, 1),
        round(people, 1),
        round(HEIGHT - people - machines, 1),
        round(machines, 1),
        _in_words(bucket),
    )


def _in_words(bucket: Bucket) -> str:
    by_people = plural(bucket.people, "click by people", "clicks by people")
    return f"{bucket.name}: {by_people}, {number(bucket.machines)} by machines"


def _lines(top: int) -> Iterable[Mark]:
    for line in range(1, _LINES + 1):
        yield Mark(_brief(top * line // _LINES), HEIGHT - HEIGHT * line / _LINES)


def _brief(count: int) -> str:
    """Return a round number in few characters."""
    for unit, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= 10 * unit or (count >= unit and not count % (unit // 10)):
            return f"{count / unit:.4g}{letter}"
    return str(count)


def _labels(buckets: Sequence[Bucket]) -> Iterable[Mark]:
    if not buckets:
        return
    yield Mark(buckets[0].label, 0)
    if len(buckets) > 2:  # noqa: PLR2004 - one that is neither the first nor the last
        yield Mark(buckets[len(buckets) // 2].label, 50, "middle")
    if len(buckets) > 1:
        yield Mark(buckets[-1].label, 100, "end")


def _description(buckets: Sequence[Bucket], people: int, machines: int) -> str:
    if not people + machines:
        return "No clicks."
    highest = max(buckets, key=lambda each: each.people + each.machines)
    clicks = plural(people, "click by people", "clicks by people")
    return f"{clicks}, {number(machines)} by machines. Most at one time: {_in_words(highest)}."


def by_day(days: Days, clicks: Mapping[date, tuple[int, int]]) -> list[Bucket]:
    """Return bars for all of these days, of clicks by people and by machines on each."""
    at_once = math.ceil(days.count / MOST_BARS)
    return [
        _of_days(days.first + timedelta(days=start), min(at_once, days.count - start), clicks)
        for start in range(0, days.count, at_once)
    ]


def of_days(days: Days, clicks: Iterable[DayFigures]) -> Chart:
    """Return the chart of clicks by the day on which they were made."""
    found = {
        day_date(each.day): (each.figures.clicks_human, each.figures.clicks_machine)
        for each in clicks
    }
    unit = "Day" if days.count <= MOST_BARS else "Days"
    return chart("by-day", "Clicks by day", unit, by_day(days, found))


def of_sent_days(clicks: Mapping[date, tuple[int, int]]) -> Chart | None:
    """Return the chart of clicks by the day on which their message was sent; None where there are none."""
    if not clicks:
        return None
    days = _with_room(Days(min(clicks), max(clicks)))
    unit = "Sent on" if days.count <= MOST_BARS else "Sent from, to"
    return chart("by-day", "Clicks by day of sending", unit, by_day(days, clicks))


def _of_days(first: date, count: int, clicks: Mapping[date, tuple[int, int]]) -> Bucket:
    last = first + timedelta(days=count - 1)
    found = [clicks.get(first + timedelta(days=each), (0, 0)) for each in range(count)]
    name = day_text(first) if count == 1 else f"{day_text(first)} to {day_text(last)}"
    return Bucket(
        _short(first), name, sum(each[0] for each in found), sum(each[1] for each in found)
    )


def _short(value: date) -> str:
    return f"{value.day} {value:%b}"


def by_hour(first: int, count: int, clicks: Mapping[int, tuple[int, int]]) -> list[Bucket]:
    """Return bars for some hours, which are counted from 1970 (UTC)."""
    return [_of_hour(hour, *clicks.get(hour, (0, 0))) for hour in range(first, first + count)]


def of_hours(first: int, clicks: Mapping[int, tuple[int, int]]) -> Chart:
    """Return the chart of the HOURS from one on, which is counted from 1970."""
    title = f"Clicks by hour, first {DAYS_BY_HOUR} days"
    return chart("by-hour", title, "Hour", by_hour(first, HOURS, clicks))


def days_of(clicks: Sequence[DayFigures], first: date | None) -> Days:
    """Return the days of some clicks, from the one on that is given, if it is before them."""
    begun, ended = day_date(clicks[0].day), day_date(clicks[-1].day)
    return _with_room(Days(min(begun, first or begun), ended))


def _with_room(days: Days) -> Days:
    """Return some days, or as many as a chart is wide."""
    return Days(days.first, max(days.last, days.first + timedelta(days=FEWEST_BARS - 1)))


def _of_hour(hour: int, people: int, machines: int) -> Bucket:
    begun = datetime.fromtimestamp(hour * HOUR_S, UTC)
    at = f"{begun:%H:%M}"
    return Bucket(
        f"{_short(begun.date())} {at}", f"{day_text(begun.date())} {at}", people, machines
    )
