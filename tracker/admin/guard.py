"""Who may use the admin listener.

Owns: the password, in HTTP Basic (RFC 7617) or as a bearer token (RFC 6750), and the check that
keeps a page in somebody's browser from asking for the listener on its own machine (DNS rebinding).
Does not own: what is answered then (`admin`), or which addresses need a password
(`config.loading.rules`).
"""

import base64
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response

from config.addresses import is_loopback
from config.telemetry import observe
from tracker.admin.responses import json_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PATHS = frozenset({"/healthz", "/internal/ask"})
"""These need no password: the programs that ask have none. Their answers are no secret."""


class Guard:
    """An ASGI application that lets requests through to another, or refuses them.

    With a password, every request but those of OPEN_PATHS must carry it. Without one, requests must
    name the loopback as their host, as only programs of this machine do.
    """

    def __init__(self, app: "ASGIApp", password: Callable[[], bytes] | None = None) -> None:
        self._app = app
        self._password = password

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request."""
        refusal = self._refusal(Headers(scope=scope), scope["path"])
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - it was answered; the log gets no traceback
            observe.log(observe.ADMIN_FAILED, path=scope["path"], error=repr(error))

    def _refusal(self, headers: Headers, path: str) -> Response | None:
        if self._password is None:
            return None if names_loopback(headers.getlist("host")) else _misdirected()
        if path in OPEN_PATHS:
            return None
        password = password_in(headers.get("authorization", ""))
        if password is not None and hmac.compare_digest(password, self._password()):
            return None
        return _unauthorized()


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
