"""How long is waited, with a clock that stands still."""

import pytest

from tracker.webhooks.schedule import DELAYS_S, LONGEST_RETRY_AFTER_S, Schedule, retry_after_s

NOW_S = 1_790_000_000.0
STILL = Schedule(clock=lambda: NOW_S)


def test_the_table_is_the_specifications() -> None:
    """Ten attempts, in 75 hours and 35 minutes."""
    assert len(DELAYS_S) == 10
    assert sum(DELAYS_S) == (75 * 60 + 35) * 60 + 5


@pytest.mark.parametrize("attempts", range(1, 10))
def test_each_attempt_comes_after_its_delay(attempts: int) -> None:
    """Or up to a tenth later, so that not all come back at once."""
    delay_s = DELAYS_S[attempts]
    due_s = STILL.due_s(attempts)
    assert due_s is not None
    assert delay_s <= due_s - NOW_S <= 1.1 * delay_s


def test_after_the_last_attempt_there_is_none() -> None:
    """The event is given up, also where the receiver says when to come again."""
    assert STILL.due_s(10) is STILL.due_s(10, 60) is None


def test_a_receiver_may_ask_for_more_time_and_not_for_less() -> None:
    """Whatever it asks for, the table is the least."""
    assert STILL.due_s(1, 100) == NOW_S + 100
    assert (STILL.due_s(2, 1) or 0) >= NOW_S + 300


def test_a_failing_webhook_rests_ever_longer_up_to_a_minute() -> None:
    """Twice as long each time."""
    rests = [STILL.rests_until_s(failures) - NOW_S for failures in range(1, 9)]
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60]
    assert STILL.rests_until_s(10**6) == NOW_S + 60
    assert STILL.rests_until_s(1, 500) == NOW_S + 500


def test_nothing_is_due_later_than_the_latest() -> None:
    """Beyond it, the clock was wrong."""
    longest_s = max(STILL.due_s(each, LONGEST_RETRY_AFTER_S) or 0 for each in range(1, 10))
    assert longest_s < STILL.latest_s


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("999999999999999999999", LONGEST_RETRY_AFTER_S),
        ("Mon, 21 Sep 2026 14:14:20 GMT", 60),
        ("Mon, 21 Sep 2026 14:13:19 GMT", 0),
        ("Mon, 21 Sep 2036 14:13:19 GMT", LONGEST_RETRY_AFTER_S),
        ("Mon, 21 Sep 2026 14:14:20", 60),
        ("-1", 0),
        ("1.5", 0),
        ("soon", 0),
        ("", 0),
        ("\u0663", 0),
        ("Mon, 99 Sep 99999 99:99:99 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float) -> None:
    """A day at most; what is neither asks for nothing."""
    assert retry_after_s(value, NOW_S) == seconds
