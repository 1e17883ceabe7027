"""One key for each message, whatever second events tell."""

import itertools

import pytest

from tracker.counting.message_keys import near, renamed
from tracker.counting.model import Message
from tracker.store.keys import MessageKey

FIRST, SECOND, THIRD = (MessageKey(1_790_000_000 + n, 7) for n in range(3))
OTHER = MessageKey(FIRST.sent_s, 8)


def known(key: MessageKey, *, described: bool = False) -> dict[MessageKey, Message]:
    """Return what a store knows that has one message."""
    return {key: Message(key, link_set_id=1 if described else None)}


def test_messages_that_are_told_of_by_one_second_keep_it() -> None:
    """Those of other ids, or of another time, are others."""
    assert renamed({FIRST, OTHER, THIRD}, {FIRST}, known(FIRST)) == {}


def test_a_message_is_called_by_what_its_own_event_tells() -> None:
    """Whether it came before, or comes now."""
    assert renamed({FIRST, SECOND}, {SECOND}, {}) == {FIRST: SECOND}
    assert renamed({FIRST}, set(), known(SECOND, described=True)) == {FIRST: SECOND}
    assert renamed({SECOND}, {SECOND}, known(FIRST)) == {FIRST: SECOND}


def test_it_is_called_by_the_least_second_as_long_as_that_has_not_come() -> None:
    """And by the least of its own, where it has several."""
    assert renamed({FIRST, SECOND}, set(), {}) == {SECOND: FIRST}
    assert renamed({FIRST}, set(), known(SECOND)) == {SECOND: FIRST}
    assert renamed({FIRST, SECOND}, {FIRST, SECOND}, {}) == {SECOND: FIRST}
    assert renamed({FIRST}, {FIRST}, known(SECOND, described=True)) == {SECOND: FIRST}


@pytest.mark.parametrize("order", list(itertools.permutations((FIRST, SECOND, THIRD))))
def test_two_messages_that_the_store_has_stay_two(order: tuple[MessageKey, ...]) -> None:
    """Though something is told of a second that is next to both."""
    both = {**known(FIRST), **known(THIRD)}
    assert renamed(dict.fromkeys(order).keys(), set(), both) == {SECOND: FIRST}


def test_next_to_a_second_are_two() -> None:
    """The one before, and the one after."""
    assert set(near(SECOND)) == {FIRST, THIRD}
