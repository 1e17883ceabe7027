"""Visitors: who is a machine, where a request came from, and what of that is kept."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.schema import TrackerConfig
from tracker.redirect import visitor
from tracker.redirect.visitor import Request, classify, client_address, private_ip

PROXIES = TrackerConfig.model_validate(
    {"trusted_proxies": ["10.0.0.0/8", "2001:db8:ffff::/48"]}
).trusted_proxies


def request_of(
    *headers: tuple[str, str], method: str = "GET", peer: str | None = "10.0.0.1"
) -> Request:
    """Describe a request as the redirector does."""
    return Request(
        method, [(name.encode(), value.encode("latin-1")) for name, value in headers], peer
    )


def address(request: Request) -> str | None:
    """Return the client's address as text."""
    found = client_address(request, PROXIES)
    return None if found is None else str(found)


def test_get_is_a_human_without_reasons() -> None:
    """Until machine rules exist, human = everything but HEAD."""
    classification = classify(request_of())
    assert classification.human
    assert classification.reasons == ()


def test_head_is_a_machine_by_a_named_and_versioned_rule() -> None:
    """A HEAD is labelled with the rule and its version, so that counts can be made anew."""
    classification = classify(request_of(method="HEAD"))
    assert not classification.human
    assert classification.reasons == ("head/1",)


def test_rules_have_names_of_their_own() -> None:
    """Two rules with one label could not be told apart in stored clicks."""
    labels = [rule.label for rule in visitor.RULES]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("mode", "ip", "kept"),
    [
        ("truncate", "192.0.2.77", "192.0.2.0"),
        ("truncate", "2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("truncate", "::ffff:192.0.2.77", "192.0.2.0"),
        ("full", "192.0.2.77", "192.0.2.77"),
        ("full", "2001:db8::1", "2001:db8::1"),
        ("none", "192.0.2.77", None),
        ("none", "2001:db8::1", None),
    ],
)
def test_addresses_are_made_private(mode: str, ip: str, kept: str | None) -> None:
    """`truncate` keeps /24 and /48, `full` everything, `none` nothing."""
    assert private_ip(visitor.parse_address(ip), mode) == kept


@pytest.mark.parametrize("mode", ["truncate", "full", "none"])
def test_no_address_stays_none(mode: str) -> None:
    """A peer without an address, as on a Unix socket, is kept as unknown."""
    assert private_ip(None, mode) is None


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
    found = visitor.parse_address(text)
    assert (None if found is None else str(found)) == expected


@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    """Whatever stands in a header, no exception comes of it."""
    found = visitor.parse_address(text)
    assert found is None or isinstance(found, ipaddress.IPv4Address | ipaddress.IPv6Address)


def test_headers_of_an_untrusted_peer_are_ignored() -> None:
    """A client that connects itself cannot choose its address."""
    request = request_of(
        ("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.2"), peer="198.51.100.9"
    )
    assert address(request) == "198.51.100.9"


def test_without_trusted_proxies_the_peer_counts() -> None:
    """The default trusts nobody."""
    found = client_address(request_of(("x-forwarded-for", "192.0.2.1")), ())
    assert str(found) == "10.0.0.1"


def test_the_chain_is_read_from_the_right() -> None:
    """What the client wrote itself stands further left than what our web server added."""
    assert address(request_of(("x-forwarded-for", "203.0.113.66, 192.0.2.1"))) == "192.0.2.1"


def test_trusted_hops_are_passed_over() -> None:
    """Two web servers of the operator's own, one behind the other."""
    request = request_of(("x-forwarded-for", "203.0.113.66, 192.0.2.1, 10.9.9.9"))
    assert address(request) == "192.0.2.1"


def test_several_headers_are_one_chain() -> None:
    """RFC 9110 §5.3: repeated headers are one list."""
    request = request_of(("x-forwarded-for", "203.0.113.66"), ("x-forwarded-for", "192.0.2.1"))
    assert address(request) == "192.0.2.1"


def test_a_chain_of_trusted_addresses_ends_at_its_left() -> None:
    """A request from within the operator's own network keeps its address."""
    assert address(request_of(("x-forwarded-for", "10.1.1.1, 10.2.2.2"))) == "10.1.1.1"


@pytest.mark.parametrize("hop", ["unknown", "", "garbage"])
def test_an_unreadable_hop_makes_the_address_unknown(hop: str) -> None:
    """What a trusted server could not name is not guessed, least of all from further left."""
    assert address(request_of(("x-forwarded-for", f"203.0.113.66, {hop}"))) is None


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
    assert address(request_of(("forwarded", header))) == expected


def test_x_forwarded_for_wins_over_forwarded() -> None:
    """A server that sets the one may pass on a client's own version of the other."""
    request = request_of(("forwarded", "for=203.0.113.66"), ("x-forwarded-for", "192.0.2.1"))
    assert address(request) == "192.0.2.1"


def test_a_mapped_peer_is_matched_as_ipv4() -> None:
    """A socket for both families gives ::ffff:10.0.0.1, which is 10.0.0.1."""
    assert (
        address(request_of(("x-forwarded-for", "192.0.2.1"), peer="::ffff:10.0.0.1")) == "192.0.2.1"
    )


def test_a_peer_without_an_address_is_unknown() -> None:
    """No peer, no trust, no address."""
    assert address(request_of(("x-forwarded-for", "192.0.2.1"), peer=None)) is None


def test_an_endless_chain_is_cut() -> None:
    """Only so many hops are looked at; the last of them counts, trusted or not."""
    chain = ", ".join(["192.0.2.1", *["10.0.0.2"] * 100_000])
    assert address(request_of(("x-forwarded-for", chain))) == "10.0.0.2"


@given(
    st.lists(st.binary(max_size=60), max_size=4),
    st.sampled_from([b"x-forwarded-for", b"forwarded"]),
)
def test_any_header_gives_an_address_or_none(values: list[bytes], name: bytes) -> None:
    """Hostile octets in either header raise nothing."""
    request = Request("GET", [(name, value) for value in values], "10.0.0.1")
    found = client_address(request, PROXIES)
    assert found is None or isinstance(found, ipaddress.IPv4Address | ipaddress.IPv6Address)


def test_the_user_agent_is_kept_and_bounded() -> None:
    """The first User-Agent counts, cut at a length that no browser reaches."""
    assert (
        visitor.user_agent(request_of(("user-agent", "Mozilla/5.0"), ("user-agent", "x")).headers)
        == "Mozilla/5.0"
    )
    assert visitor.user_agent(request_of().headers) == ""
    long = visitor.user_agent([(b"user-agent", b"\xff" * 10_000)])
    assert long == "ÿ" * visitor.MAX_USER_AGENT_CHARACTERS
