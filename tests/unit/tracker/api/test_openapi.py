"""The document that describes the API: what it lists is what there is."""

import json
import re

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from tests.support.clients.admin import serving
from tracker.admin.admin import Admin
from tracker.api import openapi
from tracker.api.openapi import INTEGER, STRING, Operation, array_of, object_of
from tracker.decisions.consents import Consent


async def test_the_openapi_document_tells_each_operation(admin: Admin) -> None:
    """What it lists is what there is."""
    async with serving(admin.app) as client:
        document = (await client.ask("/api/v1/openapi.json")).json
        assert document["openapi"].startswith("3.1")
        told = {
            (method.upper(), path) for path, each in document["paths"].items() for method in each
        }
        assert told == {(each.method, each.path) for each in admin.operations}
        for method, path in told:
            assert (await client.ask(path, method)).status not in {404, 405}
        parameters = document["paths"]["/api/v1/report"]["get"]["parameters"]
        assert [each["name"] for each in parameters] == ["campaign", "since", "until"]
        for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
            assert "enum" in document["components"]["schemas"][name]
        assert '"#/$defs/' not in json.dumps(document)


class Query(BaseModel):
    """A query of which one part is required."""

    name: str = Field(description="Whose.")
    most: int = 10


class Body(BaseModel):
    """A body that refers to another schema."""

    consent: Consent


async def endpoint(_request: Request) -> Response:
    """Answer nothing."""
    return Response()


READ = Operation("GET", "/things", endpoint, "Read.", "Them", array_of(STRING), query=Query)
WRITE = Operation("POST", "/things", endpoint, "Write.", "It", INTEGER, body=Body, status=201)


def test_operations_of_one_path_stand_together() -> None:
    """By their methods, in lower case, each with its summary."""
    paths = openapi.document([READ, WRITE])["paths"]
    assert {method: each["summary"] for method, each in paths["/things"].items()} == {
        "get": "Read.", "post": "Write.",
    }  # fmt: skip


def test_a_query_is_told_as_parameters() -> None:
    """With what is required."""
    told = openapi.document([READ])["paths"]["/things"]["get"]
    assert [(each["name"], each["in"], each["required"]) for each in told["parameters"]] == [
        ("name", "query", True),
        ("most", "query", False),
    ]
    assert told["parameters"][0]["schema"]["description"] == "Whose."
    assert "requestBody" not in told


def test_what_a_body_refers_to_stands_among_the_components() -> None:
    """A reference leads there."""
    document = openapi.document([WRITE])
    told = document["paths"]["/things"]["post"]["requestBody"]
    schema = told["content"]["application/json"]["schema"]
    assert told["required"]
    assert schema["properties"]["consent"] == {"$ref": "#/components/schemas/Consent"}
    assert document["components"]["schemas"]["Consent"]["enum"] == ["none", "anonymous", "full"]


def test_each_operation_tells_its_answer_and_what_may_go_wrong() -> None:
    """The status of success is its own; 400 and 503 are everybody's."""
    responses = openapi.document([WRITE])["paths"]["/things"]["post"]["responses"]
    assert set(responses) == {"201", "400", "503"}
    assert responses["201"]["content"]["application/json"]["schema"] == INTEGER


def test_an_object_has_all_of_its_properties() -> None:
    """So that whoever reads it need not ask for each."""
    assert object_of({"a": STRING, "b": INTEGER}) == {
        "type": "object",
        "properties": {"a": STRING, "b": INTEGER},
        "required": ["a", "b"],
    }
