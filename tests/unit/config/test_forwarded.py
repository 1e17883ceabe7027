"""The client of a request, behind web servers of the operator's own."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.forwarded import client_address, client_is_secure, parse_address
from config.schema import TrackerConfig

PROXIES = TrackerConfig.model_validate(
    {"trusted_proxies": ["10.0.0.0/8", "2001:db8:ffff::/48"]}
).trusted_proxies


def address(*headers: tuple[str, str], peer: str | None = "10.0.0.1") -> str | None:
    """Return the client's address as text."""
    named = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    found = client_address(peer, named, PROXIES)
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:_port", "192.0.2.1"),
        ("unknown", None),
        ("_hidden", None),
        ("", None),
        ("192.0.2.256", None),
        ("[192.0.2.1", None),
        ("1.2.3.4.5", None),
    ],
)
def test_addresses_are_read_with_ports_and_zones(text: str, expected: str | None) -> None:
    """What web servers write is understood; anything else is no address."""
    found = parse_address(text)
    assert (None if found is None else str(found)) == expected


@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    """Whatever stands in a header, no exception comes of it."""
    found = parse_address(text)
    assert found is None or isinstance(found, ipaddress.IPv4Address | ipaddress.IPv6Address)


def test_headers_of_an_untrusted_peer_are_ignored() -> None:
    """A client that connects itself cannot choose its address."""
    assert (
        address(
            ("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.2"), peer="198.51.100.9"
        )
        == "198.51.100.9"
    )


def test_without_trusted_proxies_the_peer_counts() -> None:
    """The default trusts nobody."""
    found = client_address("10.0.0.1", [(b"x-forwarded-for", b"192.0.2.1")], ())
    assert str(found) == "10.0.0.1"


def test_the_chain_is_read_from_the_right() -> None:
    """What the client wrote itself stands further left than what our web server added."""
    assert address(("x-forwarded-for", "203.0.113.66, 192.0.2.1")) == "192.0.2.1"


def test_trusted_hops_are_passed_over() -> None:
    """Two web servers of the operator's own, one behind the other."""
    found = address(("x-forwarded-for", "203.0.113.66, 192.0.2.1, 10.9.9.9"))
    assert found == "192.0.2.1"


def test_several_headers_are_one_chain() -> None:
    """RFC 9110 §5.3: repeated headers are one list."""
    found = address(("x-forwarded-for", "203.0.113.66"), ("x-forwarded-for", "192.0.2.1"))
    assert found == "192.0.2.1"


def test_a_chain_of_trusted_addresses_ends_at_its_left() -> None:
    """A request from within the operator's own network keeps its address."""
    assert address(("x-forwarded-for", "10.1.1.1, 10.2.2.2")) == "10.1.1.1"


@pytest.mark.parametrize("hop", ["unknown", "", "garbage"])
def test_an_unreadable_hop_makes_the_address_unknown(hop: str) -> None:
    """What a trusted server could not name is not guessed, least of all from further left."""
    assert address(("x-forwarded-for", f"203.0.113.66, {hop}")) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
        ("for=203.0.113.66, for=192.0.2.43", "192.0.2.43"),
        ('For="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"),
        ("proto=https;for=192.0.2.60", "192.0.2.60"),
        ('for="192.0.2.1:1234", for=10.0.0.3', "192.0.2.1"),
        ("for=_hidden", None),
        ("proto=https", "10.0.0.1"),
    ],
)
def test_forwarded_is_understood(header: str, expected: str | None) -> None:
    """RFC 7239, with its own example values."""
    assert address(("forwarded", header)) == expected


def test_x_forwarded_for_wins_over_forwarded() -> None:
    """A server that sets the one may pass on a client's own version of the other."""
    found = address(("forwarded", "for=203.0.113.66"), ("x-forwarded-for", "192.0.2.1"))
    assert found == "192.0.2.1"


def test_a_mapped_peer_is_matched_as_ipv4() -> None:
    """A socket for both families gives ::ffff:10.0.0.1, which is 10.0.0.1."""
    assert address(("x-forwarded-for", "192.0.2.1"), peer="::ffff:10.0.0.1") == "192.0.2.1"


def test_a_peer_without_an_address_is_unknown() -> None:
    """No peer, no trust, no address."""
    assert address(("x-forwarded-for", "192.0.2.1"), peer=None) is None


def test_an_endless_chain_is_cut() -> None:
    """Only so many hops are looked at; the last of them counts, trusted or not."""
    chain = ", ".join(["192.0.2.1", *["10.0.0.2"] * 100_000])
    assert address(("x-forwarded-for", chain)) == "10.0.0.2"


@given(
    st.lists(st.binary(max_size=60), max_size=4),
    st.sampled_from([b"x-forwarded-for", b"forwarded"]),
)
def test_any_header_gives_an_address_or_none(values: list[bytes], name: bytes) -> None:
    """Hostile octets in either header raise nothing."""
    found = client_address("10.0.0.1", [(name, value) for value in values], PROXIES)
    assert found is None or isinstance(found, ipaddress.IPv4Address | ipaddress.IPv6Address)


def is_secure(*headers: tuple[str, str], peer: str | None = "10.0.0.1", tls: bool = False) -> bool:
    """Return whether a client is known to use HTTPS."""
    named = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return client_is_secure(peer, named, PROXIES, tls=tls)


def test_who_connects_with_tls_is_secure() -> None:
    """Whatever it writes; and the other way round."""
    assert is_secure(("x-forwarded-proto", "http"), peer="192.0.2.1", tls=True)
    assert not is_secure(("x-forwarded-proto", "https"), peer="192.0.2.1")
    assert not is_secure(("x-forwarded-proto", "https"), peer=None)


@pytest.mark.parametrize(
    ("headers", "secure"),
    [
        ([("x-forwarded-proto", "https")], True),
        ([("x-forwarded-proto", "HTTPS, https ")], True),
        ([("x-forwarded-proto", "http, https")], False),
        ([("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")], False),
        ([("x-forwarded-proto", "http"), ("forwarded", "proto=https")], False),
        ([("forwarded", 'for=192.0.2.1;proto=https, for="[2001:db8::1]";Proto="https"')], True),
        ([("forwarded", "for=192.0.2.1;proto=http")], False),
        ([("forwarded", "for=192.0.2.1")], False),
        ([], False),
    ],
)
def test_web_servers_have_to_tell(headers: list[tuple[str, str]], *, secure: bool) -> None:
    """That they speak TLS with us says nothing of the client."""
    assert is_secure(*headers, tls=True) == is_secure(*headers) == secure


@given(st.lists(st.tuples(st.sampled_from(["x-forwarded-proto", "forwarded"]), st.binary())))
def test_any_octets_say_so_or_not(headers: list[tuple[str, bytes]]) -> None:
    """Whatever stands in a header, no exception comes of it."""
    named = [(name.encode(), value) for name, value in headers]
    assert client_is_secure("10.0.0.1", named, PROXIES, tls=False) in {True, False}
