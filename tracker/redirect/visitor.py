"""What a request says of who made it: a human or a machine, and from which address.

Owns: the rules that tell machines from readers, each with a name and a version, so that counts can
be made anew when rules change; finding the client's address behind web servers of the operator's
own; making that address private.
Does not own: the answer to a request (`redirector`), or how clicks are counted
(`tracker.ingest.counting`).

Everybody is served alike; a classification is a label and drops nothing.
"""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.addresses import IpAddress, Network, first_of_network, parse_ip, within
from config.schema import IpPrivacy

Headers = Sequence[tuple[bytes, bytes]]
"""Names and values; names in lower case, as in ASGI."""

MAX_USER_AGENT_CHARACTERS = 512
"""What is kept of one; the longest of real browsers stay below 400."""
MAX_HOPS = 20
"""Addresses looked at in X-Forwarded-For or Forwarded, from the right."""
MAX_ADDRESS_CHARACTERS = 64
"""The longest is a full IPv6 address with brackets, zone and port."""
KEPT_PREFIX_BITS = {4: 24, 6: 48}
"""What `truncate` keeps of an address: a network that many people share."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of one request. `peer` is who connected: an IP address, or None."""

    method: str
    headers: Headers
    peer: str | None


@dataclass(frozen=True, slots=True)
class MachineRule:
    """One reason to take a request for a machine's. A changed test gets a higher version."""

    name: str
    version: int
    matches: Callable[[Request], bool]

    @property
    def label(self) -> str:
        """The rule's name and version, as they stand in stored clicks."""
        return f"{self.name}/{self.version}"


@dataclass(frozen=True, slots=True)
class Classification:
    """A machine's request, by the labels of the rules that say so; a human's where none does."""

    reasons: tuple[str, ...]

    @property
    def human(self) -> bool:
        """Whether no rule took the request for a machine's."""
        return not self.reasons


RULES: tuple[MachineRule, ...] = (
    # No browser sends HEAD when its user follows a link; scanners and previews do.
    MachineRule("head", 1, lambda request: request.method == "HEAD"),
)


def classify(request: Request) -> Classification:
    """Return what all rules say of one request."""
    return Classification(tuple(rule.label for rule in RULES if rule.matches(request)))


def user_agent(headers: Headers) -> str:
    """Return the User-Agent, cut to a bounded length; empty where there is none."""
    for name, value in headers:
        if name == b"user-agent":
            return value[:MAX_USER_AGENT_CHARACTERS].decode("latin-1")
    return ""


def client_address(request: Request, trusted_proxies: Sequence[Network]) -> IpAddress | None:
    """Return the address of the client, seen through the operator's own web servers.

    The chain is followed from the peer leftwards as long as the one who speaks is trusted, so that
    a client cannot choose its own address. X-Forwarded-For wins over Forwarded (RFC 7239): a web
    server that sets the former may pass on what a client wrote into the latter.
    """
    address = parse_address(request.peer or "")
    if not trusted_proxies or address is None:
        return address
    for hop in _hops(request.headers):
        if not within(address, trusted_proxies):
            break
        address = parse_address(hop)
        if address is None:
            return None
    return address


def private_ip(address: IpAddress | None, mode: IpPrivacy) -> str | None:
    """Return what may be kept of an address: all of it, its network's first address, or nothing."""
    if address is None or mode == "none":
        return None
    if mode == "full":
        return str(address)
    return str(first_of_network(address, KEPT_PREFIX_BITS))


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


def _values(headers: Headers, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in headers if name == wanted]
