"""The addresses that the proxy listens on."""

import socket
from pathlib import Path

import pytest

from proxy.server.sockets import ListenError, Sockets, bind
from tests.support.clients.programs import free_port
from tests.support.session_fixtures import configuration


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


def test_a_listener_for_all_of_ipv6_takes_ipv4_too(tmp_path: Path) -> None:
    """As people expect of a wildcard."""
    sockets = bind(configuration(tmp_path, 25, proxy={"listen": ["[::]:0"], "tls_cert": "x.pem"}))
    sockets.plain[0].settimeout(10)
    for host, seen_as in (("127.0.0.1", "::ffff:127.0.0.1"), ("::1", "::1")):
        with socket.create_connection((host, *ports(sockets)), 10) as client:
            accepted, peer = sockets.plain[0].accept()
            accepted.close()
            assert peer[:2] == (seen_as, client.getsockname()[1])
    sockets.close()


@pytest.mark.parametrize("other", ["127.0.0.1", "0.0.0.0"])
def test_it_leaves_ipv4_to_a_listener_of_its_port(tmp_path: Path, other: str) -> None:
    """Each of them has its own connections."""
    port = free_port()
    listen = {"listen": [f"[::]:{port}"], "listen_tls": [f"{other}:{port}"], "tls_cert": "x.pem"}
    sockets = bind(configuration(tmp_path, 25, proxy=listen))
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        sockets.tls[0].settimeout(10)
        accepted, peer = sockets.tls[0].accept()
        accepted.close()
        assert peer == client.getsockname()
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
