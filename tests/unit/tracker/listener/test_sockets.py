"""Sockets that listen: all of them or none, and every problem told."""

import socket

import pytest

from config.values import Address
from tests.support.http_server import LOOPBACK
from tracker.listener import sockets
from tracker.listener.limits import KERNEL_OCTETS


def test_a_port_in_use_is_told_with_every_other_problem() -> None:
    """All addresses are tried, all problems told, and no socket is left open."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        wanted = [LOOPBACK, Address("127.0.0.1", port), Address("no-such-host.invalid", 80)]
        with pytest.raises(sockets.ListenError) as caught:
            sockets.bind(wanted)
    first, second = caught.value.problems
    assert first == f"cannot listen on 127.0.0.1:{port}: another program has it"
    assert second.startswith("cannot listen on no-such-host.invalid:80: ")


def test_both_families_can_share_a_port() -> None:
    """[::1] and 127.0.0.1 at once, each its own socket."""
    try:
        (six,) = sockets.bind([Address("::1", 0)])
    except sockets.ListenError:
        pytest.skip("this machine has no IPv6 loopback")
    port = six.getsockname()[1]
    (four,) = sockets.bind([Address("127.0.0.1", port)])
    assert [str(name) for name in sockets.names([six, four])] == [
        f"[::1]:{port}",
        f"127.0.0.1:{port}",
    ]
    six.close()
    four.close()


def test_the_kernel_keeps_little_of_a_connection() -> None:
    """What is accepted inherits it; Linux doubles the number for its own accounts."""
    (listening,) = sockets.bind([LOOPBACK])
    sockets.bound_kernel_buffers(listening)
    with socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            assert accepted.getsockopt(socket.SOL_SOCKET, option) <= 2 * KERNEL_OCTETS
        accepted.close()
    listening.close()
