"""The document that describes the API: what it lists is what there is."""

import json
import re
from typing import Any

import pytest

from tests.support.clients.admin import Client
from tracker.admin.admin import Admin
from tracker.api.api import PREFIX


@pytest.fixture
async def told(client: Client) -> Any:
    """Return the document as it is served."""
    answer = await client.ask("/api/v1/openapi.json")
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    return answer.json


async def test_the_document_tells_each_operation(told: Any, client: Client, admin: Admin) -> None:
    """What it lists is what there is."""
    assert told["openapi"].startswith("3.1")
    listed = {(method.upper(), path) for path, each in told["paths"].items() for method in each}
    assert listed == {(each.method, f"{PREFIX}{each.path}") for each in admin.api.operations}
    for method, path in listed:
        assert (await client.ask(path.replace("{id}", "x"), method)).status not in {404, 405}


def test_parameters_and_bodies_are_those_of_the_operations(told: Any) -> None:
    """With what each means, and which are required."""
    parameters = told["paths"]["/api/v1/report"]["get"]["parameters"]
    assert {each["name"]: each["required"] for each in parameters} == dict.fromkeys(
        ["campaign", "since", "until"], False
    )
    assert "from this day on" in parameters[0]["description"]
    (identifier,) = told["paths"]["/api/v1/identify"]["get"]["parameters"]
    assert (identifier["name"], identifier["required"]) == ("id", True)
    body = told["paths"]["/api/v1/links"]["post"]["requestBody"]
    assert body["required"]
    assert list(body["content"]) == ["application/json"]


def test_what_is_referred_to_is_there_and_nothing_else(told: Any) -> None:
    """FastAPI's own errors are not: ours are answered instead."""
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(told)))
    assert named == set(told["components"]["schemas"])
    assert '"#/$defs/' not in json.dumps(told)


def test_each_operation_tells_its_answer_its_scopes_and_what_may_go_wrong(
    told: Any, admin: Admin
) -> None:
    """The status of success is its own; of the rest, most are everybody's."""
    for each in admin.api.operations:
        operation = told["paths"][f"{PREFIX}{each.path}"][each.method.lower()]
        expected = {str(each.status), "400", "401", "403", "421", "429", "503"}
        if each.method == "POST":
            expected |= {"408", "413", "415"}
        if each.may_be_unknown:
            expected |= {"404"}
        assert set(operation["responses"]) == expected | set(map(str, each.also))
        assert operation["x-scopes"] == [str(scope) for scope in each.scopes] != []
        assert operation["summary"].endswith(".")
        for response in operation["responses"].values():
            assert response["content"]["application/json"]["schema"] != {}


def test_it_says_how_one_shows_who_one_is(told: Any) -> None:
    """Not at all, or in one of these ways."""
    assert told["security"] == [{}, *({name: []} for name in told["components"]["securitySchemes"])]
    assert {"basic", "bearer"} <= set(told["components"]["securitySchemes"])
