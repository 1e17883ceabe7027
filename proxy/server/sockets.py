"""The sockets that the proxy listens on.

Owns: opening those that the configuration names, and closing all.
Does not own: sockets that systemd hands over (`config.service.systemd`), or accepting connections
(`server`).
"""

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from config.schema import Config
from config.service.shared_counts import ALONE, Counts
from config.values import Address

LISTEN_BACKLOG = 1024
"""Connections that the kernel keeps for us while we are busy."""


class ListenError(OSError):
    """An address cannot be listened on; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Sockets:
    """Sockets that listen: for plain SMTP, and for TLS from the first octet."""

    plain: Sequence[socket.socket]
    tls: Sequence[socket.socket] = ()
    former_tls: ssl.SSLContext | None = None
    """The certificate in force where the configuration names none any more."""
    counts: Counts = ALONE
    """What the process counts together with others that listen at the same addresses."""

    @property
    def all(self) -> tuple[socket.socket, ...]:
        """Each of them."""
        return (*self.plain, *self.tls)

    def close(self) -> None:
        """Listen no more."""
        for sock in self.all:
            sock.close()


def bind(config: Config, *, shared: bool = False) -> Sockets:
    """Listen on all addresses of `[proxy]`; `shared` with SO_REUSEPORT. Raises ListenError."""
    made: list[socket.socket] = []
    plain, tls = config.proxy.listen, config.proxy.listen_tls
    try:
        for address in (*plain, *tls):
            both = config.takes_ipv4(address)
            made.append(_listening(address, shared=shared, both=both))
    except BaseException:
        Sockets(made).close()
        raise
    return Sockets(made[: len(plain)], made[len(plain) :])


def _listening(address: Address, *, shared: bool, both: bool) -> socket.socket:
    """Listen on an address; `both`: IPv4 too, on one of IPv6."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server(
            address,
            family=family,
            backlog=LISTEN_BACKLOG,
            reuse_port=shared,
            dualstack_ipv6=both,
        )
    except OSError as error:
        raise ListenError(
            error.errno, f"cannot listen on {address}: {error.strerror or error}"
        ) from None
