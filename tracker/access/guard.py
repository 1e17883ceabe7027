"""The door of the admin listener: requests are let in, or answered here.

Owns: the order of what is looked at, the paths that are open to everybody, and the checks that keep
pages of other sites in somebody's browser from asking here (DNS rebinding, forged forms).
Does not own: who asks (`authentication`), what they may ask for (`needs`), how a refusal looks
(`refusals`), or which addresses need a password (`config.loading.rules`).
"""

from functools import partial
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from config.telemetry import observe
from tracker.access import refusals
from tracker.access.access import EVERYTHING, NOTHING, Access
from tracker.access.asked import Asked
from tracker.access.authentication import Authenticator, Refused
from tracker.access.lasting import LastingAnswer
from tracker.access.needs import AUTHENTICATOR_KEY, STATE_KEY

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PATHS = frozenset(
    {
        *("/healthz", "/readyz", "/readyz/tracker", "/readyz/proxy", "/internal/ask"),
        *(refusals.LOGIN, refusals.LOGOUT),
    }
)
"""These need no password: the programs that ask have none, or people are about to say it."""

OPEN_FOLDER = "/static/"
"""What pages are made of, the login form as well."""


class Guard:
    """An ASGI application that lets requests through to another, or refuses them.

    With a password, every request but those for what is open must say who asks. Without, requests
    must name the loopback as their host, as only programs of this machine do.
    """

    def __init__(self, app: "ASGIApp", authenticator: Authenticator) -> None:
        self._app = app
        self._authenticator = authenticator

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request."""
        asked = Asked.of(scope, self._authenticator.trusted_proxies)
        found = await self._access(asked, scope)
        if isinstance(found, Response):
            await found(scope, receive, send)
            return
        ours = {STATE_KEY: found, AUTHENTICATOR_KEY: self._authenticator}
        scope["state"] = scope.get("state", {}) | ours
        try:
            still = partial(self._is_still, found, asked)
            await self._app(scope, receive, LastingAnswer(send, still))
        except ClientDisconnect:
            raise  # before its body had come: no fault of ours, and nobody is there to be answered
        except Exception as error:  # noqa: BLE001 - it was answered; the log gets no traceback
            observe.log(observe.ADMIN_FAILED, path=_without_names(scope), error=repr(error))

    async def _access(self, asked: Asked, scope: "Scope") -> Access | Response:
        """Return who asks, or what they are answered instead."""
        if self._authenticator.is_open and not asked.names_loopback:
            return refusals.misdirected()
        if asked.is_forged:
            return refusals.forged()
        if self._authenticator.is_open:
            return EVERYTHING
        if scope["path"] in OPEN_PATHS or scope["path"].startswith(OPEN_FOLDER):
            return NOTHING
        try:
            access = await self._authenticator.access_of(asked)
        except Refused as why:
            return refusals.refused(asked, why)
        return refusals.unknown(asked, _url(scope)) if access is None else access

    async def _is_still(self, access: Access, asked: Asked) -> bool:
        """Return whether somebody who was let in would be now; where that is not known, they are."""
        if access is NOTHING or self._authenticator.is_open:
            return True
        try:
            now = await self._authenticator.access_of(asked)
        except Refused as why:
            return why.reason != "password"
        return now is not None and access.scopes <= now.scopes


def _url(scope: "Scope") -> str:
    """Return path and query as they were asked for."""
    query = scope["query_string"]
    octets = scope["raw_path"] + (b"?" + query if query else b"")
    return str(octets.decode("latin-1"))


def _without_names(scope: "Scope") -> str:
    """Return the path without what it names, as a person: the log is kept when they are forgotten."""
    path = str(scope["path"])
    for name, value in scope.get("path_params", {}).items():
        before, found, after = path.rpartition(str(value))
        path = f"{before}{{{name}}}{after}" if found else path
    return path
