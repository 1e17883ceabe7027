"""Which networks are compared and known: a visitor's, and the published ones of mail filters.

Owns: how large a visitor's network is.
Does not own: the published networks (in the text files of this folder), their form
(`config.filter_networks`), an operator's own (`tracker.redirect.known_networks`), or what a label weighs
(`rules`).
"""

import functools
from collections.abc import Mapping
from pathlib import Path

from config.addresses import IpAddress, first_of_network
from config.filter_networks import Networks, parse

BUILT_IN = ("networks.txt", "clouds.txt")
KEPT_BITS: Mapping[int, int] = {4: 24, 6: 48}
"""What counts as one network of a visitor, by IP version."""


@functools.cache
def built_in() -> Networks:
    """Return the published networks that come with Waypost; read when first asked for."""
    texts = [Path(__file__).with_name(name).read_text() for name in BUILT_IN]
    return parse("".join(texts).splitlines())


@functools.lru_cache(maxsize=4096)
def visitor_network(address: IpAddress | None) -> str | None:
    """Return the network that stands for a visitor: the first address of its /24 or /48."""
    return None if address is None else str(first_of_network(address, KEPT_BITS))
