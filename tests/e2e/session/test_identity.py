"""Front servers that speak for others: XCLIENT and XFORWARD."""

import pytest

from tests.support.identity_fixtures import LOOPBACK, send
from tests.support.relays.scripted_relay import ScriptedRelay
from tests.support.session_fixtures import Proxy, StartProxy


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (b"ADDR=203.0.113.9 NAME=forger.test", False),
        (b"ADDR=IPV6:2001:db8::1", False),
        (b"ADDR=[UNAVAILABLE]", False),
        (b"ADDR=203.0.113.9 LOGIN=alice", True),
        (b"ADDR=203.0.113.9 LOGIN=[UNAVAILABLE]", False),
        (b"ADDR=127.0.0.1", True),
        (b"ADDR=192.0.2.7", True),
    ],
)
async def test_trust_is_judged_by_the_real_client(
    attributes: bytes, expected: int, start_proxy: StartProxy, trusted: list[bool]
) -> None:
    """After XCLIENT it is no longer the front server's address that counts."""
    proxy = await start_proxy(
        proxy={"xclient_networks": LOOPBACK, "trusted_networks": ["192.0.2.0/24"]}
    )
    client = await proxy.dial()
    assert (await client.ask(b"XCLIENT " + attributes)).code == 220
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 503
    await client.ask(b"EHLO client.test")
    await send(client)
    assert trusted == [expected]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([b"ADDR=203.0.113.9 SOURCE=LOCAL"], True),
        ([b"ADDR=203.0.113.9 SOURCE=REMOTE"], False),
        ([b"ADDR=203.0.113.9"], False),
        ([b"NAME=forger.test ADDR=203.0.113.9", b"PROTO=ESMTP SOURCE=LOCAL"], True),
        ([b"SOURCE=LOCAL", b"SOURCE=REMOTE"], False),
        ([b"ADDR=203.0.113.9 SOURCE=LOCAL", b"ADDR=203.0.113.10"], False),
        ([b"NAME=forger.test"], False),
        ([b"SOURCE=REMOTE"], False),
        ([b"ADDR=[UNAVAILABLE] SOURCE=REMOTE"], False),
        ([b"ADDR=127.0.0.1 SOURCE=REMOTE"], True),
        ([b"ADDR=192.0.2.7 SOURCE=REMOTE"], True),
    ],
)
async def test_trust_is_judged_by_whom_a_front_server_passes_on(
    told: list[bytes], expected: int, start_proxy: StartProxy, trusted: list[bool]
) -> None:
    """XFORWARD leaves nothing of the front server's own trust; mail passes all the same."""
    proxy = await start_proxy(
        proxy={"xclient_networks": LOOPBACK, "trusted_networks": ["192.0.2.0/24"]}
    )
    client = await proxy.dial()
    for attributes in told:
        assert (await client.ask(b"XFORWARD " + attributes)).code == 250
    await send(client)
    assert trusted == [expected]


async def test_a_login_is_of_one_client_only(start_proxy: StartProxy, trusted: list[bool]) -> None:
    """What a front server said of one client does not count for the next on its connection."""
    proxy = await start_proxy(proxy={"xclient_networks": LOOPBACK})
    client = await proxy.dial()
    for attributes in (b"ADDR=203.0.113.9 LOGIN=alice", b"ADDR=203.0.113.10 NAME=forger.test"):
        assert (await client.ask(b"XCLIENT " + attributes)).code == 220
        await client.ask(b"EHLO client.test")
        await send(client)
    assert trusted == [True, False]


async def test_the_login_of_a_client_is_not_of_whom_it_passes_on(
    start_proxy: StartProxy, trusted: list[bool]
) -> None:
    """XCLIENT told who is connected; XFORWARD tells whose mail it is."""
    proxy = await start_proxy(proxy={"xclient_networks": LOOPBACK})
    client = await proxy.dial()
    assert (await client.ask(b"XCLIENT ADDR=127.0.0.2 LOGIN=alice")).code == 220
    await client.ask(b"EHLO client.test")
    assert (await client.ask(b"XFORWARD ADDR=203.0.113.9 SOURCE=REMOTE")).code == 250
    await send(client)
    assert trusted == [False]


async def test_a_login_before_xclient_is_nobodys_after_it(
    start_proxy: StartProxy, relay_with_auth: ScriptedRelay
) -> None:
    """The relay session cannot be logged out: there is no other client on it."""
    proxy = await start_proxy(proxy={"xclient_networks": LOOPBACK})
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235
    assert (await client.ask(b"XCLIENT ADDR=203.0.113.9")).code == 503


@pytest.mark.parametrize(("source", "expected"), [(b"REMOTE", False), (b"LOCAL", True)])
async def test_the_login_of_a_front_server_is_not_its_clients(
    source: bytes,
    expected: int,
    start_proxy: StartProxy,
    trusted: list[bool],
    relay_with_auth: ScriptedRelay,
) -> None:
    """It may have to log in for the world's mail too, which is not signed for that."""
    proxy = await start_proxy(proxy={"xclient_networks": LOOPBACK})
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235
    assert (await client.ask(b"XFORWARD ADDR=203.0.113.9 SOURCE=" + source)).code == 250
    await send(client)
    assert trusted == [expected]


async def test_nobody_else_is_passed_on_amid_a_transaction(start_proxy: StartProxy) -> None:
    """Whose mail it is was settled before MAIL."""
    proxy = await start_proxy(proxy={"xclient_networks": LOOPBACK})
    client = await proxy.dial()
    await client.transaction()
    assert (await client.ask(b"XFORWARD SOURCE=LOCAL")).code == 503


async def test_xclient_and_xforward_are_for_front_servers_only(
    start_proxy: StartProxy, proxy: Proxy
) -> None:
    """Not offered to others, and refused."""
    client = await proxy.dial(greet=False)
    await client.reply()
    assert b"XCLIENT" not in (await client.ask(b"EHLO client.test")).wire()
    assert (await client.ask(b"XCLIENT ADDR=127.0.0.1")).code == 550
    assert (await client.ask(b"XFORWARD ADDR=127.0.0.1")).code == 550
    front = await start_proxy(proxy={"xclient_networks": LOOPBACK})
    client = await front.dial(greet=False)
    await client.reply()
    assert b"XFORWARD NAME" in (await client.ask(b"EHLO client.test")).wire()
    assert (await client.ask(b"XFORWARD NAME=spike.example ADDR=203.0.113.9")).code == 250
    for wrong in (b"XCLIENT", b"XCLIENT ADDR", b"XCLIENT ADDR=nonsense", b"XCLIENT FOO=1"):
        assert (await client.ask(wrong)).code == 501
