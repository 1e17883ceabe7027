"""Networks of mail filters have labels."""

import contextlib
from ipaddress import IPv4Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.filter_networks import BadNetworks, Label, Networks, parse


def test_the_smaller_network_counts() -> None:
    """A part of a filter's network may be somebody else's, or nobody's."""
    networks = parse(
        [
            *("10.0.0.0/8 scanner big", "10.1.0.0/16 probable small  # within", "10.1.2.0/24 none"),
            *("", "2001:db8::/32 scanner six"),
        ]
    )
    assert networks.label(ip_address("10.1.3.3")) == Label("probable", "small")
    assert networks.label(ip_address("10.2.2.3")) == Label("scanner", "big")
    assert networks.label(ip_address("2001:db8:1::")) == Label("scanner", "six")
    assert networks.label(ip_address("10.1.2.3")) is None
    assert networks.label(None) is None


NETWORKS = st.builds(
    lambda first, bits: ip_network((first >> (32 - bits) << (32 - bits), bits)),
    st.integers(0, 2**32 - 1) | st.integers(0, 1023),
    st.integers(0, 32) | st.integers(24, 32),
)
NUMBERS = st.integers(0, 2**32 - 1) | st.integers(0, 1023)


@given(st.lists(NETWORKS, unique=True), NUMBERS)
def test_any_address_has_the_label_of_the_smallest_network_around_it(
    known: list[IPv4Network], number: int
) -> None:
    """Looked for one by one, for comparison."""
    labels = {each: Label("scanner", str(each)) for each in known}
    address = ip_address(number)
    around = [each for each in known if address in each]
    smallest = max(around, key=lambda each: each.prefixlen, default=None)
    assert Networks(labels).label(address) == (smallest and labels[smallest])


def test_own_networks_take_the_place_of_what_is_known_inside() -> None:
    """And leave what lies around or beside them."""
    everything = parse(["0.0.0.0/0 none"])
    known = parse(["10.0.0.0/16 scanner big", "10.0.1.0/24 probable part", "10.9.0.0/16 scanner x"])
    own = parse(["10.0.0.0/20 none", "10.0.4.0/24 scanner ours", "10.9.0.0/16 probable x"])
    labels = {
        address: known.changed_by(own).label(ip_address(address))
        for address in ("10.0.1.1", "10.0.4.1", "10.0.99.1", "10.9.0.1")
    }
    assert labels == {
        "10.0.1.1": None,
        "10.0.4.1": Label("scanner", "ours"),
        "10.0.99.1": Label("scanner", "big"),
        "10.9.0.1": Label("probable", "x"),
    }
    assert known.changed_by(everything) == everything


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("10.0.0.1/8 scanner x", '"10.0.0.1/8" is not a network'),
        ("10.0.0.0/8 certain x", '"certain x" is not a label'),
        ("10.0.0.0/8", '"" is not a label'),
        ("10.0.0.0/8 scanner", '"scanner" is not a label'),
        ("10.0.0.0/8 none x", '"none x" is not a label'),
        ("10.0.0.0/8 scanner a,b", '"scanner a,b" is not a label'),
        ("x y z", '"x" is not a network'),
        ("10.0.0.0/7 scanner x", "10.0.0.0/7 is too wide for a mail filter's"),
        ("2000::/3 scanner x", "2000::/3 is too wide for a mail filter's"),
        ("192.0.2.0/24 none", "192.0.2.0/24 is also said to be another's above"),
    ],
)
def test_a_bad_line_is_named(line: str, what: str) -> None:
    """With its number, and what would be right."""
    with pytest.raises(BadNetworks) as raised:
        parse(["192.0.2.0/24 scanner a", "192.0.2.0/24 scanner a", line])
    assert (raised.value.line, raised.value.what) == (3, what)


@given(st.text())
def test_any_line_is_read_or_refused(line: str) -> None:
    """Whatever stands in a file."""
    with contextlib.suppress(BadNetworks):
        assert len(parse([line]).labels) <= 1
