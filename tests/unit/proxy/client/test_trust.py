"""Who a client is, as far as it is believed."""

import pytest

from config.addresses import parse_ip
from config.schema import ProxyConfig
from proxy.client import trust
from proxy.client.trust import BadAttribute, Client
from proxy.policy.accounts import Submitter

HERE = parse_ip("192.0.2.1")


def proxy_config(**keys: object) -> ProxyConfig:
    """Return the table `[proxy]` with these keys."""
    return ProxyConfig.model_validate(keys)


def test_attributes_are_xtext() -> None:
    """RFC 3461 §4, upper-cased names."""
    found = trust.parse_attributes(b"addr=127.0.0.1 HELO=a+2Bb+20c")
    assert found == {"ADDR": "127.0.0.1", "HELO": "a+b c"}


@pytest.mark.parametrize(
    "arg", [b"", b"ADDR", b"ADDR=", b"=x", b"FOO=1", b"ADDR=\xff", b"ADDR=a\0"]
)
def test_what_is_no_attribute_is_refused(arg: bytes) -> None:
    """Nothing is guessed about whom a front server means."""
    with pytest.raises(BadAttribute):
        trust.parse_attributes(arg)


@pytest.mark.parametrize(
    ("client", "trusted", "may_send"),
    [
        (Client(parse_ip("127.0.0.1")), True, True),
        (Client(parse_ip("::1")), True, True),
        (Client(parse_ip("192.0.2.1")), True, True),
        (Client(parse_ip("203.0.113.1")), False, False),
        (Client(None), False, False),
        (Client(None, vouched=True), False, True),
        (Client(parse_ip("203.0.113.1"), vouched=True), False, True),
        (Client(parse_ip("203.0.113.1"), vouched=True, login="alice"), True, True),
    ],
)
def test_trust(client: Client, trusted: int, may_send: int) -> None:
    """Loopback, allowed networks and logins are trusted; vouched ones may send, untouched."""
    config = proxy_config(trusted_networks=["192.0.2.0/24"])
    assert trust.trusted(client, config, authenticated=False) == trusted
    assert trust.may_send(client, config, authenticated=False) == may_send
    assert trust.trusted(client, config, authenticated=True)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.77", "203.0.113.77"),
        ("2001:db8::77", "2001:db8::"),
        ("2001:db8:1::77", "2001:db8:1::77"),
        ("::1", "::1"),
    ],
)
def test_a_stranger_with_ipv6_is_counted_by_network(address: str, counted: str) -> None:
    """It has all addresses of it; who is trusted has neighbours that are others."""
    config = proxy_config(trusted_networks=["2001:db8:1::/48"])
    assert trust.counted_as(Client(parse_ip(address)), config) == parse_ip(counted)
    assert trust.counted_as(Client(None), config) is None


@pytest.mark.parametrize(
    ("client", "account"),
    [
        (Client(parse_ip("192.0.2.77")), "192.0.2.0/24"),
        (Client(parse_ip("2001:db8::77")), "2001:db8::/64"),
        (Client(None), "unknown"),
        (Client(None, login="alice"), "login:alice"),
    ],
)
def test_an_account_is_a_login_or_a_network(client: Client, account: str) -> None:
    """A retry may come from a neighbour."""
    assert trust.account(client) == account


@pytest.mark.parametrize(
    ("client", "authenticated", "trusted"),
    [
        (Client(parse_ip("127.0.0.1")), False, False),
        (Client(parse_ip("::1")), False, False),
        (Client(parse_ip("127.0.0.2")), False, True),
        (Client(parse_ip("127.0.0.1")), True, True),
        (Client(parse_ip("127.0.0.1"), login="alice"), False, True),
        (Client(parse_ip("127.0.0.1"), submitted=True), False, True),
    ],
)
def test_this_machine_need_not_be_trusted(client: Client, authenticated: int, trusted: int) -> None:
    """With `trust_loopback = false` it is like any other; a password is as safe there as before."""
    config = proxy_config(trust_loopback=False, trusted_networks=["127.0.0.2"])
    assert trust.trusted(client, config, authenticated=bool(authenticated)) == trusted
    assert trust.may_send(client, config, authenticated=bool(authenticated)) == trusted
    assert client.local


@pytest.mark.parametrize(
    ("client", "account", "authenticated", "logged_in", "named"),
    [
        (Client(HERE), None, False, False, None),
        (Client(HERE), "alice", True, True, "alice"),
        (Client(HERE), None, True, True, None),
        (Client(HERE, login="bob"), None, False, True, "bob"),
        (Client(HERE, login="bob"), "alice", True, True, "alice"),
        (Client(HERE, login="bob"), None, True, True, None),
        (Client(HERE, forwarded=True), "front", True, False, None),
        (Client(HERE, forwarded=True, login="bob"), "front", True, True, "bob"),
    ],
)
def test_a_submitter_is_a_login_here_else_at_the_front_server(
    client: Client, account: str | None, authenticated: int, logged_in: int, named: str | None
) -> None:
    """The login of a server that passes on mail of others is not theirs."""
    found = trust.submitter(client, account, authenticated=bool(authenticated))
    assert found == Submitter(HERE, bool(logged_in), named)
