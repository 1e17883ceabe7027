"""Who may connect, who has to leave, and when.

Owns: how many connections there may be, in all and from one network; which of them makes room for a
new one; and that nobody keeps one longer than `PATIENCE_S` without being owed an answer.
Does not own: what a connection is at (`connection`), or how many descriptors there are
(`config.service.descriptors`).

A connection either rests (its client owes something: a TLS handshake, a request, reading an answer)
or a request of it is being answered. Those that rest stand in order, the longest first. They have
used up their time from the front, and the front makes room where a bound is reached; whoever is
owed an answer gets it. Most are answered within milliseconds and rest again: so whoever begins to be
answered keeps its place in the order, and leaves it only where it is met at the front.

A network is one IPv4 address, or one IPv6 /64: what one customer of a provider gets. An IPv4 /24
would throw strangers together, and whoever holds a whole one meets the bound of all connections,
where the longest at rest goes first as well.

Where several processes answer at the same addresses, the bounds hold for all of them together. Each has its
even share for certain, so that whoever asks finds room at any of them, and may have what the others leave. So
there can be too many for a moment: then those that have more than their share close what rests, at the next
look.
"""

import asyncio
import contextlib
import functools
import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from config.addresses import Network, first_of_network, parse_ip, within
from config.service.shared_counts import ALONE, Counts
from config.telemetry import observe
from tracker.listener.bounds import BoundLog
from tracker.listener.limits import MAX_FROM_NETWORK, NETWORK_SHARE, PATIENCE_S, SWEEP_S


