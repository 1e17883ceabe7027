"""An operation as it is declared, and the route that comes of it."""

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from tests.support.clients.admin import JSON, serving
from tracker.access.access import Scope
from tracker.answers.errors import ERROR_HANDLERS
from tracker.api.operations import Json, Operation
from tracker.api.requests import JsonRoute


class Thing(BaseModel):
    """What is answered."""

    name: str
    mark: bool = True


def read() -> Json:
    """Read a thing.

    It is there.
    """
    return {"name": "x", "person": "a@example.org"}


def write(body: Thing) -> Json:
    """Write a thing."""
    return {"name": body.name, "mark": body.mark}


READ = Operation("GET", "/thing", read, Thing, "It", (Scope.FIGURES,))
WRITE = Operation("POST", "/thing", write, Thing, "It", (Scope.PERSONS, Scope.LINKS), status=201)


def application() -> FastAPI:
    """Return an application of these operations."""
    router = APIRouter(route_class=JsonRoute)
    for each in (READ, WRITE):
        each.add_to(router)
    app = FastAPI(exception_handlers=ERROR_HANDLERS)
    app.include_router(router)
    return app


async def test_an_answer_has_what_its_model_names_and_no_more() -> None:
    """Neither what nobody described, nor a mark that was not set."""
    async with serving(application()) as client:
        assert (await client.ask("/thing")).json == {"name": "x"}
        answer = await client.ask("/thing", "POST", b'{"name": "y"}', content_type=JSON)
        assert (answer.status, answer.json) == (201, {"name": "y", "mark": True})


def test_it_is_described_by_its_documentation() -> None:
    """The first line is the summary, and the scopes that it needs are told."""
    paths = application().openapi()["paths"]["/thing"]
    assert paths["get"]["summary"] == "Read a thing."
    assert paths["get"]["description"] == "It is there.\n\nNeeds the scope `figures`."
    assert paths["post"]["description"] == "Needs the scope `persons` and `links`."
    assert paths["post"]["x-scopes"] == ["persons", "links"]


def test_what_may_go_wrong_depends_on_what_is_taken() -> None:
    """Only bodies may be too large."""
    paths = application().openapi()["paths"]["/thing"]
    assert set(paths["post"]["responses"]) - set(paths["get"]["responses"]) >= {"413", "415"}
