"""Charts: every click is in one bar, and bars stand within the axes."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.pages.query import Days
from tracker.pages.rendering import charts
from tracker.pages.rendering.charts import HEIGHT, Bucket, by_day, by_hour, chart, scale
from tracker.reports.figures import DayFigures, Figures

COUNTS = st.integers(0, 10**9)
FIRST = date(2026, 11, 1)


@given(st.integers(0, 10**12))
def test_the_scale_is_of_round_numbers_and_not_much_too_high(most: int) -> None:
    """Its lines are whole numbers; the highest bar takes at least half of the height."""
    top = scale(most)
    assert top >= most
    assert top % 3 == 0
    assert top <= max(3, 2 * most)


@pytest.mark.parametrize(("most", "top"), [(0, 3), (1, 3), (4, 6), (441, 450), (901, 1200)])
def test_the_scale_reads_well(most: int, top: int) -> None:
    """As one would draw it by hand."""
    assert scale(most) == top


@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=100))
def test_bars_stand_in_order_within_the_area_and_machines_upon_people(
    clicks: list[tuple[int, int]],
) -> None:
    """Whatever the counts."""
    buckets = [Bucket(str(n), str(n), *each) for n, each in enumerate(clicks)]
    made = chart("c", "Clicks", "Day", buckets)
    assert (made.people, made.machines) == tuple(map(sum, zip(*clicks, strict=True)))
    for bar in made.bars:
        assert bar.place <= bar.x
        assert bar.x + bar.width <= bar.place + bar.place_width + 0.01
        assert bar.people_top + bar.people_height == pytest.approx(HEIGHT, abs=0.2)
        assert bar.machines_top + bar.machines_height == pytest.approx(bar.people_top, abs=0.2)
        assert bar.machines_top >= -0.2
    assert [bar.place for bar in made.bars] == sorted(bar.place for bar in made.bars)


def test_a_chart_says_in_words_what_it_shows() -> None:
    """For whoever does not see it."""
    made = chart("c", "Clicks", "Day", [Bucket("1", "1 Nov", 1, 0), Bucket("2", "2 Nov", 4, 3)])
    assert made.description == (
        "5 clicks by people, 3 by machines. "
        "Most at one time: 2 Nov: 4 clicks by people, 3 by machines."
    )
    assert chart("c", "Clicks", "Day", [Bucket("1", "1 Nov")]).description == "No clicks."
    assert chart("c", "Clicks", "Day", []).bars == ()


@pytest.mark.parametrize(("count", "labels"), [(1, 1), (2, 2), (3, 3), (90, 3)])
def test_the_axis_has_few_labels(count: int, labels: int) -> None:
    """The first, the last, and one between them."""
    made = chart("c", "Clicks", "Day", by_day(Days(FIRST, FIRST + timedelta(count - 1)), {}))
    assert len(made.labels) == labels
    assert made.labels[0].text == "1 Nov"


@given(st.integers(1, 2000), st.dictionaries(st.integers(0, 1999), st.tuples(COUNTS, COUNTS)))
def test_every_click_of_the_days_is_in_one_bar(
    count: int, clicks: dict[int, tuple[int, int]]
) -> None:
    """However many days a bar is of; there are never more than can be told apart."""
    days = Days(FIRST, FIRST + timedelta(days=count - 1))
    buckets = by_day(days, {FIRST + timedelta(days=day): each for day, each in clicks.items()})
    inside = [each for day, each in clicks.items() if day < count]
    assert sum(each.people for each in buckets) == sum(people for people, _ in inside)
    assert sum(each.machines for each in buckets) == sum(machines for _, machines in inside)
    assert len(buckets) <= charts.MOST_BARS


def test_a_bar_of_several_days_says_which() -> None:
    """The last one may be of fewer."""
    buckets = by_day(Days(FIRST, FIRST + timedelta(days=150)), {})
    assert buckets[0].name == "1 Nov 2026 to 2 Nov 2026"
    assert buckets[-1].name == "31 Mar 2027"


def test_lines_of_the_scale_are_called_briefly() -> None:
    """Beside the bars there is little room."""
    for count, lines in ((441, ["150", "300", "450"]), (9_000, ["3k", "6k", "9k"])):
        made = chart("c", "Clicks", "Day", [Bucket("1", "1 Nov", count)])
        assert [each.text for each in made.lines] == lines
    millions = chart("c", "Clicks", "Day", [Bucket("1", "1 Nov", 4_500_000)])
    assert [each.text for each in millions.lines] == ["1.5M", "3M", "4.5M"]


def test_few_days_leave_room() -> None:
    """A bar as wide as the page would tell nothing."""
    sent = charts.of_sent_days({FIRST: (3, 1)})
    assert sent is not None
    assert len(sent.bars) == charts.FEWEST_BARS
    assert charts.of_sent_days({}) is None
    clicked = [DayFigures((FIRST - date(1970, 1, 1)).days, Figures(clicks_human=2, clicks_all=3))]
    days = charts.days_of(clicked, FIRST - timedelta(days=1))
    assert (days.first, days.count) == (FIRST - timedelta(days=1), charts.FEWEST_BARS)
    made = charts.of_days(days, clicked)
    assert (made.people, made.machines, made.unit) == (2, 1, "Day")


def test_the_first_hours_are_those_of_three_days() -> None:
    """From the one that is given."""
    made = charts.of_hours(400_000, {400_000: (5, 0), 400_071: (1, 1), 400_072: (9, 9)})
    assert (len(made.bars), made.people, made.machines) == (72, 6, 1)


def test_hours_are_in_utc() -> None:
    """Each has its moment."""
    first = 1_793_520_000 // 3600
    buckets = by_hour(first, 2, {first + 1: (2, 1)})
    assert [each.name for each in buckets] == ["1 Nov 2026 08:00", "1 Nov 2026 09:00"]
    assert (buckets[1].people, buckets[1].machines) == (2, 1)
