"""Hashes that may be compared, under secrets of a day."""

from collections.abc import Callable

import pytest

from tracker.privacy.pseudonyms import (
    DAY_S,
    DaySecrets,
    differ,
    is_pseudonym,
    octets,
    of_octets,
    realm,
)

NOON_S = 20_000.5 * DAY_S
NET, OTHER = "192.0.2.0", "198.51.100.0"


class Clock:
    """Calls back when it is told to."""

    def __init__(self) -> None:
        """Have nothing to call."""
        self.calls: list[Callable[[], None]] = []
        self.now_s = 0.0

    def later(self, call: Callable[[], None]) -> None:
        """Note a call for when the life of a secret is over."""
        self.calls.append(call)


def secrets() -> DaySecrets:
    """Return the secrets of a process, which nobody destroys."""
    return DaySecrets(Clock().later)


def test_one_day_tells_the_same_from_another() -> None:
    """And nothing of what it stands for."""
    ours = secrets()
    one, again, other = (ours.pseudonym(each, NOON_S) for each in (NET, NET, OTHER))
    assert one == again
    assert not differ(one, again)
    assert differ(one, other)
    assert is_pseudonym(one)
    assert NET not in one


def test_another_day_or_process_is_unknown() -> None:
    """Neither the same nor another, of one network or of two."""
    ours, theirs = secrets(), secrets()
    one = ours.pseudonym(NET, NOON_S)
    for unknown in (
        ours.pseudonym(NET, NOON_S + DAY_S),
        ours.pseudonym(OTHER, NOON_S + DAY_S),
        theirs.pseudonym(NET, NOON_S),
        theirs.pseudonym(OTHER, NOON_S),
        NET,
        None,
    ):
        assert unknown != one
        assert not differ(one, unknown)
        assert not differ(unknown, one)


def test_what_is_no_pseudonym_is_compared_as_it_is() -> None:
    """None is unknown."""
    assert differ(NET, OTHER)
    assert differ("", "Browser/1")
    assert not differ(NET, NET)
    assert not differ(NET, None)
    assert not differ(None, None)
    assert (realm(NET), is_pseudonym(None), octets(None), octets(NET)) == ("", False, None, None)


def test_the_secrets_of_two_days_are_kept() -> None:
    """A click of yesterday may come a little late; the third day takes the place of the first."""
    ours = secrets()
    yesterday = ours.pseudonym(NET, NOON_S)
    ours.pseudonym(NET, NOON_S + DAY_S)
    assert ours.pseudonym(NET, NOON_S) == yesterday
    ours.pseudonym(NET, NOON_S + 2 * DAY_S)
    assert len(ours.days()) == 2
    assert ours.pseudonym(NET, NOON_S) != yesterday


def test_a_secret_is_destroyed_though_nobody_comes_any_more() -> None:
    """After a day of life, and before two; one that was made later lives on until then."""
    clock = Clock()
    ours = DaySecrets(clock.later, lambda: clock.now_s)
    ours.pseudonym(NET, NOON_S)
    clock.now_s = DAY_S / 2
    ours.pseudonym(NET, NOON_S + DAY_S)
    assert len(clock.calls) == 1
    clock.now_s = DAY_S
    clock.calls.pop()()
    assert ours.days() == {20_001}
    clock.now_s = 2 * DAY_S
    clock.calls.pop()()
    assert ours.days() == set()
    assert clock.calls == []
    ours.pseudonym(NET, NOON_S)
    assert len(clock.calls) == 1


def test_a_secret_may_be_destroyed_while_it_makes_room_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The timer has a thread of its own."""
    ours = secrets()
    for day in range(2):
        ours.pseudonym(NET, NOON_S + day * DAY_S)

    class Destroyed(dict[int, object]):
        """Secrets of which the timer destroys each just before it is taken out."""

        def pop(self, day: int, *default: object) -> object:
            """Have it destroyed."""
            super().pop(day)
            return super().pop(day, *default)

        def __delitem__(self, day: int) -> None:
            """Have it destroyed."""
            super().__delitem__(day)
            super().__delitem__(day)

    monkeypatch.setattr(ours, "_secrets", Destroyed(ours._secrets))
    ours.pseudonym(NET, NOON_S + 2 * DAY_S)
    assert ours.days() == {20_001, 20_002}


def test_it_is_kept_as_sixteen_octets() -> None:
    """And read back."""
    one = secrets().pseudonym(NET, NOON_S)
    kept = octets(one)
    assert kept is not None
    assert (len(kept), of_octets(kept)) == (16, one)


def test_no_header_field_can_be_taken_for_one() -> None:
    """They are read as Latin-1."""
    mark = secrets().pseudonym(NET, NOON_S)[0]
    assert mark not in bytes(range(256)).decode("latin-1")


def test_a_life_is_timed_without_holding_up_the_end_of_a_process() -> None:
    """By a thread that ends with it."""
    assert DaySecrets().pseudonym(NET, NOON_S)
