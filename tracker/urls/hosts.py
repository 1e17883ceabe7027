"""The host that a destination leads to, and the hosts that a configuration names.

Owns: a destination's host as a browser would ask for it (WHATWG URL §4.4), which hosts lie below
one, and the tracking hosts of ours.
Does not own: what follows from a host (`proxy.policy`, `tracker.minting.request`,
`tracker.decisions.overrides`).
"""

import contextlib
import re
from collections.abc import Collection
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

import idna

from config.schema import Config, SenderConfig

# After the scheme: authority, path, query, fragment. A backslash is a slash in http(s).
SHAPE: Final = re.compile(
    r"(https?:[/\\]*)([^/\\?#]*)([^?#]*)((?:\?[^#]*)?)((?:#.*)?)\Z", re.IGNORECASE | re.DOTALL
)
PORT: Final = re.compile(r":[0-9]*\Z")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def host(destination: str) -> str:
    """Return the host of a destination, as browsers write it, without port and final dot."""
    shape = SHAPE.match(destination)
    if shape is None:
        return ""
    name = PORT.sub("", shape[2].rpartition("@")[2])
    text = unquote_to_bytes(name).decode("utf-8", "replace").lower()
    if not text.isascii():
        with contextlib.suppress(UnicodeError):  # no browser asks for it; told as it stands
            text = ascii_domain(text)
    return text.rstrip(".") or text


def ascii_domain(name: str) -> str:
    """Write a host in punycode, as every browser sends it; raises UnicodeError."""
    return idna.encode(name, uts46=True).decode("ascii")


def is_below(name: str, hosts: Collection[str]) -> bool:
    """Return whether a host is one of `hosts`, or a subdomain of one; all in lower case."""
    while name:
        if name in hosts:
            return True
        name = name.partition(".")[2]
    return False


def base_urls(config: Config, sender: SenderConfig | None) -> tuple[str, ...]:
    """Return all base URLs of tracked links, that of `sender` (or else the workspace's) first."""
    own = (sender and sender.base_url) or config.tracking.base_url
    return tuple(dict.fromkeys((own, *config.base_urls)))


def own_hosts(urls: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern of URLs that lead to one of these; scheme and case do not matter."""
    return re.compile(rf"https?://(?:[^/?#@]*@)?(?:{'|'.join(map(_place, urls))})", re.IGNORECASE)


def _place(url: str) -> str:
    parts = urlsplit(url)
    default = parts.port in (None, _DEFAULT_PORTS[parts.scheme])
    port = "(?::80|:443)?" if default else f":{parts.port}"
    name = re.escape(parts.netloc.rpartition("@")[2].removesuffix(f":{parts.port}"))
    return rf"{name}\.?{port}{re.escape(parts.path.rstrip('/'))}(?=[/?#]|$)"
