"""Whether addresses can be listened on, or our own services listen there."""

import socket

import pytest

from config.keys.dns_answers import resolver_of
from config.loading.load import load
from config.schema import Config, ProxyConfig, TrackerConfig
from config.values import Address
from tests.support.stack import Stack
from waypost_doctor.findings import Kind
from waypost_doctor.installation import ports
from waypost_doctor.patient import Patient


def patient(proxy: Address, **more: object) -> Patient:
    """Return one whose tracker takes any port."""
    anywhere = (Address("127.0.0.1", 0),)
    return Patient(
        Config(
            proxy=ProxyConfig(listen=(proxy,), hostname="mail.example.com", **more),  # type: ignore[arg-type]
            tracker=TrackerConfig(listen=anywhere, admin_listen=anywhere),
        ),
        resolver_of("127.0.0.1:1"),
    )


def said(of: Patient) -> list[str]:
    """Return what is said of each address: the finding's name, or what is well."""
    return [each.kind or each.what for each in ports.test(of)]


def test_a_port_is_free() -> None:
    """Then no service runs there."""
    told = said(patient(Address("127.0.0.1", 0)))
    assert len(told) == 3
    assert all("is free" in each for each in told)


def test_a_program_that_is_not_ours_has_the_port_and_is_named() -> None:
    """As far as this user sees it: here, this very process."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (first, *_) = ports.test(patient(Address("127.0.0.1", port)))
        (process,) = ports.holders(port)
    assert first.kind is Kind.PORT_TAKEN
    assert f"(process {process.name})" in first.what


def test_an_address_of_another_machine_is_named() -> None:
    """RFC 5737."""
    (first, *_) = said(patient(Address("192.0.2.1", 2525)))
    assert first == Kind.ADDRESS_NOT_HERE


@pytest.mark.parametrize("more", ["", 'proxy_protocol_networks = ["127.0.0.0/8"]'])
def test_our_own_proxy_is_known_by_its_greeting(stack: Stack, more: str) -> None:
    """Also where it expects a load balancer's header first."""
    stack.furnish(proxy=more)
    with stack.serving("proxy"):
        told = said(Patient(load(stack.config), resolver_of("127.0.0.1:1")))
    assert told[0] == f"[proxy] listen 127.0.0.1:{stack.smtp}: our service answers"


@pytest.mark.parametrize(
    ("listens", "reached"),
    [
        ("0.0.0.0", "127.0.0.1"),
        ("::", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("192.0.2.1", "192.0.2.1"),
    ],
)
def test_a_listener_on_all_addresses_is_reached_on_the_loopback(listens: str, reached: str) -> None:
    """Of its family."""
    assert ports.near(Address(listens, 25)) == Address(reached, 25)
