"""The networks of mail filters: which label an address has.

Owns: the form of a file of networks, and finding the label of an address.
Does not own: the networks themselves (`networks.txt` beside this file), or what a label weighs (`rules`).
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, cast, get_args

from config.addresses import IpAddress, Network, first_of_network

BUILT_IN = Path(__file__).with_name("networks.txt")
Certainty = Literal["scanner", "probable"]
KEPT_BITS: Mapping[int, int] = {4: 24, 6: 48}
"""What counts as one network of a visitor, by IP version."""


class BadNetworks(ValueError):
    """A line of a file of networks that cannot be read; the message has its number."""


@dataclass(frozen=True, slots=True)
class Label:
    """Whose network it is, and whether only machines sit there."""

    certainty: Certainty
    name: str


@dataclass(frozen=True, slots=True)
class Networks:
    """Labels of networks; of two that hold an address, the smaller counts."""

    labels: Mapping[Network, Label]
    _bits: tuple[tuple[int, int], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        bits = {(network.version, network.prefixlen) for network in self.labels}
        object.__setattr__(self, "_bits", tuple(sorted(bits, reverse=True)))

    def label(self, address: IpAddress | None) -> Label | None:
        """Return the label of the network that an address is in, or None."""
        if address is None:
            return None
        for version, bits in self._bits:
            if version == address.version:
                first = first_of_network(address, {version: bits})
                if found := self.labels.get(ip_network(f"{first}/{bits}")):
                    return found
        return None


def parse(lines: Iterable[str]) -> Networks:
    """Return the networks of a file's lines, `NETWORK CERTAINTY LABEL`; raises BadNetworks."""
    labels: dict[Network, Label] = {}
    for number, line in enumerate(lines, 1):
        if words := line.partition("#")[0].split():
            try:
                labels[ip_network(words[0])] = _label(words[1:])
            except ValueError as error:
                raise BadNetworks(f"line {number}: {error}") from None
    return Networks(labels)


def _label(words: list[str]) -> Label:
    match words:
        case [certainty, name] if certainty in get_args(Certainty):
            return Label(cast("Certainty", certainty), name)
    raise ValueError("not of the form NETWORK scanner|probable LABEL")


@functools.cache
def built_in() -> Networks:
    """Return the published networks that come with Waypost; read when first asked for."""
    return parse(BUILT_IN.read_text().splitlines())


def visitor_network(address: IpAddress | None) -> str | None:
    """Return the network that stands for a visitor: the first address of its /24 or /48."""
    return None if address is None else str(first_of_network(address, KEPT_BITS))
