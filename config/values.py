"""Values of the configuration as people write them: durations, sizes, addresses, networks, paths.

Owns: reading one such value, saying what is wrong with it and what would be right, and writing it
the way an operator would. Does no I/O.
Does not own: which key holds which kind of value (`schema`), what an IP address or the loopback is
(`addresses`).
"""

import ipaddress
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar
from urllib.parse import urlsplit

import idna
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ByteSize,
    Field,
    PlainSerializer,
    PlainValidator,
)
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from config.addresses import LOOPBACKS, Network, is_loopback

UNIT_SECONDS = {
    "s": 1.0,
    "sec": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
}
LONGEST_S = 36525 * UNIT_SECONDS["d"]
"""A hundred years; much more than that would not fit into dates."""
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.ASCII)
RATE = re.compile(r"([1-9]\d{0,8})\s*/\s*([a-z]+)", re.ASCII)
SIZE_UNITS = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))
HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*"
    r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?",
    re.ASCII | re.IGNORECASE,
)
HEADER = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", re.ASCII)
"""No underscore, which web servers may take for a hyphen, and let through what they were to remove."""
LONGEST_NODE = 64
NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
"""A name by which operators know a machine: what host names are made of, and underscores."""
HEADERS_OF_OTHERS = frozenset(
    {
        *("accept", "authorization", "connection", "content-length", "content-type", "cookie"),
        *("forwarded", "host", "origin", "referer", "transfer-encoding", "user-agent"),
        *("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"),
    }
)
LOOPBACK = "loopback"
"""As one who may send: this machine."""
NOT_ACCOUNTS = frozenset(
    {"all", "any", "anyone", "everybody", "everyone", "localhost", "local", LOOPBACK}
)
"""Words that somebody may have meant for something else than a login name of these letters."""
NETWORK_LIKE = re.compile(
    r"\d+\.[\d.]+(?:/.*)?|[0-9a-f]*:[0-9a-f:.]*(?:/.*)?|[^@]*/\d+", re.IGNORECASE
)
"""What was meant for a network, or nobody could tell."""
MOST_PROCESSES = 64
"""That serve the same listeners."""
MAX_ACCOUNT = 255
"""Characters of a login name."""
MAX_URL = 2048
"""Octets of a URL that is asked for."""
URL_TEXT = re.compile(r"[\x21-\x7e]+")


Parsed = TypeVar("Parsed")


def wrong(what: str, hint: str) -> PydanticCustomError:
    """Return the error for a value: what is wrong with it, and what would be right."""
    return PydanticCustomError("waypost", "{what}", {"what": what, "hint": hint})


def parse_duration(text: str) -> float:
    """Return the seconds of `"90d"`, `"10min"`, `"1h"`, `"30s"` or `"1w"`; raises ValueError."""
    match = DURATION.fullmatch(text.strip())
    if match is None or match[2] not in UNIT_SECONDS:
        raise ValueError(text)
    return float(match[1]) * UNIT_SECONDS[match[2]]


def format_duration(seconds: float) -> str:
    """Return a duration as people write it, in the largest unit that divides it: `5min`, `730d`."""
    for unit in ("d", "h", "min"):
        if seconds and seconds % UNIT_SECONDS[unit] == 0:
            return f"{seconds / UNIT_SECONDS[unit]:.0f}{unit}"
    return f"{seconds:.6f}".rstrip("0").removesuffix(".") + "s"


def format_size(octets: int) -> str:
    """Return a size as people write it, in the largest unit that divides it: `35MB`."""
    for unit, size_octets in SIZE_UNITS:
        if octets and octets % size_octets == 0:
            return f"{octets // size_octets}{unit}"
    return f"{octets}B"


class Address(NamedTuple):
    """A host and a port to listen on or to connect to."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return `host:port`, with an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Return the address in `host:port` or `[IPv6]:port`; raises ValueError."""
        host, colon, port = text.strip().rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = str(ipaddress.IPv6Address(host[1:-1]))
        elif not HOST.fullmatch(host):
            raise ValueError(text)
        if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004
            raise ValueError(text)
        return cls(host, int(port))


def _parsed(value: object, parse: Callable[[str], Parsed], kind: str, hint: str) -> Parsed:
    """Return what `parse` makes of a value that is to be a text; it raises ValueError for one of another kind."""
    if not isinstance(value, str):
        raise wrong(f"is not {kind}", hint)
    try:
        return parse(value)
    except ValueError:
        raise wrong(f'"{value}" is not {kind}', hint) from None


def _duration(value: object, info: ValidationInfo) -> float:
    hint = 'write a number and a unit, like "30s", "10min", "2h" or "90d"'
    if isinstance(value, int | float) and not isinstance(value, bool) and info.context is None:
        return float(value)
    seconds = _parsed(value, parse_duration, "a duration", hint)
    if seconds > LONGEST_S:
        raise wrong(f'"{value}" is more than a hundred years', hint)
    return seconds


