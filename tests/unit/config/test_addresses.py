"""IP addresses and networks: one reading of them for every part of Waypost."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.addresses import first_of_network, is_loopback, is_public, parse_ip, within

PREFIX_BITS = {4: 24, 6: 48}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", "None"),
        ("/run/socket", "None"),
        ("mail.example.com", "None"),
        ("[::1]", "None"),
        ("192.0.2.1:25", "None"),
        (" 192.0.2.1", "None"),
    ],
)
def test_an_address_is_read_as_sockets_give_it(text: str, address: str) -> None:
    """An IPv4 client of an IPv6 socket is an IPv4 client."""
    assert str(parse_ip(text)) == address


@given(st.ip_addresses())
def test_every_address_is_read_from_what_it_is_written_as(
    address: IPv4Address | IPv6Address,
) -> None:
    """But for IPv4-mapped ones, which are IPv4."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    assert parse_ip(str(address)) == (mapped or address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_the_same_in_ipv6_form(address: IPv4Address) -> None:
    """Else a client could choose which rule of a network counts for it."""
    assert parse_ip(f"::ffff:{address}") == address


@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    """Headers and resolvers say what they like; no exception comes of it."""
    assert parse_ip(text) is None or text


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("192.0.2.255", True),
        ("192.0.3.0", False),
        ("2001:db8:ffff::1", True),
        ("::ffff:192.0.2.1", True),
        ("::192.0.2.1", False),
        ("nobody", False),
    ],
)
def test_an_address_is_within_any_of_several_networks(address: str, *, inside: bool) -> None:
    """Whichever family each has; an address that is not known is in none."""
    networks = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))
    assert within(parse_ip(address), networks) is inside


def test_without_networks_no_address_is_within() -> None:
    """The default of every list of networks trusts nobody."""
    assert not within(parse_ip("127.0.0.1"), ())


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::1%lo", True),
        ("localhost", True),
        ("LocalHost.", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_only(host: str, *, loopback: bool) -> None:
    """A wildcard is not the loopback, and neither is a name that begins like it."""
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "240.0.0.1"),
        *("::", "::1", "fe80::1", "fec0::1", "fc00::1", "ff02::1", "2001:db8::1", "::7f00:1"),
        *("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "64:ff9b::7f00:1"),
        "2001:0:5ef5:79fd:0:59d:f5ff:fffe",  # Teredo for 10.0.0.1
    ],
)
def test_an_address_of_no_machine_on_the_internet_is_not_public(address: str) -> None:
    """Also where IPv6 only wraps it."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    """In either family, and of a network behind NAT64."""
    assert is_public(ip_address(address))


@given(st.ip_addresses())
def test_the_first_address_of_a_network_is_the_standard_librarys(
    address: IPv4Address | IPv6Address,
) -> None:
    """Computed without making a network, as each click needs it."""
    network = ip_network((address, PREFIX_BITS[address.version]), strict=False)
    assert first_of_network(address, PREFIX_BITS) == network.network_address
