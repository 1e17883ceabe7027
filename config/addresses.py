"""IP addresses and networks: reading and comparing them.

Owns: which spellings mean the same address, which hosts are this machine's loopback, which addresses
are everybody's, and whether an address is in a network. Does no I/O.
Does not own: addresses with a port, and networks as configuration keys (`values`), or the header
fields that name a client (`proxy.client.trust`, `config.forwarded`).
"""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

IpAddress = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
LOOPBACKS: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1"))
"""This machine's loopback."""

NAT64 = IPv6Network("64:ff9b::/96")
"""IPv6 addresses that end in the IPv4 address that is meant (RFC 6052 §2.1)."""

PrefixBits = Mapping[int, int]
"""How many leading bits of an address count, by IP version: `{4: 24, 6: 48}`."""


def parse_ip(text: str) -> IpAddress | None:
    """Return the address that `text` is, without its zone (`%eth0`); None for anything else.

    An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2), as sockets that take both families report it,
    is returned as IPv4.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def within(address: IpAddress | None, networks: Iterable[Network]) -> bool:
    """Return whether `address` is in one of `networks`; an unknown address (None) is in none."""
    return address is not None and any(address in network for network in networks)


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine's loopback: `localhost`, 127.0.0.0/8 or ::1."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(address: IpAddress) -> bool:
    """Return whether an address is one of a machine on the internet, and of no network of somebody's own.

    An IPv6 address that stands for an IPv4 address (mapped, NAT64, 6to4, Teredo) is as public as that;
    a site-local one (RFC 3879), as old networks have them, is not.
    """
    if isinstance(address, IPv6Address):
        nat64 = IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None
        # Whether ipaddress itself counts 6to4 as global depends on Python's version.
        if meant := address.ipv4_mapped or address.sixtofour or nat64:
            return is_public(meant)
        teredo = address.teredo and address.teredo[1]
        if address.is_site_local or (teredo and not is_public(teredo)):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def first_of_network(address: IpAddress, prefix_bits: PrefixBits) -> IpAddress:
    """Return the first address of the network that the leading bits of `address` name."""
    cleared = address.max_prefixlen - prefix_bits[address.version]
    return type(address)(int(address) >> cleared << cleared)