def fair_share(most: int) -> int:
    """Return how many of `most` connections may come from one network."""
    return min(MAX_FROM_NETWORK, max(1, most // NETWORK_SHARE))


class Admitted(Protocol):
    """A connection, as far as it matters here."""

    peer: str | None
    neighbours: "Neighbours"
    rests_since_s: float
    """By the event loop's clock; infinite while we owe it an answer."""

    def close(self) -> None:
        """Close once everything written has gone out; then call `Admission.leave`."""

    def drop(self) -> None:
        """Close at once, whatever it is at, and call `Admission.leave`."""


NETWORK_BITS = {4: 32, 6: 64}

Resting = OrderedDict[Admitted, None]
"""The longest at rest first; among them some that are being answered since."""

_ALL, _OF_NETWORK = "readers", "readers of "
"""What connections are counted as among processes: all, and those of the network whose name follows."""


class Neighbours:
    """The connections of one network."""

    __slots__ = ("count", "is_trusted", "network", "resting")

    def __init__(self, network: str, *, is_trusted: bool) -> None:
        self.network = network
        self.is_trusted = is_trusted
        self.count = 0
        self.resting: Resting = OrderedDict()


class Admission:
    """All connections of one HTTP server: at most `most`, and at most `share` from one network.

    The networks of `trusted` are web servers of the operator's own, which speak for many readers:
    they may have all. `name` tells this server from others in the metrics. `counts` are what it counts
    together with other processes.
    """

    def __init__(
        self,
        name: str,
        most: int,
        share: int,
        trusted: Sequence[Network] = (),
        counts: Counts = ALONE,
    ) -> None:
        self.bounds = BoundLog(name)
        self._counts = counts
        self._most = most
        self._share = share
        self._resting: Resting = OrderedDict()
        self._all: set[Admitted] = set()
        self._neighbours: dict[str, Neighbours] = {}
        self._gone = asyncio.Event()
        self._now_s = asyncio.get_running_loop().time
        observe.HTTP_CONNECTIONS.labels(name).set_function(self._count)
        self.trust(trusted)

    def limit(self, most: int, share: int) -> None:
        """Have other bounds from now on; where there are too many in all, those at rest have to go."""
        self._most, self._share = most, share
        while self._count() > self._most_in_all() and (longest := _longest(self._resting)):
            self.bounds.reached("total")
            _close(longest, "total")

    def trust(self, networks: Sequence[Network]) -> None:
        """Have connections that come from now on judged by these `trusted` networks."""
        self._network_of = functools.lru_cache(1024)(functools.partial(_network_of, networks))

    def admit(self, connection: Admitted) -> bool:
        """Take in a new connection, at rest, if need be in place of another; False: there is no room."""
        network, is_trusted = self._network_of(connection.peer)
        neighbours = self._neighbours.get(network)
        if neighbours is None:
            neighbours = Neighbours(network, is_trusted=is_trusted)
        self._tell_others(network, 1)  # first: two that want the last place do not both take it
        if not self._has_room(neighbours):
            self._tell_others(network, -1)
            return False
        neighbours.count += 1
        self._neighbours[network] = connection.neighbours = neighbours
        self._all.add(connection)
        self._resting[connection] = neighbours.resting[connection] = None
        connection.rests_since_s = self._now_s()
        return True

    def rest(self, connection: Admitted) -> None:
        """Note that from now on the client owes something."""
        connection.rests_since_s = self._now_s()
        for resting in (self._resting, connection.neighbours.resting):
            if connection not in resting:
                resting[connection] = None
            else:
                resting.move_to_end(connection)

    def work(self, connection: Admitted) -> None:
        """Note that from now on we owe an answer."""
        connection.rests_since_s = math.inf

    def leave(self, connection: Admitted) -> None:
        """Forget a connection that was admitted; call it once."""
        neighbours = connection.neighbours
        self._all.discard(connection)
        self._resting.pop(connection, None)
        neighbours.resting.pop(connection, None)
        self._tell_others(neighbours.network, -1)
        neighbours.count -= 1
        if not neighbours.count:
            del self._neighbours[neighbours.network]
        if not self._count():
            self._gone.set()

    async def keep_time(self) -> None:
        """Close connections that rested for longer than they may, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S)
            before_s = self._now_s() - PATIENCE_S
            while (longest := _longest(self._resting)) and longest.rests_since_s <= before_s:
                _close(longest, "time")
            if self._counts.shared:
                self._give_back()

    def close_gently(self) -> None:
        """Close all that rest, once what they were answered has gone out."""
        for connection in tuple(self._resting):
            if connection.rests_since_s < math.inf:
                connection.close()

    def close_all(self) -> None:
        """Close every connection at once."""
        for connection in tuple(self._all):
            connection.drop()

    async def emptied(self, patience_s: float) -> None:
        """Wait until no connection is left, `patience_s` at most."""
        self._gone.clear()
        if self._count():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), patience_s)

    def _count(self) -> int:
        return len(self._all)

    def _tell_others(self, network: str, more: int) -> None:
        """Count a connection among those of all processes, or no more."""
        self._counts.add(_ALL, more)
        self._counts.add(_OF_NETWORK + network, more)

    def _has_room(self, neighbours: Neighbours) -> bool:
        """Return whether there is room for one more of a network, if need be in place of another."""
        if neighbours.count >= self._most_of(neighbours) and not self._made_room(
            neighbours.resting, "network"
        ):
            return False
        return self._count() < self._most_in_all() or self._made_room(self._resting, "total")

    def _most_of(self, neighbours: Neighbours) -> int:
        """Return how many connections of a network there may be in this process now."""
        bound = self._most if neighbours.is_trusted else self._share
        return self._left(bound, _OF_NETWORK + neighbours.network)

    def _most_in_all(self) -> int:
        """Return how many connections there may be in this process now."""
        return self._left(self._most, _ALL)

    def _left(self, bound: int, counted_as: str) -> int:
        """Return what other processes leave of a bound, and no less than an even share of it."""
        even = max(1, bound // self._counts.processes)
        return max(even, bound - self._counts.others(counted_as))

    def _give_back(self) -> None:
        """Close the longest at rest, where all processes together have more than there may be."""
        for each in tuple(self._neighbours.values()):
            if each.count > self._share // self._counts.processes:  # few are
                self._shrink(each)
        self.limit(self._most, self._share)

    def _shrink(self, neighbours: Neighbours) -> None:
        while neighbours.count > self._most_of(neighbours) and (
            longest := _longest(neighbours.resting)
        ):
            self.bounds.reached("network")
            _close(longest, "network")

    def _made_room(self, resting: Resting, bound: str) -> bool:
        """Close the longest at rest, as a bound is reached; False where none rests."""
        self.bounds.reached(bound)
        longest = _longest(resting)
        if longest is None:
            return False
        _close(longest, bound)
        return True


def _longest(resting: Resting) -> Admitted | None:
    """Return who rests for longest; None where nobody does. Whoever is being answered loses its place."""
    while resting:
        first = next(iter(resting))
        if first.rests_since_s < math.inf:
            return first
        del resting[first]
    return None


def _close(connection: Admitted, reason: str) -> None:
    observe.HTTP_CONNECTIONS_CLOSED.labels(reason).inc()
    connection.drop()


def _network_of(trusted: Sequence[Network], peer: str | None) -> tuple[str, bool]:
    """Return whose neighbour a client at this address is, and whether it is `trusted`."""
    if peer is None:  # a Unix socket, which only programs of this machine reach
        return "", True
    address = parse_ip(peer)
    if address is None or within(address, trusted):
        return peer, address is not None
    return str(first_of_network(address, NETWORK_BITS)), False
