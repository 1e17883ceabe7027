"""When the clock is believed, by which old mail is deleted."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.retention import clock
from tracker.retention.clock import MAX_GAP_S, Time, gap_s
from tracker.store.reserved import DAY_S, day_of

NOW_S = 1_795_000_000.0
YEARS_S = 3652 * DAY_S
RETENTION_S = 90.0 * DAY_S
TURN_S = 6 * 3600.0


@dataclass
class Store:
    """What a store notes of the time, and of events, as the clock says they were."""

    known_s: float = 0.0
    days: set[int] = field(default_factory=set)

    def read(self, clock_s: float, ran_s: float = 0.0) -> Time:
        """Read the clock, and note what it is worth."""
        time = clock.read(clock_s, self.known_s, ran_s, self.days, gap_s(RETENTION_S))
        self.known_s = time.latest_s
        return time


def used(days: int = 3) -> Store:
    """Return a store with an event a day, up to now."""
    return Store(0.0, {day_of(NOW_S) - each for each in range(days)})


def test_an_empty_store_knows_no_time() -> None:
    """And nothing is old there."""
    time = Store().read(NOW_S)
    assert (time.latest_s, time.before_s(RETENTION_S)) == (0.0, 0.0)


def test_a_store_that_stays_empty_for_long_believes_the_clock_with_its_first_event() -> None:
    """Time that passes before anything is counted is no moment since 1970."""
    store = Store()
    for turn in range(3):
        assert store.read(NOW_S + turn * TURN_S, TURN_S).latest_s == 0
    store.days.add(day_of(NOW_S + 3 * TURN_S))
    time = store.read(NOW_S + 3 * TURN_S, TURN_S)
    assert time.believed
    assert time.before_s(RETENTION_S) == NOW_S + 3 * TURN_S - RETENTION_S


@pytest.mark.parametrize("noted_s", [3.0, 90 * DAY_S, 10957 * DAY_S])
def test_a_moment_of_many_years_ago_is_none(noted_s: float) -> None:
    """As an earlier version noted it of an empty store, and a board of its start in 1970 or 2000."""
    store = Store(noted_s, {day_of(noted_s)})
    store.read(NOW_S, 60)
    store.days.add(day_of(NOW_S))
    assert store.read(NOW_S, 60).believed


def test_a_clock_that_agrees_with_the_events_is_believed() -> None:
    """As it is at the first start of this version."""
    assert used().read(NOW_S).before_s(RETENTION_S) == NOW_S - RETENTION_S


def test_a_clock_ten_years_ahead_deletes_nothing_more() -> None:
    """Whatever it sees happen meanwhile."""
    store = used()
    store.read(NOW_S)
    store.days.add(day_of(NOW_S + YEARS_S))
    for _ in range(100):
        time = store.read(NOW_S + YEARS_S, ran_s=60)
        assert not time.believed
    assert store.known_s < NOW_S + DAY_S + 6000  # of the last day, an event tells no hour


def test_a_clock_that_is_right_again_is_believed() -> None:
    """As if nothing had happened, although events have dates of the future."""
    store = used()
    store.read(NOW_S)
    store.days.add(day_of(NOW_S + YEARS_S))
    store.read(NOW_S + YEARS_S)
    later_s = NOW_S + DAY_S
    assert store.read(later_s).before_s(RETENTION_S) == later_s - RETENTION_S


def test_an_idle_store_keeps_its_retention() -> None:
    """A year without an event, but for the passing of time."""
    store = used()
    for turn in range(4 * 365):
        now_s = NOW_S + turn * TURN_S
        assert store.read(now_s, TURN_S).before_s(RETENTION_S) == now_s - RETENTION_S


def test_time_passes_while_the_clock_is_doubted() -> None:
    """By the monotonic one: what is old by then goes."""
    store = used()
    for turn in range(1, 4 * 100):
        store.read(NOW_S + YEARS_S, TURN_S)
        assert store.known_s >= NOW_S + turn * TURN_S


def test_a_machine_may_be_off_for_a_month() -> None:
    """Nobody is asked."""
    store = used()
    store.read(NOW_S)
    assert store.read(NOW_S + MAX_GAP_S).believed
    assert not store.read(NOW_S + 3 * MAX_GAP_S).believed


def test_events_of_the_days_between_explain_a_jump() -> None:
    """A proxy went on while the tracker was down: its spool tells of every day."""
    store = used()
    store.read(NOW_S)
    store.days |= {day_of(NOW_S + day * DAY_S) for day in range(0, 200, 20)}
    assert store.read(NOW_S + 200 * DAY_S).believed


def test_what_a_wrong_clock_noted_is_given_up() -> None:
    """A store that was begun in the future is protected as others are once it has been used."""
    store = Store(NOW_S + YEARS_S, {day_of(NOW_S + YEARS_S), day_of(NOW_S), day_of(NOW_S) - 1})
    store.read(NOW_S)
    assert store.known_s == NOW_S
    assert not store.read(NOW_S + YEARS_S).believed


def test_a_clock_of_the_past_changes_nothing() -> None:
    """A board that knows no time before it has heard it says 1970."""
    store = used()
    store.read(NOW_S)
    assert store.read(3600.0).before_s(RETENTION_S) == 0
    assert store.read(NOW_S).before_s(RETENTION_S) == NOW_S - RETENTION_S


@pytest.mark.parametrize(("retention_d", "days"), [(730, 30), (90, 30), (30, 15), (1, 0.5)])
def test_a_wrong_clock_costs_less_than_half_of_what_is_kept(retention_d: int, days: float) -> None:
    """However short the retention is."""
    assert gap_s(retention_d * DAY_S) == days * DAY_S


YEARS = st.floats(0, 40 * 365 * DAY_S)
PAUSES = st.lists(st.tuples(st.floats(60, MAX_GAP_S), st.booleans()), max_size=12)


@given(PAUSES, YEARS, st.integers(1, 5), PAUSES)
def test_one_wrong_start_costs_no_more_than_a_gap(
    before: list[tuple[float, bool]], ahead_s: float, turns: int, after: list[tuple[float, bool]]
) -> None:
    """However far ahead the clock is, and often read; and afterwards all is as it was."""
    store, now_s = used(), NOW_S
    assert store.read(now_s).believed
    for pause_s, event in before:
        now_s = _passed(store, now_s, pause_s, event=event)
    for _ in range(turns):
        now_s += 60
        store.days.add(day_of(now_s + ahead_s))
        wrong_s = store.read(now_s + ahead_s, 60).before_s(RETENTION_S)
        # Of an event, the day alone is known.
        assert wrong_s <= now_s + gap_s(RETENTION_S) + DAY_S - RETENTION_S
    for pause_s, event in after:
        now_s = _passed(store, now_s, pause_s, event=event)


def _passed(store: Store, now_s: float, pause_s: float, *, event: bool) -> float:
    """Let time pass under a clock that is right, while the machine is off; return the new time."""
    now_s += pause_s
    if event:
        store.days.add(day_of(now_s))
    time = store.read(now_s)
    assert time.before_s(RETENTION_S) == now_s - RETENTION_S
    return now_s


@given(PAUSES, YEARS, st.floats(60, DAY_S))
def test_a_clock_that_is_behind_deletes_nothing_early(
    before: list[tuple[float, bool]], behind_s: float, pause_s: float
) -> None:
    """Neither then nor when it is right again."""
    store, now_s = used(), NOW_S
    for each_s, event in before:
        now_s = _passed(store, now_s, each_s, event=event)
    for clock_s in (max(0.0, now_s - behind_s), now_s + pause_s):
        store.days.add(day_of(clock_s))
        assert store.read(clock_s).before_s(RETENTION_S) <= now_s + pause_s - RETENTION_S


@given(st.lists(st.tuples(st.floats(0, 4e9), st.floats(0, DAY_S)), min_size=1), st.floats(0, 4e9))
def test_nothing_is_deleted_beyond_what_is_known(
    readings: list[tuple[float, float]], age_s: float
) -> None:
    """Nor beyond what the clock says, for any clock at all."""
    store = Store()
    for clock_s, ran_s in readings:
        store.days.add(day_of(clock_s))
        time = store.read(clock_s, ran_s)
        assert 0 <= time.before_s(age_s) <= max(0.0, min(time.latest_s, clock_s))
