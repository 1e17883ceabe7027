"""Values of the store that have a meaning of their own."""

from hypothesis import given
from hypothesis import strategies as st

from tracker.store.reserved import DAY_S, day_of


def test_no_day_is_taken_for_all_days() -> None:
    """Day 0 means all days, so a clock at 1970 must not yield it."""
    assert day_of(0.0) == day_of(5.0) == 1


@given(st.floats(DAY_S, 1e11))
def test_a_day_is_that_of_utc(at_s: float) -> None:
    """It begins at most a day before the moment, and never after it."""
    assert 0 <= at_s - day_of(at_s) * DAY_S < DAY_S
