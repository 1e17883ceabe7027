"""The listeners of one process: addresses, limits on sessions, reload, and the stop."""

import asyncio
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import uvloop
from structlog.testing import capture_logs

from config.keys.token_keys import KeyFileError
from config.loading.load import ConfigError
from config.schema import Config
from proxy.server import ListenError, Sockets, bind, serve
from tests.support.clients.programs import free_port
from tests.support.clients.smtp_client import Dialogue
from tests.support.relays.scripted_relay import ScriptedRelay
from tests.support.session_fixtures import Proxy, StartProxy, configuration, proxies

MESSAGE = (
    b"From: a@example.com\r\nSubject: hello\r\nContent-Type: text/html\r\n\r\n"
    b'<a href="https://example.net/">read</a>\r\n'
)


# Addresses


def ports(sockets: Sockets) -> list[int]:
    """Return the ports that `sockets` listen on."""
    return [sock.getsockname()[1] for sock in (*sockets.plain, *sockets.tls)]


def test_every_address_has_its_listener(tmp_path: Path) -> None:
    """Of both families, those for TLS apart."""
    listen = {"listen": ["127.0.0.1:0", "[::1]:0"], "listen_tls": ["127.0.0.1:0"]}
    sockets = bind(configuration(tmp_path, 25, proxy={**listen, "tls_cert": "proxy.pem"}))
    families = [sock.family for sock in sockets.plain]
    assert families == [socket.AF_INET, socket.AF_INET6]
    assert len(sockets.tls) == 1
    sockets.close()


def test_an_address_in_use_is_named_and_the_others_are_let_go(tmp_path: Path) -> None:
    """Whoever mends it can start again at once."""
    free = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = f"127.0.0.1:{taken.getsockname()[1]}"
        config = configuration(tmp_path, 25, proxy={"listen": [f"127.0.0.1:{free}", busy]})
        with pytest.raises(ListenError, match=f"cannot listen on {busy}: Address already in use"):
            bind(config)
    socket.create_server(("127.0.0.1", free)).close()


def test_workers_may_share_an_address(tmp_path: Path) -> None:
    """The kernel deals connections out among them; nobody else may join."""
    config = configuration(tmp_path, 25, proxy={"listen": [f"127.0.0.1:{free_port()}"]})
    first, second = bind(config, shared=True), bind(config, shared=True)
    assert ports(first) == ports(second)
    with pytest.raises(ListenError):
        bind(config)
    first.close()
    second.close()


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
    await first.close()
    await asyncio.sleep(0.05)
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


# Stop and reload


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


async def test_a_reload_serves_new_sessions_by_the_new_configuration(
    start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: Any
) -> None:
    """Sessions that are on keep what they began with, and none is dropped."""
    proxy = await start_proxy()
    old = await proxy.dial()
    folder = tmp_path / "new"
    folder.mkdir()
    changed = configuration(folder, relay.port, proxy={"hostname": "new.test"})
    proxy.server.reload(lambda: changed)
    new = await proxy.dial(greet=False)
    assert (await new.reply()).lines[0].startswith(b"new.test ESMTP")
    assert (await old.ask(b"HELO client.test")).lines == (b"proxy.test",)


async def test_a_reload_says_what_takes_a_restart(
    start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """Once all else is in force; and nothing where nothing is."""
    proxy = await start_proxy()
    new = configuration(tmp_path, relay.port, proxy={"listen": ["127.0.0.1:1"], "workers": 2})
    with capture_logs() as lines:
        proxy.server.reload(lambda: new)
        proxy.server.reload(_unusable)
    reloaded, waiting, refused = lines
    assert (reloaded["event"], refused["event"]) == ("proxy_reloaded", "proxy_not_reloaded")
    assert (waiting["event"], waiting["service"]) == ("restart_needed", "proxy")
    assert {"proxy.listen", "proxy.workers"} <= set(waiting["keys"])


def _unusable() -> Config:
    raise ConfigError(())


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


async def test_a_reload_makes_room_for_larger_messages(
    start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """A message as large as `max_size` allows by now would hear 452 for ever."""
    proxy = await start_proxy(proxy={"max_size": "66kB"})
    proxy.server.services.memory_budget.limit_octets = 2 * 66_000
    changed = configuration(tmp_path, relay.port, proxy={"max_size": "1MB"})
    proxy.server.reload(lambda: changed)
    client = await proxy.dial()
    await client.transaction()
    assert (await client.message(MESSAGE + b"<p>more</p>\r\n" * 30_000)).code == 250


@pytest.mark.parametrize("problem", [ValueError, KeyFileError, ConfigError, RuntimeError])
async def test_an_unusable_new_configuration_changes_nothing(
    problem: type[Exception], proxy: Proxy
) -> None:
    """The old one stays in force, and the log says why."""

    def broken() -> Any:
        raise problem("waypost.toml:1: nonsense")

    with capture_logs() as lines:
        proxy.server.reload(broken)
    assert [line["event"] for line in lines] == ["proxy_not_reloaded"]
    assert (await (await proxy.dial()).ask(b"NOOP")).code == 250
