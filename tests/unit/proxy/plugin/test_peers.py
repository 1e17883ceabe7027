"""Who is at the other end of an aiosmtpd session."""

import asyncio
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from aiosmtpd.proxy_protocol import ProxyData
from aiosmtpd.smtp import LoginPassword, Session

from config.schema import ProxyConfig
from proxy.plugin.peers import Peer, may_speak_for_others


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Return an event loop, which a Session of aiosmtpd wants."""
    made = asyncio.new_event_loop()
    yield made
    made.close()


def session(loop: asyncio.AbstractEventLoop, peer: Any, **told: Any) -> Session:
    """Return a session of aiosmtpd as its hooks see it."""
    made = Session(loop)
    made.peer = peer
    for name, value in told.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        (("192.0.2.7", 4711), "192.0.2.7"),
        (("::ffff:192.0.2.7", 4711, 0, 0), "192.0.2.7"),
        (("2001:db8::7", 4711, 0, 0), "2001:db8::7"),
        ("", "127.0.0.1"),
    ],
)
def test_its_address_is_that_of_the_socket(
    loop: asyncio.AbstractEventLoop, peer: object, address: str
) -> None:
    """A Unix socket has none: whoever opens it is on this machine."""
    found = Peer.of(session(loop, peer))
    assert found.client.address == ip_address(address)
    assert not found.authenticated


def test_behind_the_proxy_protocol_it_is_the_one_that_was_told(
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Of load balancers that the configuration names, and of nobody else."""
    told = ProxyData(version=1)
    told.src_addr = ip_address("192.0.2.7")
    balancer = session(loop, ("10.0.0.2", 1), proxy_data=told)
    assert Peer.of(balancer).client.address == ip_address("192.0.2.7")
    named = ProxyConfig(proxy_protocol_networks=("10.0.0.0/8",))
    assert named.proxy_protocol_networks == (ip_network("10.0.0.0/8"),)
    assert may_speak_for_others(balancer, named)
    assert not may_speak_for_others(balancer, ProxyConfig())
    local = session(loop, ("10.0.0.2", 1), proxy_data=ProxyData(version=1))
    assert Peer.of(local).client.address is None


def test_a_login_has_the_name_that_aiosmtpd_was_told(loop: asyncio.AbstractEventLoop) -> None:
    """As `accounts` of a sender may name it."""
    told = LoginPassword("caf\u00e9".encode(), b"secret")
    found = Peer.of(session(loop, ("192.0.2.7", 1), authenticated=True, auth_data=told))
    assert (found.login, found.account) == ("caf\u00e9", "account:caf\u00e9")
    assert found.submitter.logged_in
    assert found.trusted(ProxyConfig())


def test_a_login_that_was_kept_otherwise_has_no_name(loop: asyncio.AbstractEventLoop) -> None:
    """A program may keep what it likes as `auth_data`."""
    found = Peer.of(session(loop, ("192.0.2.7", 1), authenticated=True, auth_data=object()))
    assert (found.login, found.submitter.account) == (None, None)
    assert found.submitter.logged_in
    assert found.account == "192.0.2.0/24"


def test_a_login_that_failed_is_none(loop: asyncio.AbstractEventLoop) -> None:
    """The name that was tried tells nothing."""
    told = LoginPassword(b"shop", b"wrong")
    found = Peer.of(session(loop, ("192.0.2.7", 1), auth_data=told))
    assert (found.login, found.trusted(ProxyConfig()), found.may_send(ProxyConfig())) == (
        None,
        False,
        False,
    )
