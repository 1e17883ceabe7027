"""Clients that connect and say nothing, or not enough: they leave room for everybody else."""

import asyncio
from pathlib import Path

import pytest
import trustme

from tests.support.clients.smtp_client import Dialogue
from tests.support.clients.strangers import behind_balancer, come_as
from tests.support.identity_fixtures import client_context
from tests.support.session_fixtures import Proxy, StartProxy

SILENT = 60
LIMITS = {"max_sessions": SILENT, "max_sessions_per_address": 10}


async def held(proxy: Proxy, clients: list[Dialogue]) -> int:
    """Return how many of `clients` are still connected, once the others have been hung up on."""
    proxy.clients += clients
    ends = [asyncio.create_task(client.reader.read(1)) for client in clients]
    ended, waiting = await asyncio.wait(ends, timeout=1)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*ends, return_exceptions=True)
    assert all(task.exception() or not task.result() for task in ended)
    return len(waiting)


async def test_silent_connections_of_one_address_leave_room(
    start_proxy: StartProxy, authority: trustme.CA, tmp_path: Path
) -> None:
    """They are counted as they connect: a handshake that never comes is no way around the limit."""
    tables = {"listen": [], "listen_tls": ["127.0.0.1:0"], "tls_cert": str(tmp_path / "proxy.pem")}
    proxy = await start_proxy(proxy=tables | LIMITS)
    silent = [await Dialogue.connect(proxy.port) for _ in range(SILENT)]
    assert await held(proxy, silent) == 10
    other = await Dialogue.connect(
        proxy.port, source="127.0.0.2", context=client_context(authority)
    )
    proxy.clients.append(other)
    assert (await other.reply()).code == 220


async def test_silent_connections_behind_a_load_balancer_leave_room(
    start_proxy: StartProxy, authority: trustme.CA, tmp_path: Path
) -> None:
    """They are counted as soon as the PROXY header tells whose they are."""
    proxy = await start_proxy(proxy=behind_balancer(tmp_path, **LIMITS))
    silent = [await come_as(proxy, "203.0.113.9", greet=False) for _ in range(SILENT)]
    assert await held(proxy, silent) == 10
    await come_as(proxy, "203.0.113.10", authority=authority)


@pytest.mark.parametrize(
    ("trusted_networks", "counted"), [([], 10), (["2001:db8::/32"], 20)], ids=["strangers", "ours"]
)
async def test_an_ipv6_network_counts_as_one_address(
    trusted_networks: list[str],
    counted: int,
    start_proxy: StartProxy,
    authority: trustme.CA,
    tmp_path: Path,
) -> None:
    """Whoever has one of its addresses has all; who is trusted counts by address."""
    tables = behind_balancer(tmp_path, **LIMITS, trusted_networks=trusted_networks)
    proxy = await start_proxy(proxy=tables)
    silent = [await come_as(proxy, f"2001:db8::{n:x}", greet=False) for n in range(1, 21)]
    assert await held(proxy, silent) == counted