def _within_an_hour(seconds: float) -> float:
    if seconds > UNIT_SECONDS["h"]:
        raise wrong(f'"{format_duration(seconds)}" is more than an hour', 'write "1h" at most')
    return seconds


def parse_rate(text: str) -> float:
    """Return how many a second `"14/s"`, `"100/min"`, `"5000/h"` or `"50000/d"` is; raises ValueError."""
    match = RATE.fullmatch(text.strip())
    if match is None or match[2] not in UNIT_SECONDS or not int(match[1]):
        raise ValueError(text)
    return int(match[1]) / UNIT_SECONDS[match[2]]


def format_rate(per_s: float) -> str:
    """Return a rate as people write it, in the smallest unit in which it is a whole number: `14/s`."""
    for unit in ("s", "min", "h", "d"):
        count = per_s * UNIT_SECONDS[unit]
        if count >= 1 and abs(count - round(count)) < 1e-6 * count:
            return f"{round(count)}/{unit}"
    return f"{max(round(per_s * UNIT_SECONDS['d']), 1)}/d"


def _rate(value: object) -> float:
    hint = 'write a number and a unit of time, like "14/s", "100/min" or "5000/h"'
    return value if isinstance(value, float) else _parsed(value, parse_rate, "a rate", hint)


def _address(value: object) -> Address:
    hint = 'write "host:port", like "127.0.0.1:2525", or "[::1]:2525" for IPv6'
    if isinstance(value, Address):
        return value
    return _parsed(value, Address.parse, "an address", hint)


def _network(value: object) -> Network:
    if isinstance(value, Network):
        return value
    hint = 'write it like "192.0.2.0/24" or "2001:db8::/32"'
    found = _parsed(value, ipaddress.ip_interface, "a network", hint)
    if int(found.ip) != int(found.network.network_address):
        raise wrong(f'"{value}" has host bits set', f'did you mean "{found.network}"?')
    return found.network


def _account(value: object) -> str | Network:
    hint = 'write login names, "loopback", or networks like "192.0.2.0/24"'
    if isinstance(value, Network) or value == LOOPBACK:
        return value
    if not isinstance(value, str):
        raise wrong("is not an account", hint)
    if value.lower() in NOT_ACCOUNTS:
        raise wrong(f'"{value}" is not known', hint)
    if "*" in value:
        raise wrong(f'"{value}" has a wildcard', "write each login name in full")
    if NETWORK_LIKE.fullmatch(value):
        return _network(value)
    if not value.isprintable() or not 0 < len(value) <= MAX_ACCOUNT:
        raise wrong("is not a login name", hint)
    if value != value.strip():
        raise wrong(f'"{value}" begins or ends with a blank', f'write "{value.strip()}"')
    return value


def networks_of(account: str | Network) -> tuple[Network, ...]:
    """Return the networks that one of `accounts` stands for; none for a login name."""
    if isinstance(account, str):
        return LOOPBACKS if account == LOOPBACK else ()
    return (account,)


