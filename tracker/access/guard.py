"""Who may use the admin listener.

Owns: the password, in HTTP Basic (RFC 7617) or as a bearer token (RFC 6750), how often an address
may try one, and the check that keeps a page in somebody's browser from asking for the listener on
its own machine (DNS rebinding).
Does not own: what somebody may ask for then (`access`), the answer (`tracker.admin`), the window in which tries count (`config.throttle`),
which address a request comes from (`config.forwarded`), or which addresses need a password
(`config.loading.rules`).
"""

import base64
import hmac
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response

from config.addresses import IpAddress, Network, is_loopback
from config.forwarded import client_address
from config.telemetry import observe
from config.throttle import Throttle
from tracker.access.access import EVERYTHING
from tracker.access.needs import STATE_KEY
from tracker.answers.responses import json_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PATHS = frozenset({"/healthz", "/internal/ask"})
"""These need no password: the programs that ask have none. Their answers are no secret."""

MAX_WRONG_PASSWORDS = 10
"""Of one address within `config.throttle.WINDOW_S`; then passwords of that address are not looked at."""


class Guard:
    """An ASGI application that lets requests through to another, or refuses them.

    With a password, every request but those of OPEN_PATHS must carry it. Where `password` returns
    None, requests must name the loopback as their host, as only programs of this machine do.
    `trusted_proxies` returns the networks of web servers that say for whom they ask.
    """

    def __init__(
        self,
        app: "ASGIApp",
        password: Callable[[], bytes | None] = lambda: None,
        trusted_proxies: Callable[[], Sequence[Network]] = tuple,
    ) -> None:
        self._app = app
        self._password = password
        self._trusted_proxies = trusted_proxies
        self._throttle = Throttle(MAX_WRONG_PASSWORDS)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request."""
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        scope["state"] = scope.get("state", {}) | {STATE_KEY: EVERYTHING}
        try:
            await self._app(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - it was answered; the log gets no traceback
            observe.log(observe.ADMIN_FAILED, path=scope["path"], error=repr(error))

    def _refusal(self, scope: "Scope") -> Response | None:
        headers = Headers(scope=scope)
        password = self._password()
        if password is None:
            return None if names_loopback(headers.getlist("host")) else _misdirected()
        if scope["path"] in OPEN_PATHS:
            return None
        given = password_in(headers.get("authorization", ""))
        if given is None:
            return _unauthorized()
        return self._judged(given, password, self._address(scope))

    def _judged(self, given: bytes, right: bytes, address: IpAddress | None) -> Response | None:
        """Compare passwords, unless the address has tried too many wrong ones."""
        wait_s = self._throttle.wait_s(address)
        if wait_s:
            return _too_many(wait_s)
        if hmac.compare_digest(given, right):
            return None
        self._throttle.failed(address)
        client = str(address or "unknown")
        observe.log(observe.ADMIN_PASSWORD_WRONG, client=client)
        if not self._throttle.left(address):
            observe.log(observe.ADMIN_LOCKED, client=client)
        return _unauthorized()

    def _address(self, scope: "Scope") -> IpAddress | None:
        peer = scope["client"]
        return client_address(peer[0] if peer else None, scope["headers"], self._trusted_proxies())


def names_loopback(hosts: list[str]) -> bool:
    """Return whether a request has exactly one Host field, and that names this machine."""
    try:
        return len(hosts) == 1 and is_loopback(urlsplit(f"//{hosts[0]}").hostname or "")
    except ValueError:
        return False


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


def _misdirected() -> Response:
    observe.ADMIN_REFUSED.labels("host").inc()
    return json_response(
        {"error": "without a password, ask for localhost or an address of the loopback"}, 421
    )


def _unauthorized() -> Response:
    observe.ADMIN_REFUSED.labels("password").inc()
    return json_response(
        {"error": "the password of [tracker] admin_password_file is needed"},
        401,
        {"www-authenticate": 'Basic realm="Waypost", charset="UTF-8"'},
    )


def _too_many(wait_s: float) -> Response:
    observe.ADMIN_REFUSED.labels("too_many").inc()
    return json_response(
        {"error": "too many wrong passwords from your address"},
        429,
        {"retry-after": str(math.ceil(wait_s))},
    )
