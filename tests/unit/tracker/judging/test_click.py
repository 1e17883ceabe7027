"""Clicks have an order of their own, and messages an age."""

from tracker.judging.click import Click, Message


def test_clicks_are_ordered_by_time_first() -> None:
    """Then by all else, so that no order of arrival shows."""
    early, late = Click(1.0, 9, "b", "b", ()), Click(2.0, 1, None, "a", ())
    assert sorted([late, early], key=lambda click: click.order) == [early, late]


def test_age_is_from_sending_and_never_negative() -> None:
    """Clocks differ; without a time of sending there is none."""
    click = Click(10.0, 1, None, "", ())
    assert Message(sent_at_s=4.0).age_s(click) == 6.0
    assert Message(sent_at_s=11.0).age_s(click) == 0.0
    assert Message().age_s(click) is None


def test_a_prefetch_is_ahead() -> None:
    """By its signal."""
    assert Click(1.0, 1, "a", "b", ("prefetch",)).is_ahead
    assert not Click(1.0, 1, "a", "b", ("head",)).is_ahead
