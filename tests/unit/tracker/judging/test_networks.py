"""Networks of mail filters have labels."""

from ipaddress import ip_address

import pytest

from tracker.judging.networks import BadNetworks, Label, built_in, parse, visitor_network


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("40.107.3.4", Label("scanner", "exchange-online-protection")),
        ("2a01:111:f403::7", Label("scanner", "exchange-online-protection")),
        ("209.222.82.1", Label("scanner", "barracuda")),
        ("67.231.152.9", Label("probable", "proofpoint")),
        ("205.139.110.9", Label("probable", "mimecast")),
        ("192.0.2.1", None),
    ],
)
def test_published_networks_are_known(address: str, label: Label | None) -> None:
    """Those of IPv4 and IPv6, and no others."""
    assert built_in().label(ip_address(address)) == label


def test_the_smaller_network_counts() -> None:
    """A part of a filter's network may be somebody else's."""
    networks = parse(["10.0.0.0/8 scanner big", "10.1.0.0/16 probable small  # within"])
    assert networks.label(ip_address("10.1.2.3")) == Label("probable", "small")
    assert networks.label(ip_address("10.2.2.3")) == Label("scanner", "big")
    assert networks.label(None) is None


@pytest.mark.parametrize(
    "line", ["10.0.0.1/8 scanner x", "10.0.0.0/8 certain x", "10.0.0.0/8", "x y z"]
)
def test_a_bad_line_is_named(line: str) -> None:
    """With its number."""
    with pytest.raises(BadNetworks, match="line 2: "):
        parse(["# networks", line])


def test_a_visitor_has_a_network() -> None:
    """/24 and /48."""
    assert visitor_network(ip_address("192.0.2.77")) == "192.0.2.0"
    assert visitor_network(ip_address("2001:db8:1:2::3")) == "2001:db8:1::"
    assert visitor_network(None) is None
