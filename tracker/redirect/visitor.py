"""What a request says of who made it: the signals of a machine, and what may be kept of the address.

Owns: the request as judging looks at it, what of it counts where no page was asked for, and making an
address private.
Does not own: the answer to a request (`redirector`), which address it comes from
(`config.forwarded`), what signals are and what they weigh (`tracker.judging`), or how clicks are
counted (`tracker.counting.model`).

Everybody is served alike; a verdict is a label and drops nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

from config import forwarded
from config.addresses import IpAddress, Network
from config.filter_networks import Networks
from config.schema import IpPrivacy
from tracker.judging.networks import visitor_network
from tracker.judging.request import Request as Visit
from tracker.judging.signals import Signals, signals_of
from tracker.listener.http1 import Request
from tracker.privacy.pseudonyms import NETWORKS

TELLING_OF_ANYBODY = frozenset({"head", "prefetch", "scanner-network"})
"""Signals that count where no browser asks for a page: mail programs that load an image, and apps that
ask where a link leads, have agents and header fields of their own."""


def visit(request: Request, trusted_proxies: Sequence[Network], *, links_are_https: bool) -> Visit:
    """Return a request as judging looks at it: with the client's whole address.

    HTTPS is certain only where tracked links are: a web server in front may tell of another one, which
    lies before it, speaks HTTPS with it, and with its clients whatever they like.
    """
    address = forwarded.client_address(request.peer, request.headers, trusted_proxies)
    secure = links_are_https and forwarded.client_is_secure(
        request.peer, request.headers, trusted_proxies, tls=request.tls
    )
    return Visit.of(request.method, request.headers, address, https=secure)


def signals(visit: Visit, networks: Networks, *, of_page: bool = True) -> Signals:
    """Return what a request shows of a machine."""
    found = signals_of(visit, networks)
    if of_page:
        return found
    return tuple(each for each in found if each.partition(":")[0] in TELLING_OF_ANYBODY)


def asks_for_privacy(visit: Visit) -> bool:
    """Return whether a reader asks not to be tracked: by Global Privacy Control, or as browsers once did."""
    return any(visit.header(name) == "1" for name in (b"sec-gpc", b"dnt"))


class Kept(NamedTuple):
    """What is kept of an address: it, or less, and the network by which visitors are told apart.

    The network may be a pseudonym (`tracker.privacy.pseudonyms`).
    """

    ip: str | None
    network: str | None


def kept(address: IpAddress | None, mode: IpPrivacy, at_s: float) -> Kept:
    """Return what may be kept of an address: all of it, its network's first address, or nothing.

    Of nothing, too, it can be told for two days whether another was the same, seen on the same day.
    """
    network = visitor_network(address)
    if address is None or network is None:
        return Kept(None, None)
    if mode == "none":
        return Kept(None, NETWORKS.pseudonym(network, at_s))
    return Kept(str(address) if mode == "full" else network, network)
