"""What is asked over HTTP, read: what is understood, what is not, and within which bounds."""

import pytest
from pydantic import BaseModel, ConfigDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.clients.admin import JSON, Client, serving
from tracker.answers.errors import InvalidRequest
from tracker.api.requests import parse_query


async def test_a_query_that_makes_no_sense_names_its_field(client: Client) -> None:
    """400, and each problem with the field that it is in."""
    answer = await client.ask("/api/v1/report?since=yesterday&campain=x")
    assert answer.status == 400
    assert {each["field"] for each in answer.json["problems"]} == {"since", "campain"}
    assert "campain" in answer.json["error"]


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""]
)
async def test_only_json_is_taken(client: Client, content_type: str) -> None:
    """A form of somebody else's page cannot make links with a visitor's password (CSRF)."""
    body = b'{"url": "https://example.com/"}'
    answer = await client.ask("/api/v1/links", "POST", body, content_type=content_type)
    assert (answer.status, list(answer.json)) == (415, ["error"])


async def test_a_body_has_bounds(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """In size and in time."""
    answer = await client.ask("/api/v1/links", "POST", b" " * 70_000, content_type=JSON)
    assert answer.status == 413
    monkeypatch.setattr("tracker.api.requests.BODY_TIMEOUT_S", 0.1)
    answer = await client.ask(
        "/api/v1/links", "POST", b"{", content_type=JSON, content_length="100"
    )
    assert answer.status == 408


async def test_bodies_arrive_whole() -> None:
    """In pieces or at once, on a connection that goes on."""

    async def length(request: Request) -> Response:
        return Response(str(len(await request.body())))

    async with serving(Starlette(routes=[Route("/", length, methods=["POST"])])) as client:
        for octets in (0, 10, 100_000):
            assert (await client.ask("/", "POST", b"x" * octets)).body == str(octets).encode()


class Query(BaseModel):
    """What may be asked in these tests."""

    model_config = ConfigDict(extra="forbid")

    most: int = 10


def request(query: bytes) -> Request:
    """Return a request with a query."""
    return Request({"type": "http", "query_string": query, "headers": []})


def test_a_query_is_read_into_its_model() -> None:
    """With its defaults; of a name that comes twice, the last counts."""
    assert parse_query(Query, request(b"")).most == 10
    assert parse_query(Query, request(b"most=3&most=4")).most == 4


@pytest.mark.parametrize(("query", "field"), [(b"most=x", "most"), (b"least=1", "least")])
def test_each_problem_of_a_query_has_its_field(query: bytes, field: str) -> None:
    """In the error's own text as well."""
    with pytest.raises(InvalidRequest) as raised:
        parse_query(Query, request(query))
    ((named, problem),) = raised.value.problems
    assert (named, str(raised.value)) == (field, f"{field}: {problem}")
