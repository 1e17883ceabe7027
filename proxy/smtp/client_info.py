"""What a relay is told of the real client: the lines of XCLIENT and XFORWARD (Postfix's extensions).

Owns: their attributes and quoting (xtext, RFC 3461 §4), and that nothing else gets onto the line.
Does not own: when they are said (`proxy.relay.upstream`), who the client is (`proxy.client.identity`), or
reading those that clients send (`proxy.client.trust`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from config.addresses import IpAddress

UNAVAILABLE = b"[UNAVAILABLE]"
"""Of an attribute that is not known."""

MAX_VALUE_OCTETS = 255
"""Postfix takes no more of one value, and a command line of 512 octets holds all of them."""

_TO_QUOTE = re.compile(rb"[^\x21-\x2a\x2c-\x3c\x3e-\x7e]")


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """Who the client is, as far as we believe it; None: not known. `trusted`: it is one of ours."""

    address: IpAddress | None
    name: str | None = None
    helo: str | None = None
    esmtp: bool = True
    login: str | None = None
    trusted: bool = False


def xclient(info: ClientInfo, offered: str) -> bytes:
    """Return the line of XCLIENT with those attributes that the relay has `offered`."""
    values = {**_values(info), "LOGIN": _quoted(info.login)}
    return _line(b"XCLIENT", values, offered)


def xforward(info: ClientInfo, offered: str) -> bytes:
    """Return the line of XFORWARD with those attributes that the relay has `offered`."""
    values = {**_values(info), "SOURCE": b"LOCAL" if info.trusted else b"REMOTE"}
    return _line(b"XFORWARD", values, offered)


def _values(info: ClientInfo) -> dict[str, bytes]:
    return {
        "NAME": _quoted(info.name),
        "ADDR": _address(info.address),
        "PROTO": b"ESMTP" if info.esmtp else b"SMTP",
        "HELO": _quoted(info.helo),
    }


def _line(verb: bytes, values: Mapping[str, bytes], offered: str) -> bytes:
    """Return the line; empty where nothing that we know of is offered."""
    known = {name.upper() for name in offered.split()}
    words = [b"%s=%s" % (name.encode(), value) for name, value in values.items() if name in known]
    return b" ".join((verb, *words)) if words else b""


def _address(address: IpAddress | None) -> bytes:
    if address is None:
        return UNAVAILABLE
    return (f"IPV6:{address}" if address.version == 6 else str(address)).encode()  # noqa: PLR2004


def _quoted(value: str | None) -> bytes:
    octets = (value or "").encode("utf-8", "replace")
    quoted = _TO_QUOTE.sub(lambda found: b"+%02X" % found[0][0], octets)
    return quoted if 0 < len(quoted) <= MAX_VALUE_OCTETS else UNAVAILABLE
