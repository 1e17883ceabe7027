"""Connections to webhooks: only to addresses that they may have, as resolved for this very connection.

Owns: resolving a name without holding up others, and which addresses are connected to.
Does not own: which addresses are public (`config.addresses`), or HTTP (`client`).

A name that led to a public address a moment ago may lead to one of this network now (DNS rebinding); so
what is looked at is the address that is connected to, and the name is not resolved again.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Sequence

import httpcore

from config.addresses import IpAddress, is_loopback, is_public, parse_ip

Resolve = Callable[[str, int], Sequence[str]]
"""Return the addresses of a host; raises OSError. In a thread of its own."""


class AddressRefused(httpcore.ConnectError):
    """A host has no address that may be connected to."""


class NotResolved(httpcore.ConnectError):
    """The name of a host leads nowhere."""


def addresses_of(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, by the system's resolver; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that a webhook may have."""

    def __init__(self, *, private: bool, resolve: Resolve = addresses_of) -> None:
        """With `private`, networks of our own are allowed, too."""
        self._private = private
        self._resolve = resolve
        self._within = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers; raises AddressRefused and NotResolved, too."""
        try:
            found = await _in_thread(self._resolve, host, port)
        except (OSError, UnicodeError) as error:
            raise NotResolved(str(error)) from error
        allowed = [text for text in found if self._may_be(host, parse_ip(text))]
        if not allowed:
            raise AddressRefused(host)
        failure: httpcore.NetworkError | httpcore.TimeoutException | None = None
        for address in allowed:
            try:
                return await self._within.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or AddressRefused(host)

    def _may_be(self, host: str, address: IpAddress | None) -> bool:
        """Return whether a host may have this address: this machine's or network's, only where that is said.

        `localhost` and addresses of the loopback say the former, and lead nowhere else; `private` says both.
        """
        if address is None or address.is_multicast or address.is_unspecified:
            return False
        if is_loopback(host):
            return address.is_loopback
        return self._private or is_public(address)


async def _in_thread(resolve: Resolve, host: str, port: int) -> Sequence[str]:
    """Resolve a name in a thread that nobody waits for at the end: resolvers may take a minute."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Sequence[str]] = loop.create_future()

    def tell(found: Sequence[str] | None, error: Exception | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(found or ())

    def run() -> None:
        found, failure = None, None
        try:
            found = resolve(host, port)
        except (OSError, UnicodeError) as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(tell, found, failure)

    threading.Thread(target=run, name="webhook-resolver", daemon=True).start()
    return await done
