"""`waypost proxy`: which worker listens where, and a clear word where it cannot come up."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.schema import Config
from config.service import systemd
from config.telemetry import exposition
from proxy.cli.serve import _shares, proxy_command
from proxy.server.sockets import Sockets
from tests.support.clients.programs import WAYPOST, free_port, stop
from tests.support.session_fixtures import configuration
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until


@pytest.fixture
def inherited(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[socket.socket]]]:
    """Have systemd hand over what a test puts in here."""
    found: dict[str, list[socket.socket]] = {}
    monkeypatch.setattr(systemd, "inherited_sockets", lambda: found)
    yield found
    for sockets in found.values():
        for sock in sockets:
            sock.close()


def config(folder: Path, **keys: object) -> Config:
    """Return a configuration with a listener of each kind; `keys` are of `[proxy]`."""
    both = {"listen": [f"127.0.0.1:{free_port()}"], "listen_tls": [f"127.0.0.1:{free_port()}"]}
    return configuration(folder, 25, proxy={**both, "tls_cert": "proxy.pem", **keys})


def ports(sockets: list[socket.socket]) -> set[int]:
    """Return the ports that `sockets` listen on."""
    return {sock.getsockname()[1] for sock in sockets}


def close(shares: list[Sockets]) -> None:
    """Listen no more."""
    for share in shares:
        share.close()


def test_each_worker_listens_on_every_address(tmp_path: Path) -> None:
    """With sockets of its own, so that the kernel deals connections out evenly."""
    settings = config(tmp_path, workers=3)
    shares = _shares(settings)
    for share in shares:
        assert ports(share.plain) == {settings.proxy.listen[0].port}
        assert ports(share.tls) == {settings.proxy.listen_tls[0].port}
    assert len({sock.fileno() for share in shares for sock in share.plain}) == 3
    close(shares)


def test_sockets_of_systemd_take_the_place_of_our_own(
    tmp_path: Path, inherited: dict[str, list[socket.socket]]
) -> None:
    """Of their kind only; all workers share them."""
    given = socket.create_server(("127.0.0.1", 0))
    inherited[systemd.PROXY] = [given]
    settings = config(tmp_path, workers=2)
    shares = _shares(settings)
    assert [share.plain for share in shares] == [(given,), (given,)]
    assert [ports(share.tls) for share in shares] == [{settings.proxy.listen_tls[0].port}] * 2
    close(shares)


def test_a_socket_for_tls_needs_a_certificate(
    tmp_path: Path, inherited: dict[str, list[socket.socket]]
) -> None:
    """Its clients would wait for a handshake that never comes."""
    inherited[systemd.PROXY_TLS] = [socket.create_server(("127.0.0.1", 0))]
    with pytest.raises(ValueError, match=r"proxy\.tls_cert is not set"):
        _shares(config(tmp_path, listen_tls=[], tls_cert=None))


def test_an_address_in_use_is_told_in_one_line(stack: Stack) -> None:
    """Exit status 1 and no traceback."""
    with socket.create_server(("127.0.0.1", stack.smtp)):
        done = CliRunner().invoke(proxy_command, ["-c", str(stack.config)])
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert f"cannot listen on 127.0.0.1:{stack.smtp}: Address already in use" in line


@pytest.mark.parametrize("workers", [1, 2])
def test_systemd_hears_when_it_is_ready_and_when_it_stops(
    workers: int, tmp_path: Path, mailbox: Mailbox
) -> None:
    """Not before clients are served; the exit status of an ordinary end is 0."""
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port)
    stack.furnish(proxy=f"workers = {workers}")
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(30)
        process = subprocess.Popen(
            [WAYPOST, "proxy", "-c", stack.config],
            env=os.environ | {"NOTIFY_SOCKET": str(address)},
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            assert manager.recv(1000).startswith(b"READY=1")
            with socket.create_connection(("127.0.0.1", stack.smtp), 10) as client:
                assert client.recv(100).startswith(b"220 ")
            process.terminate()
            assert manager.recv(1000).startswith(b"STOPPING=1")
        finally:
            assert stop(process) == 0


def test_a_worker_has_its_metrics_under_its_own_name(tmp_path: Path, mailbox: Mailbox) -> None:
    """The tracker adds up what all of them publish."""
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port)
    stack.furnish(proxy="workers = 2")
    with stack.serving("proxy"):
        folder = exposition.directory_of(stack.folder / "waypost.db.spool")
        names = {f"proxy-{index}{exposition.SUFFIX}" for index in range(2)}
        until(lambda: all((folder / name).exists() for name in names))
        assert {path.name for path in folder.glob(f"*{exposition.SUFFIX}")} == names