def _path(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value or "\0" in value:
        raise wrong("is not a path", "write the path of a file in quotes")
    folder = (info.context or {}).get("folder", Path())
    return Path(folder, Path(value).expanduser())


def _regex(value: object) -> str:
    if not isinstance(value, str):
        raise wrong("is not a regular expression", "write it in 'single quotes'")
    try:
        re.compile(value)
    except re.error as error:
        raise wrong(
            f"is not a regular expression: {error}",
            "write it in 'single quotes', where a backslash stays a backslash",
        ) from None
    return value


def _processes(value: object) -> object:
    if value == "auto":
        return min(len(os.sched_getaffinity(0)), MOST_PROCESSES)
    if isinstance(value, str) and not value.isdecimal():
        raise wrong(f'"{value}" is not a number of processes', 'write a whole number, or "auto"')
    return value


def _host(value: object) -> str:
    hint = 'write a bare name like "example.com": no scheme, no port, no @'
    if not isinstance(value, str):
        raise wrong("is not a host name", hint)
    if not value.isascii():
        raise wrong(f'"{value}" is not ASCII', f'write it as "{_punycode(value)}"')
    if not HOST.fullmatch(value):
        raise wrong(f'"{value}" is not a host name', hint)
    return value.lower()


def _header(value: object) -> str:
    hint = 'write a name like "Remote-User"'
    if not isinstance(value, str) or not HEADER.fullmatch(value):
        raise wrong("is not the name of an HTTP header", hint)
    if value.lower() in HEADERS_OF_OTHERS:
        raise wrong(f'"{value}" has a meaning of its own', hint)
    return value.lower()


def _node(value: object) -> str:
    if not isinstance(value, str) or not NODE.fullmatch(value):
        hint = f"at most {LONGEST_NODE} letters, digits, dots, hyphens and underscores"
        raise wrong("is not a name for a machine", hint)
    return value


def _server(value: object) -> str:
    if isinstance(value, str) and ":" in value:
        try:
            return str(ipaddress.IPv6Address(value.removeprefix("[").removesuffix("]")))
        except ValueError:
            raise wrong(f'"{value}" is not a host', "write the port under its own key") from None
    return _host(value)


def _punycode(name: str) -> str:
    try:
        return idna.encode(name, uts46=True).decode(
            "ascii"
        )  # IDNA 2008, as browsers and DNS have it
    except UnicodeError:
        return "xn--…"


def _base_url(value: object) -> str:
    hint = 'write scheme and host alone, like "https://click.example.com"'
    if not isinstance(value, str):
        raise wrong("is not a URL", hint)
    if not URL_TEXT.fullmatch(value):
        more = "" if value.isascii() else ", a name outside ASCII as xn--…"
        raise wrong(f'"{value}" holds characters that a URL may not', f"{hint}{more}")
    _check_base_url(value, hint)
    return value.removesuffix("/")


def _check_base_url(value: str, hint: str) -> None:
    if not re.match(r"https?://", value):
        raise wrong(f'"{value}" is not an http(s) URL', hint)
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise wrong(f'"{value}" is not a URL: {error}', hint) from None
    if not host or "@" in parts.netloc:
        raise wrong(f'"{value}" has no plain host', hint)
    if "?" in value or "#" in value:
        raise wrong(f'"{value}" has a query or a fragment', hint)
    if value.endswith("//") or "//" in parts.path or re.search(r"[\"'<>\\^`{}&|]", value):
        raise wrong(f'"{value}" has something after the host that does not belong there', hint)


def _webhook_url(value: object) -> str:
    hint = 'write the whole URL, like "https://hooks.example.com/clicks"'
    if not isinstance(value, str):
        raise wrong("is not a URL", hint)
    if not URL_TEXT.fullmatch(value) or len(value) > MAX_URL:
        more = "" if value.isascii() else ", a name outside ASCII as xn--…"
        raise wrong("holds characters that a URL may not, or too many", f"{hint}{more}")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise wrong(f"is not a URL: {error}", hint) from None
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise wrong("is not an https URL with a host", hint)
    if not HOST.fullmatch(host) and ":" not in host:
        raise wrong(f'"{host}" is not a host name', hint)
    if "@" in parts.netloc or "#" in value:
        raise wrong("has a login or a fragment, which would not be sent", hint)
    if parts.scheme == "http" and not is_loopback(host):
        raise wrong(
            "is http: who clicked what would cross the network unencrypted", "write https://"
        )
    return value


@dataclass(frozen=True, slots=True)
class Kind:
    """The name that the manual has for a kind of value."""

    name: str


@dataclass(frozen=True, slots=True)
class AlsoAlone:
    """Marks an array of tables that is most often one table: `[name]` in the manual, and in files."""


Item = TypeVar("Item")
Many = Annotated[tuple[Item, ...], Field(strict=False)]
"""A TOML array, read into a tuple."""
Seconds = Annotated[
    float,
    BeforeValidator(_duration),
    Field(allow_inf_nan=False),
    PlainSerializer(format_duration),
    Kind("duration"),
]
ShortSeconds = Annotated[Seconds, AfterValidator(_within_an_hour)]
"""Up to an hour."""
Rate = Annotated[
    float, BeforeValidator(_rate), PlainSerializer(format_rate), Kind("number per unit of time")
]
Octets = Annotated[ByteSize, PlainSerializer(format_size), Kind("size")]
ListenAddress = Annotated[
    Address, PlainValidator(_address), PlainSerializer(str), Kind("host:port")
]
Account = Annotated[
    str | Network,
    PlainValidator(_account),
    PlainSerializer(str),
    Kind('login name, network or "loopback"'),
]
NetworkRange = Annotated[Network, PlainValidator(_network), PlainSerializer(str), Kind("network")]
Processes = Annotated[
    int,
    BeforeValidator(_processes),
    Field(ge=1, le=MOST_PROCESSES),
    Kind('whole number or "auto"'),
]
FilePath = Annotated[Path, BeforeValidator(_path), PlainSerializer(str), Kind("path")]
Regex = Annotated[str, BeforeValidator(_regex), Kind("regular expression")]
HostName = Annotated[str, BeforeValidator(_host), Kind("host name")]
HeaderName = Annotated[str, BeforeValidator(_header), Kind("HTTP header")]
ServerName = Annotated[str, BeforeValidator(_server), Kind("host name or address")]
BaseUrl = Annotated[str, BeforeValidator(_base_url), Kind("URL")]
WebhookUrl = Annotated[str, BeforeValidator(_webhook_url), Kind("URL")]
NodeName = Annotated[str, BeforeValidator(_node), Kind("name")]
