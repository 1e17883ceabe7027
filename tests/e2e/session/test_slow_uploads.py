"""Uploads that hold memory and do not go on: everybody else is served beside them, or soon."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from proxy.session import memory_budget
from tests.support.clients.smtp_client import Dialogue
from tests.support.clients.strangers import behind_balancer, come_as
from tests.support.identity_fixtures import LOOPBACK
from tests.support.log_lines import capture_logs
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay
from tests.support.session_fixtures import Proxy, StartProxy
from tests.support.waiting_in_loop import until

SLOW = 8
LARGE = b"Subject: large\r\n\r\n" + (b"x" * 70 + b"\r\n") * 860
"""About as large as is allowed."""
BUDGET_OCTETS = SLOW * len(LARGE) - 10_000
"""All of it, and a little more, is what the slow ones bring; as eight of 33 MB by default."""
ORDINARY = b"Subject: hello\r\n\r\nworld\r\n"


@pytest.fixture
async def proxy(start_proxy: StartProxy) -> Proxy:
    """Run a proxy that trusts everybody, and has little memory for mail."""
    tables = {"proxy_protocol_networks": LOOPBACK, "trusted_networks": ["0.0.0.0/0"]}
    proxy = await start_proxy(proxy={**tables, "max_size": "66kB"})
    proxy.server.services.memory_budget.limit_octets = BUDGET_OCTETS
    return proxy


async def dribble(client: Dialogue) -> None:
    """Bring an octet now and then."""
    while True:
        client.send(b"y")
        await asyncio.sleep(0.05)


@asynccontextmanager
async def dribbling(proxy: Proxy, address: Callable[[int], str]) -> AsyncIterator[list[Dialogue]]:
    """Have eight clients at these addresses send all of a large message but its end."""
    clients: list[Dialogue] = []
    for number in range(SLOW):
        client = await come_as(proxy, address(number))
        await client.transaction()
        if (await client.ask(b"DATA")).code == 354:
            client.send(LARGE)
            await client.writer.drain()
            clients.append(client)
        await asyncio.sleep(0.05)
    tasks = [asyncio.create_task(dribble(client)) for client in clients]
    yield clients
    for task in tasks:
        task.cancel()


def let_patience_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it be later than any upload that dribbles may go on while memory is short."""
    later_s = 2 * memory_budget.UPLOAD_PATIENCE_S
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(memory_budget, "_now_s", lambda: loop.time() + later_s)


async def code_of(client: Dialogue, message: bytes) -> int:
    """Return what a client hears to a message at last: to DATA, or to its dot."""
    await client.transaction()
    reply = await client.ask(b"DATA")
    if reply.code == 354:
        client.send(message + b".\r\n")
        reply = await client.reply()
    return reply.code


async def test_one_network_leaves_memory_to_others(proxy: Proxy, relay: ScriptedRelay) -> None:
    """However many uploads it has; none of the others is told to come back."""
    async with dribbling(proxy, lambda number: f"203.0.113.{number}"):
        assert proxy.server.services.memory_budget.used_octets > BUDGET_OCTETS // 3
        for message in (ORDINARY, LARGE, ORDINARY):
            assert await code_of(await come_as(proxy, "198.51.100.1"), message) == 250
    assert len(relay.messages) == 3


async def test_one_account_leaves_memory_to_others(
    start_proxy: StartProxy, relay: ScriptedRelay, authority: trustme.CA, tmp_path: Path
) -> None:
    """However many networks it comes from."""
    relay.extensions = (*EXTENSIONS, "AUTH PLAIN")
    proxy = await start_proxy(proxy=behind_balancer(tmp_path, max_size="66kB"))
    proxy.server.services.memory_budget.limit_octets = BUDGET_OCTETS
    many = [await come_as(proxy, f"203.0.{n}.9", authority=authority) for n in range(SLOW)]
    for client in many:
        assert (await client.ask(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==")).code == 235
        await client.transaction()
        assert (await client.ask(b"DATA")).code == 354
        client.send(LARGE)
        await client.writer.drain()
        await asyncio.sleep(0.05)
    client = await come_as(proxy, "203.0.0.9", authority=authority)
    assert (await client.ask(b"AUTH PLAIN AGJvYgBzZWNyZXQ=")).code == 235
    assert await code_of(client, LARGE) == 250
    for client in many:
        client.send(b".\r\n")
    assert [(await client.reply()).code for client in many] == [250] * 3 + [452] * 5


async def test_uploads_that_only_dribble_give_way(
    proxy: Proxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight networks have taken all there is: as many end as others need, and they hear why."""
    async with dribbling(proxy, lambda number: f"203.0.{number}.9") as slow:
        assert await code_of(await come_as(proxy, "198.51.100.1"), LARGE) == 452
        let_patience_run_out(monkeypatch)
        with capture_logs() as lines:
            assert await code_of(await come_as(proxy, "198.51.100.1"), LARGE) == 250
        dropped = [line["why"] for line in lines if line["event"] == "session_dropped"]
        assert set(dropped) == {"slow"}
        assert len(dropped) < len(slow)
        heard = [bytes(client.reader._buffer) for client in slow]  # some are reset after it
        assert [line[:9] for line in heard if line] == [b"421 4.3.1"] * len(dropped)
    assert len(relay.messages) == 1


async def test_a_network_is_in_nobodys_way_but_its_own(
    proxy: Proxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A neighbour of eight slow uploads has their memory once they are seen to be slow."""
    async with dribbling(proxy, lambda number: f"203.0.113.{number}"):
        let_patience_run_out(monkeypatch)
        assert await code_of(await come_as(proxy, "203.0.113.99"), LARGE) == 250
    assert len(relay.messages) == 1


async def test_a_slow_upload_goes_on_while_nobody_needs_its_memory(
    proxy: Proxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow link is no fault."""
    slow = await come_as(proxy, "203.0.113.1")
    await slow.transaction()
    assert (await slow.ask(b"DATA")).code == 354
    slow.send(LARGE)
    await until(lambda: proxy.server.services.memory_budget.used_octets > len(LARGE) / 2)
    let_patience_run_out(monkeypatch)
    assert await code_of(await come_as(proxy, "198.51.100.1"), LARGE) == 250
    slow.send(b".\r\n")
    assert (await slow.reply()).code == 250
    await until(lambda: proxy.server.services.memory_budget.used_octets == 0)
