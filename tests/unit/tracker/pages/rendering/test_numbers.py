"""Figures in words."""

from datetime import date

from tracker.pages.rendering.numbers import (
    NOTHING,
    Change,
    day,
    moment,
    number,
    plural,
    rate,
    share,
    when,
)


def test_large_numbers_can_be_read() -> None:
    """By groups of three, which no line break parts."""
    assert number(1_234_567) == "1\u202f234\u202f567"
    assert number(7) == "7"


def test_a_rate_of_nothing_is_no_zero() -> None:
    """Nobody was there to click."""
    assert (rate(0.3333), rate(0.0), rate(None)) == ("33.3%", "0.0%", NOTHING)
    assert (share(1, 4), share(0, 0)) == ("25.0%", NOTHING)


def test_counts_have_their_noun() -> None:
    """One, or several."""
    assert plural(1, "click") == "1 click"
    assert plural(0, "click") == "0 clicks"
    assert plural(2, "delivery", "deliveries") == "2 deliveries"


def test_days_and_moments_are_in_utc() -> None:
    """And said so where it matters."""
    assert day(date(2026, 11, 9)) == "9 Nov 2026"
    assert moment(1_793_520_000.0) == "1 Nov 2026 08:00 UTC"
    assert when("2026-11-01T10:00:00.500+02:00") == "1 Nov 2026 08:00"


def test_a_change_of_a_count_is_a_part_of_what_it_was() -> None:
    """Of nothing, it is new."""
    assert Change.of_count(15, 10) == Change("▲", "50%", "10")
    assert Change.of_count(5, 10) == Change("▼", "50%", "10")
    assert Change.of_count(10, 10) == Change("=", "the same", "10")
    assert Change.of_count(10, 0) == Change("▲", "new", "0")


def test_a_change_of_a_rate_is_in_points() -> None:
    """A rate of 20 % after 10 % is 10 points more, not twice as much."""
    assert Change.of_rate(0.2, 0.1) == Change("▲", "10.0 points", "10.0%")
    assert Change.of_rate(0.1, 0.1) == Change("=", "the same", "10.0%")
    assert Change.of_rate(0.1, None) is None
