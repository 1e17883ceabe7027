"""Clicks have an order of their own, and messages an age."""

from dataclasses import replace

from tests.support.feeding import click
from tracker.events import decode, encode
from tracker.judging.click import Click, Message, recorded


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


def test_an_event_tells_of_a_click() -> None:
    """With what was kept of its request."""
    event = replace(click(1), signals=("no-html",), network="192.0.2.0", link=4)
    told = Click(event.at_s, 4, "192.0.2.0", "Browser/1", ("no-html",))
    assert recorded(decode(encode(event))) == told


def test_an_event_of_before_tells_what_it_can() -> None:
    """HEAD by its method, the network by the address, shortened or whole."""
    head = decode(encode(replace(click(1), method="HEAD", human=False, reasons=("head/1",))))
    assert recorded(head).signals == ("head",)
    assert recorded(click(1)).signals == ()
    assert recorded(click(1)).network is None
    for ip, network in (("192.0.2.0", "192.0.2.0"), ("2001:db8:1:2::3", "2001:db8:1::")):
        assert recorded(replace(click(1), ip=ip)).network == network
