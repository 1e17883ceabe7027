"""What a request says of who asks: its password, cookie, login header, and where it comes from.

Owns: reading it. Whatever the octets are, nothing is raised.
Does not own: whether any of it is right (`authentication`), or which address a request comes from
behind web servers (`config.forwarded`).
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from config.addresses import IpAddress, Network, is_loopback, within
from config.forwarded import client_address, client_is_secure, parse_address

if TYPE_CHECKING:
    from starlette.types import Scope

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MOST_NAME_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `peer` is who connected, None where that is unknown."""

    method: str
    headers: Headers
    peer: str | None
    trusted_proxies: Sequence[Network]

    @classmethod
    def of(cls, scope: "Scope", trusted_proxies: Sequence[Network]) -> Self:
        """Return what an ASGI scope says."""
        peer = scope.get("client")
        host = peer[0] if peer else None
        return cls(scope["method"], Headers(scope=scope), host, trusted_proxies)

    @property
    def address(self) -> IpAddress | None:
        """The address of the client, seen through the web servers of the operator's own."""
        return client_address(self.peer, self.headers.raw, self.trusted_proxies)

    @property
    def is_secure(self) -> bool:
        """Whether the client itself used HTTPS; the admin listener speaks HTTP only."""
        return client_is_secure(self.peer, self.headers.raw, self.trusted_proxies, tls=False)

    @property
    def is_of_a_proxy(self) -> bool:
        """Whether a web server of the operator's own connected: by its address, not by its word."""
        address = parse_address(self.peer or "")
        return address is not None and within(address, self.trusted_proxies)

    @property
    def names_loopback(self) -> bool:
        """Whether it has exactly one Host field, and that names this machine."""
        hosts = self.headers.getlist("host")
        try:
            return len(hosts) == 1 and is_loopback(urlsplit(f"//{hosts[0]}").hostname or "")
        except ValueError:
            return False

    @property
    def password(self) -> bytes | None:
        """The password or token of its Authorization field; the user's name is ignored."""
        return password_in(self.headers.get("authorization", ""))

    def cookie(self, name: str) -> str | None:
        """Return the value of a cookie."""
        return cookie_parser("; ".join(self.headers.getlist("cookie"))).get(name)

    def login_name(self, header: str) -> str | None:
        """Return whom a field names; None where it names nobody, or there are several fields."""
        values = self.headers.getlist(header)
        if len(values) != 1:
            return None
        try:
            name = values[0].encode("latin-1").decode().strip()
        except UnicodeDecodeError:
            return None
        return name if 0 < len(name) <= MOST_NAME_CHARACTERS and name.isprintable() else None

    @property
    def is_forged(self) -> bool:
        """Whether a page of another site may have had a browser send it.

        Browsers say so over HTTPS and on the loopback (Fetch Metadata); elsewhere the origin has to
        be this host. Programs say neither. Whatever only reads may come from anywhere.
        """
        if self.method in SAFE_METHODS:
            return False
        site = self.headers.get("sec-fetch-site")
        if site is not None:
            return site not in {"same-origin", "none"}
        origin = self.headers.get("origin")
        return origin is not None and not self._is_ours(origin)

    def _is_ours(self, origin: str) -> bool:
        try:
            host = urlsplit(origin).netloc.lower()
        except ValueError:
            return False
        ours = self.headers.getlist("host")
        if self.is_of_a_proxy:
            ours += self.headers.getlist("x-forwarded-host")
        return bool(host) and host in (each.lower() for each in ours)

    @property
    def is_a_person(self) -> bool:
        """Whether a browser asks for a page, to show it to somebody."""
        mode = self.headers.get("sec-fetch-mode", "navigate")
        accepts = "text/html" in self.headers.get("accept", "")
        return self.method == "GET" and accepts and mode == "navigate"

    @property
    def is_a_script(self) -> bool:
        """Whether a page's script asks, or the page for a part of it."""
        return self.headers.get("sec-fetch-mode", "navigate") != "navigate"

    @property
    def is_led_here(self) -> bool:
        """Whether a link of another site led here: then a browser keeps its cookies back."""
        return self.headers.get("sec-fetch-site") in {"cross-site", "same-site"}


def password_in(authorization: str) -> bytes | None:
    """Return the password or token of an Authorization field; the user's name is ignored."""
    scheme, _, credentials = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip().encode("latin-1")
        case "basic":
            try:
                pair = base64.b64decode(credentials.strip(), validate=True)
            except ValueError:  # binascii.Error, or characters beyond ASCII
                return None
            return pair.partition(b":")[2]
    return None


def own_path(text: str) -> str:
    """Return `text` where a browser takes it for a path of this host, and "/" for all else.

    Backslashes are slashes to browsers, and they leave out controls (WHATWG URL).
    """
    is_plain = all("!" <= each <= "~" for each in text) and "\\" not in text
    is_path = text.startswith("/") and not text.startswith("//")
    return text if is_plain and is_path and len(text) <= MOST_PATH_CHARACTERS else "/"


MOST_PATH_CHARACTERS = 4096
