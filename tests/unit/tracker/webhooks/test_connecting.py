"""Only addresses that a webhook may have are connected to: looked at on the connection itself."""

import socket
from collections.abc import Iterator

import httpcore
import pytest

from tracker.webhooks.connecting import AddressRefused, GuardedBackend, NotResolved, addresses_of

PRIVATE = ["10.0.0.1", "169.254.169.254", "127.0.0.1", "::1", "fe80::1%eth0", "::ffff:10.0.0.1"]


@pytest.fixture
def port() -> Iterator[int]:
    """Listen on a port of the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


async def connected(host: str, port: int, *addresses: str, private: bool = False) -> str:
    """Connect to a host that has these addresses; return the one that was connected to."""
    backend = GuardedBackend(private=private, resolve=lambda _host, _port: addresses)
    stream = await backend.connect_tcp(host, port, timeout=5)
    address: str = stream.get_extra_info("server_addr")[0]
    await stream.aclose()
    return address


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_that_leads_to_a_private_address_is_refused(port: int, address: str) -> None:
    """Nothing of this network is asked, whatever its name servers say."""
    with pytest.raises(AddressRefused):
        await connected("hooks.example.com", port, address)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "nonsense"])
async def test_what_is_nobodys_address_is_refused_in_any_case(port: int, address: str) -> None:
    """Also where private addresses are allowed."""
    with pytest.raises(AddressRefused):
        await connected("hooks.example.com", port, address, private=True)


async def test_a_private_address_may_be_allowed(port: int) -> None:
    """By `private = true`."""
    assert await connected("hooks.example.com", port, "127.0.0.1", private=True) == "127.0.0.1"


async def test_of_several_addresses_only_the_allowed_are_tried(port: int) -> None:
    """The next one, where one does not answer."""
    found = await connected("localhost", port, "10.0.0.1", "127.0.0.2", "127.0.0.1")
    assert found == "127.0.0.1"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_this_machine_is_asked_where_the_url_says_so(port: int, host: str) -> None:
    """And then no other: its name may be made to lead elsewhere."""
    assert await connected(host, port, "127.0.0.1") == "127.0.0.1"
    with pytest.raises(AddressRefused):
        await connected(host, port, "10.0.0.1", "8.8.8.8", private=True)


async def test_the_name_is_resolved_once_for_each_connection(port: int) -> None:
    """What was looked at is connected to: a second answer of the name server changes nothing."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    backend = GuardedBackend(private=True, resolve=lambda _host, _port: answers.pop(0))
    stream = await backend.connect_tcp("hooks.example.com", port, timeout=5)
    assert stream.get_extra_info("server_addr")[0] == "127.0.0.1"
    assert answers == [["10.0.0.1"]]
    await stream.aclose()


async def test_a_port_that_nobody_has_is_a_failure(port: int) -> None:
    """Of the last address that was tried."""
    with pytest.raises(httpcore.ConnectError, match="attempts failed"):
        await connected("localhost", 1, "127.0.0.1")


@pytest.mark.parametrize("host", ["nobody.invalid", "x" * 70 + ".example.com"])
async def test_a_name_that_leads_nowhere_is_told(host: str) -> None:
    """Also one that no name server can be asked for."""
    with pytest.raises(NotResolved):
        await GuardedBackend(private=False).connect_tcp(host, 443, timeout=5)


def test_the_system_resolves_addresses_each_once() -> None:
    """A literal is itself."""
    assert addresses_of("127.0.0.1", 80) == ("127.0.0.1",)
