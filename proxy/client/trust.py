"""The rules for who a client is, and what that allows: XCLIENT, XFORWARD, trust.

Owns: whose word is taken about the real client (XCLIENT and XFORWARD of Postfix, with their xtext,
RFC 3461 §4), whose mail is trusted (DESIGN §3.4), and who may send at all.
Does not own: one session's client as it changes (`identity`), checking credentials (the relay
does), the header of a load balancer (`proxy_protocol`), or the octets on the wire (`connection`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from config.addresses import IpAddress, first_of_network, parse_ip, within
from config.schema import ProxyConfig
from config.throttle import network_of
from proxy.policy.accounts import Submitter
from proxy.smtp.envelope import unquoted

NETWORK_BITS = {4: 24, 6: 64}
"""What counts as one sender's network: retries may come from a neighbour (RFC 6647 §4.2)."""

_ATTRIBUTE = re.compile(rb"([A-Za-z]{1,20})=([\x21-\x7e]{1,500})\Z")
_UNKNOWN = frozenset({"[UNAVAILABLE]", "[TEMPUNAVAIL]"})
ATTRIBUTES = frozenset(
    {"NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT", "SOURCE", "IDENT"}
)


class BadAttribute(ValueError):
    """An XCLIENT or XFORWARD argument that is not understood."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who is at the other end, as far as we believe it.

    `address` is the real client's after PROXY, XCLIENT and XFORWARD, None where the front server
    does not know it. `vouched`: a mail server of `xclient_networks` answers for this client;
    `submitted`: it says that the client is one of its own users. `forwarded`: the mail server
    passes on mail of others, so that a login here is the server's own. `name` and `helo` are what a
    front server tells of it. `tls`: a load balancer has
    decrypted what the client sends.
    """

    address: IpAddress | None
    vouched: bool = False
    login: str | None = None
    name: str | None = None
    helo: str | None = None
    submitted: bool = False
    forwarded: bool = False
    tls: bool = False

    @property
    def local(self) -> bool:
        """The client runs on this machine: nobody can listen in between."""
        return self.address is not None and self.address.is_loopback

    def __str__(self) -> str:
        return str(self.address or "unknown")


def trusted(client: Client, config: ProxyConfig, *, authenticated: bool) -> bool:
    """Return whether mail of `client` may be rewritten and signed (DESIGN §3.4)."""
    if logged_in(client, authenticated=authenticated) or client.submitted:
        return True
    local = client.local and config.trust_loopback
    return local or within(client.address, config.trusted_networks)


def logged_in(client: Client, *, authenticated: bool) -> bool:
    """Return whether the mail is that of a login, here (`authenticated`) or at a front server.

    The login of a server that passes on mail of others is not theirs.
    """
    return client.login is not None or (authenticated and not client.forwarded)


def submitter(client: Client, account: str | None, *, authenticated: bool) -> Submitter:
    """Return who hands mail in; `account` is the name of a login here, None where it told none.

    A login here counts before what a front server says: the relay has checked it.
    """
    here = authenticated and not client.forwarded
    return Submitter(
        client.address,
        logged_in(client, authenticated=authenticated),
        account if here else client.login,
    )


def counted_as(client: Client, config: ProxyConfig) -> IpAddress | None:
    """Return the address under which sessions of `client` are counted, None where it is unknown.

    That of a stranger with IPv6 is the first of its network.
    """
    if client.address is None or trusted(client, config, authenticated=False):
        return client.address
    return network_of(client.address)


def account(client: Client) -> str:
    """Return who sends, to recognise a retry: the login at the front server, or the network."""
    return network(client) if client.login is None else f"login:{client.login}"


def network(client: Client) -> str:
    """Return the network that `client` is in."""
    if client.address is None:
        return "unknown"
    first = first_of_network(client.address, NETWORK_BITS)
    return f"{first}/{NETWORK_BITS[first.version]}"


def may_send(client: Client, config: ProxyConfig, *, authenticated: bool) -> bool:
    """Return whether MAIL of `client` is passed on at all.

    The relay sees our address, which it may well allow to send anywhere. So a client that is not
    trusted must log in first, or come through a mail server that has checked it: never an open
    relay.
    """
    return client.vouched or trusted(client, config, authenticated=authenticated)


def parse_attributes(arg: bytes) -> dict[str, str]:
    """Read the arguments of XCLIENT or XFORWARD; raises BadAttribute."""
    found: dict[str, str] = {}
    for word in arg.split():
        match = _ATTRIBUTE.match(word)
        name = match[1].decode("ascii").upper() if match else ""
        if match is None or name not in ATTRIBUTES:
            raise BadAttribute(word.decode("ascii", "backslashreplace"))
        found[name] = unquoted(match[2]).decode("utf-8", "backslashreplace")
    if not found:
        raise BadAttribute("no attribute")
    return found


def with_xclient(client: Client, attributes: Mapping[str, str]) -> Client:
    """Return the client that a trusted front server names; raises BadAttribute.

    Another address is another client: what was said of the one before does not count for it.
    """
    told = replace(client, vouched=True)
    if "ADDR" in attributes:
        told = Client(_told_address(attributes["ADDR"]), vouched=True)
    if "LOGIN" in attributes:
        login = attributes["LOGIN"]
        told = replace(told, login=None if login.upper() in _UNKNOWN else login)
    return _with_names(told, attributes)


def with_xforward(client: Client, attributes: Mapping[str, str]) -> Client:
    """Return the client whose mail a trusted front server passes on; raises BadAttribute.

    Postfix sends no login, but with SOURCE it tells its own users (LOCAL) from the world (REMOTE).
    What XFORWARD does not say is unknown: the front server's own address must lend no trust.
    """
    told = replace(client, login=None, forwarded=True)
    if not client.vouched:
        told = Client(None, vouched=True, forwarded=True)
    if "ADDR" in attributes:
        told = replace(told, address=_told_address(attributes["ADDR"]), submitted=False)
    if "SOURCE" in attributes:
        told = replace(told, submitted=attributes["SOURCE"].upper() == "LOCAL")
    return _with_names(told, attributes)


def _with_names(client: Client, attributes: Mapping[str, str]) -> Client:
    def told(key: str, before: str | None) -> str | None:
        value = attributes.get(key, before)
        return None if value is None or value.upper() in _UNKNOWN else value

    return replace(client, name=told("NAME", client.name), helo=told("HELO", client.helo))


def _told_address(text: str) -> IpAddress | None:
    if text.upper() in _UNKNOWN:
        return None
    address = parse_ip(text[5:] if text.upper().startswith("IPV6:") else text)
    if address is None:
        raise BadAttribute(text)
    return address
