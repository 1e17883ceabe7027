"""What tests of the guard share: a small application behind it, and somebody who asks."""

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.clients.admin import Client, serving
from tracker.access.needs import access_of


async def _told(request: Request) -> Response:
    """Tell who asks, as the guard found it."""
    access = access_of(request)
    return JSONResponse({"name": access.name, "scopes": sorted(access.scopes)})


@pytest.fixture
def app() -> Starlette:
    """Return an application that tells who asks, on every path."""
    return Starlette(routes=[Route("/{path:path}", _told, methods=["GET", "POST"])])


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[Client]:
    """Ask a listener without a password."""
    async with serving(app) as client:
        yield client
