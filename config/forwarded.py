"""Which client a request comes from, and whether by HTTPS, through the operator's own web servers.

Owns: reading X-Forwarded-For, X-Forwarded-Proto and Forwarded (RFC 7239), as far as their authors
are trusted.
Does not own: what is made of an address (`tracker.redirect.visitor`, `tracker.access.guard`), or
which web servers are trusted (`schema`).
"""

import functools
import re
from collections.abc import Sequence

from config.addresses import IpAddress, Network, parse_ip, within

Headers = Sequence[tuple[bytes, bytes]]
"""Names and values; names in lower case, as in ASGI."""

MAX_HOPS = 20
"""Addresses looked at in X-Forwarded-For or Forwarded, from the right."""
MAX_ADDRESS_CHARACTERS = 64
"""The longest is a full IPv6 address with brackets, zone and port."""


def client_address(
    peer: str | None, headers: Headers, trusted_proxies: Sequence[Network]
) -> IpAddress | None:
    """Return the address of the client, seen through the operator's own web servers.

    `peer` is who connected. The chain is followed from there leftwards as long as the one who speaks is
    trusted, so that a client cannot choose its own address. X-Forwarded-For wins over Forwarded: a web
    server that sets the former may pass on what a client wrote into the latter.
    """
    address = parse_address(peer or "")
    if not trusted_proxies or address is None:
        return address
    for hop in _hops(headers):
        if not within(address, trusted_proxies):
            break
        address = parse_address(hop)
        if address is None:
            return None
    return address


def client_is_secure(
    peer: str | None, headers: Headers, trusted_proxies: Sequence[Network], *, tls: bool
) -> bool:
    """Return whether the client itself used HTTPS, for certain.

    `tls` says that whoever connected did. A web server that is trusted has to tell of its client, and
    each of several has to say the same.
    """
    if not trusted_proxies or not within(parse_address(peer or ""), trusted_proxies):
        return tls
    told = _values(headers, b"x-forwarded-proto")
    listed = ",".join(told).split(",")
    if not told:
        listed = _FORWARDED_PROTO.findall(",".join(_values(headers, b"forwarded")))
    return {each.strip(' "').lower() for each in listed} == {"https"}


_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\w*)?|([^:]*):\w*")


def parse_address(text: str) -> IpAddress | None:
    """Return the IP address of `text`, with or without a port or zone; None for anything else."""
    return _parsed(text) if len(text) <= MAX_ADDRESS_CHARACTERS else None


@functools.lru_cache(maxsize=1024)
def _parsed(text: str) -> IpAddress | None:
    # Most requests come from the same few web servers, or several from one reader.
    match = _WITH_PORT.fullmatch(text)
    return parse_ip((match[1] or match[2] or "") if match else text)


def _hops(headers: Headers) -> list[str]:
    """Return the addresses that web servers wrote down, nearest first, MAX_HOPS at most."""
    listed = _values(headers, b"x-forwarded-for")
    if listed:
        hops = [hop.strip() for hop in ",".join(listed).split(",")]
    else:
        hops = _FORWARDED_FOR.findall(",".join(_values(headers, b"forwarded")))
        hops = [hop.strip('"') for hop in hops]
    return hops[: -MAX_HOPS - 1 : -1]


_FORWARDED_FOR = re.compile(r'(?:^|[,;])\s*for=("[^"]*"|[^",;\s]*)', re.IGNORECASE)
_FORWARDED_PROTO = re.compile(r'(?:^|[,;])\s*proto=("[^"]*"|[^",;\s]*)', re.IGNORECASE)


def _values(headers: Headers, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in headers if name == wanted]
