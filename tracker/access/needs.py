"""What a page or an operation of the API needs of whoever asks for it.

Owns: finding the access of a request, and the error for those who lack a scope: 403.
Does not own: scopes (`access`), who has which (`guard`), or how an error looks, as a page or in
JSON (the application that serves the request).
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import cast

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from config.telemetry import observe
from tracker.access.access import NOTHING, Access, Scope

STATE_KEY = "access"
"""Where `guard` puts the access into the state of an ASGI scope."""

AUTHENTICATOR_KEY = "authenticator"
"""Where the login form finds who judges what it is given."""

Endpoint = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]


class Forbidden(HTTPException):
    """403: whoever asks is known, and lacks a scope."""

    def __init__(self, access: Access, missing: tuple[Scope, ...]) -> None:
        who = access.name or "whoever asks"
        super().__init__(403, f"this needs the scope {' and '.join(missing)}, which {who} has not")


def access_of(request: Request) -> Access:
    """Return who asks, and what for; NOTHING where no `guard` stands in front."""
    return cast("Access", request.scope.get("state", {}).get(STATE_KEY, NOTHING))


def require(request: Request, *scopes: Scope) -> Access:
    """Return who asks; raises Forbidden where they lack one of `scopes`."""
    access = access_of(request)
    if missing := access.missing(*scopes):
        observe.ADMIN_REFUSED.labels("scope").inc()
        raise Forbidden(access, missing)
    return access


def needs(*scopes: Scope) -> Callable[[Request], Awaitable[Access]]:
    """Return a dependency for FastAPI: `Depends(needs(Scope.PERSONS))`; it does as `require`."""

    async def dependency(request: Request) -> Access:
        return require(request, *scopes)

    return dependency


def only(endpoint: Endpoint, *scopes: Scope) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint of Starlette that does as `require`, and then what `endpoint` does."""

    async def checked(request: Request) -> Response:
        require(request, *scopes)
        if inspect.iscoroutinefunction(endpoint):
            return cast("Response", await endpoint(request))
        return await run_in_threadpool(cast("Callable[[Request], Response]", endpoint), request)

    return checked
