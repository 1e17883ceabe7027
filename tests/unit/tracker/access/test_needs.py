"""What pages and operations need, and what those hear who lack it."""

from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.clients.admin import Client
from tests.support.http_server import serving
from tracker.access.access import EVERYTHING, NOTHING, Access, Scope
from tracker.access.needs import STATE_KEY, Forbidden, access_of, needs, only, require
from tracker.listener import asgi

FIGURES_ALONE = Access.of("grafana", Scope.FIGURES)


def request(access: Access | None) -> Request:
    """Return a request as it comes from the guard; None: there was none in front."""
    state = {} if access is None else {"state": {STATE_KEY: access}}
    return Request({"type": "http", "headers": [], **state})


def test_the_access_is_what_the_guard_found() -> None:
    """Where no guard stood in front, nobody may do anything."""
    assert access_of(request(FIGURES_ALONE)) is FIGURES_ALONE
    assert access_of(request(None)) is NOTHING


def test_who_has_the_scopes_gets_on() -> None:
    """And is told to the endpoint."""
    assert require(request(EVERYTHING), *Scope) is EVERYTHING


def test_who_lacks_one_is_told_which() -> None:
    """By name, so that the operator knows which token it is."""
    with pytest.raises(Forbidden, match="needs the scope persons and links, which grafana has not"):
        require(request(FIGURES_ALONE), *Scope)
    with pytest.raises(Forbidden, match="needs the scope persons, which whoever asks has not"):
        require(request(NOTHING), Scope.PERSONS)


async def asynchronous(_request: Request) -> Response:
    """Answer in the event loop."""
    return JSONResponse(["shown"])


def blocking(_request: Request) -> Response:
    """Answer in a thread."""
    return JSONResponse(["shown"])


def of_starlette() -> Starlette:
    """Return pages: each asks for a scope in another way."""
    ways = {"/a": asynchronous, "/b": blocking}
    return Starlette(
        routes=[Route(path, only(endpoint, Scope.PERSONS)) for path, endpoint in ways.items()]
    )


def of_fastapi() -> FastAPI:
    """Return an API whose operations declare their scope."""
    app = FastAPI()

    @app.get("/a", dependencies=[Depends(needs(Scope.PERSONS))])
    async def a() -> list[str]:
        return ["shown"]

    @app.get("/b")
    def b(access: Annotated[Access, Depends(needs(Scope.PERSONS))]) -> list[str]:
        return ["shown"] if Scope.PERSONS in access.scopes else []

    return app


@pytest.mark.parametrize("make", [of_starlette, of_fastapi])
@pytest.mark.parametrize("path", ["/a", "/b"])
@pytest.mark.parametrize(
    ("access", "status"), [(EVERYTHING, 200), (FIGURES_ALONE, 403), (None, 403)]
)
async def test_pages_and_api_show_nothing_without_the_scope(
    make: type[Starlette], path: str, access: Access | None, status: int
) -> None:
    """Whichever framework serves them, and whether they block or not."""
    app = make()

    async def behind_a_guard(scope, receive, send) -> None:
        if access is not None:
            scope["state"] = {STATE_KEY: access}
        await app(scope, receive, send)

    async with serving(asgi.serving(behind_a_guard)) as served:
        answer = await Client(served.port).ask(path)
    assert (answer.status, b"shown" in answer.body) == (status, status == 200)
