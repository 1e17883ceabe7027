"""The sessions of one process: limits on them, TLS, and the stop."""

import asyncio
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import uvloop

from proxy.server.server import serve
from proxy.server.sockets import Sockets
from tests.support.clients.programs import free_port
from tests.support.clients.smtp_client import Dialogue
from tests.support.relays.scripted_relay import ScriptedRelay
from tests.support.session_fixtures import StartProxy, configuration, proxies


async def test_it_serves_until_it_is_to_stop(tmp_path: Path, relay: ScriptedRelay) -> None:
    """`on_ready` is called once clients may come; after the stop none is taken."""
    config = configuration(tmp_path, relay.port, proxy={"listen": [f"127.0.0.1:{free_port()}"]})
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve(config, stop=stop, on_ready=ready.set))
    await asyncio.wait_for(ready.wait(), 10)
    client = await Dialogue.connect(config.proxy.listen[0].port)
    assert (await client.reply()).code == 220
    assert (await client.ask(b"QUIT")).code == 221
    await client.close()
    stop.set()
    await asyncio.wait_for(serving, 10)
    with pytest.raises(ConnectionRefusedError):
        await Dialogue.connect(config.proxy.listen[0].port)


# Sessions


async def test_too_many_sessions_are_a_421(start_proxy: StartProxy) -> None:
    """The excess may come back; those that are on go on."""
    proxy = await start_proxy(proxy={"max_sessions": 2})
    first, _second = await proxy.dial(), await proxy.dial()
    third = await proxy.dial(greet=False)
    assert (await third.reply()).wire().startswith(b"421 4.3.2")
    assert await third.at_end()
    assert (await first.ask(b"QUIT")).code == 221
    assert await first.at_end()
    assert (await (await proxy.dial(greet=False)).reply()).code == 220


async def test_too_many_sessions_of_one_address_are_a_421(start_proxy: StartProxy) -> None:
    """One client does not take the place of all."""
    proxy = await start_proxy(proxy={"max_sessions_per_address": 1})
    await proxy.dial()
    second = await proxy.dial(greet=False)
    assert (await second.reply()).wire().startswith(b"421 4.7.0")


async def test_a_front_server_speaks_for_many(start_proxy: StartProxy) -> None:
    """Postfix as a front has as many sessions as it has clients."""
    front = {"max_sessions_per_address": 1, "xclient_networks": ["127.0.0.1/32"]}
    proxy = await start_proxy(proxy=front)
    for _ in range(3):
        assert (await (await proxy.dial(greet=False)).reply()).code == 220


# The stop


def test_who_is_accepted_as_the_stop_comes_is_served(tmp_path: Path) -> None:
    """The kernel has handed the connection over: no successor could serve it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, ThreadPoolExecutor() as pool:
        heard = runner.run(_stopped_while_accepting(tmp_path, pool))
        assert heard.result() == [b"220", b"221"]


async def _stopped_while_accepting(folder: Path, pool: ThreadPoolExecutor) -> Future[list[bytes]]:
    async with ScriptedRelay().listening() as relay, proxies(folder, relay) as start:
        proxy = await start(proxy={"drain_timeout": "5s"})
        sock = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
        # Between this turn of the loop and the first of the task it looks at its sockets.
        stopping = asyncio.create_task(proxy.server.stop())
        heard = pool.submit(_say_goodbye, sock)
        await stopping
        return heard


def _say_goodbye(sock: socket.socket) -> list[bytes]:
    with sock, sock.makefile("rwb", buffering=0) as client:
        greeting = client.readline()
        client.write(b"QUIT\r\n")
        return [greeting[:3], client.readline()[:3]]


async def test_implicit_tls_without_a_certificate_is_no_plain_text(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """A worker may begin after a reload that took the certificate away: the sockets are its parent's."""
    proxy = await start_proxy()
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    await proxy.server.listen(Sockets((), (sock,)))
    client = await Dialogue.connect(port)
    assert await client.reader.read(1) == b""
    await client.close()
