"""Failed attempts by network: how many there were lately, and how many more there may be.

Owns: counting them in a sliding window within bounded memory, an IPv6 address with its whole /64,
as whoever has one address of it has all. Does no I/O.
Does not own: what a failure is, or what is answered after too many (`proxy.client.login_limits`,
`tracker.access.refusals`).
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from config.addresses import IpAddress, first_of_network

WINDOW_S = 60.0
"""For how long a failure counts."""

MAX_NETWORKS = 10_000
"""Networks that are remembered; beyond, the one whose last failure is the longest ago is forgotten."""

NETWORK_BITS = {4: 32, 6: 64}


def network_of(address: IpAddress | None) -> IpAddress | None:
    """Return the first address of the network that `address` counts with; None for an unknown one."""
    return None if address is None else first_of_network(address, NETWORK_BITS)


class Throttle:
    """Allows each network `limit` failures in any WINDOW_S; a success takes none of them back.

    All unknown addresses (None) count as one network.
    """

    def __init__(self, limit: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._now_s = now_s
        self._failed_at_s: OrderedDict[IpAddress | None, deque[float]] = OrderedDict()

    def failed(self, address: IpAddress | None) -> None:
        """Count a failure."""
        network = network_of(address)
        times_s = self._failed_at_s.setdefault(network, deque(maxlen=self._limit))
        times_s.append(self._now_s())
        self._failed_at_s.move_to_end(network)
        if len(self._failed_at_s) > MAX_NETWORKS:
            self._failed_at_s.popitem(last=False)

    def left(self, address: IpAddress | None) -> int:
        """Return how many more failures there may be now."""
        horizon_s = self._now_s() - WINDOW_S
        times_s = self._failed_at_s.get(network_of(address), ())
        return self._limit - sum(at_s > horizon_s for at_s in times_s)

    def wait_s(self, address: IpAddress | None) -> float:
        """Return how long it is until there may be another failure; 0 if there may be one now."""
        if self.left(address):
            return 0.0
        return self._failed_at_s[network_of(address)][0] + WINDOW_S - self._now_s()
