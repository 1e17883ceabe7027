"""Networks of visitors, and those that are known."""

from ipaddress import ip_address

import pytest

from config.filter_networks import Label
from tracker.judging.networks import built_in, visitor_network


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("40.107.3.4", Label("scanner", "exchange-online-protection")),
        ("2a01:111:f403::7", Label("scanner", "exchange-online-protection")),
        ("209.222.82.1", Label("scanner", "barracuda")),
        ("67.231.152.9", Label("probable", "proofpoint")),
        ("205.139.110.9", Label("probable", "mimecast")),
        ("40.76.1.1", Label("cloud", "azure")),
        ("54.171.1.1", Label("cloud", "aws")),
        ("34.91.1.1", Label("cloud", "google-cloud")),
        ("15.222.16.130", Label("scanner", "barracuda")),
        ("15.222.17.130", Label("cloud", "aws")),
        ("192.0.2.1", None),
    ],
)
def test_published_networks_are_known(address: str, label: Label | None) -> None:
    """Those of IPv4 and IPv6, and no others."""
    assert built_in().label(ip_address(address)) == label


def test_a_visitor_has_a_network() -> None:
    """/24 and /48."""
    assert visitor_network(ip_address("192.0.2.77")) == "192.0.2.0"
    assert visitor_network(ip_address("2001:db8:1:2::3")) == "2001:db8:1::"
    assert visitor_network(None) is None
