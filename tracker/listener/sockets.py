"""The sockets that the HTTP server listens on.

Owns: opening all configured addresses or none, saying what is wrong with each, and how much the
kernel keeps for one connection.
Does not own: what comes in by them (`server`), or sockets that systemd opened
(`config.service.systemd`).
"""

import errno
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from config.values import Address
from tracker.listener.limits import BACKLOG, KERNEL_OCTETS


class ListenError(Exception):
    """Addresses that cannot be listened on; `problems` says of each why."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def bind(
    addresses: Iterable[Address], takes_ipv4: Callable[[Address], bool] = lambda _: False
) -> list[socket.socket]:
    """Open the sockets of all addresses, or none at all; raises ListenError with every problem.

    A name may stand for several addresses, as `localhost` does for 127.0.0.1 and ::1. `takes_ipv4`
    says whether one for all of IPv6 is for IPv4 as well.
    """
    sockets: list[socket.socket] = []
    problems: list[str] = []
    for address in addresses:
        try:
            both = takes_ipv4(address)
            sockets += [_bound(family, where, both=both) for family, where in _resolved(address)]
        except OSError as error:
            problems.append(f"cannot listen on {address}: {_reason(error)}")
    if problems:
        for opened in sockets:
            opened.close()
        raise ListenError(*problems)
    return sockets


def names(sockets: Sequence[socket.socket]) -> tuple[Address, ...]:
    """Return the addresses that sockets listen on, with the ports that the system chose."""
    return tuple(Address(*listening.getsockname()[:2]) for listening in sockets)


def bound_kernel_buffers(listening: socket.socket) -> None:
    """Bound what the kernel keeps of each connection that will be accepted from `listening`."""
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        listening.setsockopt(socket.SOL_SOCKET, option, KERNEL_OCTETS)


def _resolved(address: Address) -> list[tuple[int, Any]]:
    found = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    return [(family, where) for family, _type, _protocol, _name, where in found]


def _bound(family: int, where: Any, *, both: bool) -> socket.socket:  # noqa: ANN401 - differs by family
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # So that [::]:8080 and 0.0.0.0:8080 can stand side by side, where both are wanted.
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not both))
        opened.bind(where)
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program has it"
    if error.errno == errno.EACCES:
        return "this user may not (ports below 1024 take a capability, or a socket unit)"
    return error.strerror or str(error)
