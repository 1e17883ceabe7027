"""Failed attempts by network: how many there may be in any minute."""

from dataclasses import dataclass
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.throttle import MAX_NETWORKS, WINDOW_S, Throttle, network_of

HERE, THERE = ip_address("192.0.2.1"), ip_address("192.0.2.2")


@dataclass
class Clock:
    """A clock that a test sets."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


def test_there_may_be_as_many_as_the_limit() -> None:
    """Then none until the first of them is old enough."""
    clock = Clock()
    throttle = Throttle(3, clock)
    for left in (2, 1, 0):
        throttle.failed(HERE)
        assert throttle.left(HERE) == left
        clock.now_s += 10
    assert throttle.wait_s(HERE) == WINDOW_S - 30
    clock.now_s += WINDOW_S - 30
    assert (throttle.left(HERE), throttle.wait_s(HERE)) == (1, 0.0)


def test_one_network_does_not_use_up_what_another_has() -> None:
    """Neighbours in IPv4 are strangers."""
    throttle = Throttle(1, Clock())
    throttle.failed(HERE)
    assert (throttle.left(HERE), throttle.left(THERE), throttle.left(None)) == (0, 1, 1)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_an_ipv6_address_counts_with_its_64(one: str, other: str, same: int) -> None:
    """That is what one customer of a provider has."""
    assert (network_of(ip_address(one)) == network_of(ip_address(other))) == same


def test_the_unknown_are_counted_too() -> None:
    """A front server may not know its client's address."""
    throttle = Throttle(1, Clock())
    throttle.failed(None)
    assert throttle.left(None) == 0


def test_memory_is_bounded() -> None:
    """Whoever failed last is remembered longest."""
    throttle = Throttle(1, Clock())
    addresses = [ip_address(0x0A000000 + number) for number in range(MAX_NETWORKS + 1)]
    throttle.failed(HERE)
    for address in addresses[:-1]:
        throttle.failed(address)
    assert throttle.left(HERE) == 1
    assert throttle.left(addresses[-2]) == 0


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.floats(0, 90), st.sampled_from([HERE, THERE])), max_size=60),
)
def test_no_window_holds_more_than_the_limit(limit, tries) -> None:
    """Whenever who tries, and as often as there is still one left."""
    clock = Clock()
    throttle = Throttle(limit, clock)
    failed: dict[object, list[float]] = {HERE: [], THERE: []}
    for pause_s, address in tries:
        clock.now_s += pause_s
        assert bool(throttle.left(address)) == (throttle.wait_s(address) == 0)
        if throttle.left(address):
            throttle.failed(address)
            failed[address].append(clock.now_s)
    for times_s in failed.values():
        for at_s in times_s:
            assert sum(at_s <= other < at_s + WINDOW_S for other in times_s) <= limit
