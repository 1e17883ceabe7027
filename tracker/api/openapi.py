"""The OpenAPI document of the API, written from the table of its operations.

Owns: what an operation says of itself, and how that reads in OpenAPI 3.1.
Does not own: the operations (`reports`, `links`, `persons`).
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

Endpoint = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that the API does.

    `query` and `body` are the models that say what may be asked; `answer` describes what comes
    back with `status`, whose schema is `returns`.
    """

    method: str
    path: str
    endpoint: Endpoint
    summary: str
    answer: str
    returns: Json
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    status: int = 200


def document(operations: Iterable[Operation]) -> Json:
    """Return the OpenAPI document of these operations."""
    paths: dict[str, Json] = {}
    schemas: Json = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Waypost", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
        "security": [{}, {"basic": []}, {"bearer": []}],
    }


def _operation(operation: Operation, schemas: Json) -> Json:
    described: Json = {
        "summary": operation.summary,
        "responses": {
            str(operation.status): _response(operation.answer, operation.returns),
            "400": _response("What is wrong with which field", PROBLEMS),
            "503": _response("Not possible now; try again", ERROR),
        },
    }
    if operation.query is not None:
        described["parameters"] = _parameters(operation.query)
    if operation.body is not None:
        described["requestBody"] = {"required": True, **_content(_schema(operation.body, schemas))}
    return described


def _schema(model: type[BaseModel], schemas: Json) -> Json:
    """Return the schema of a body; what it refers to goes into `schemas`, the document's own."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    return schema


def _parameters(model: type[BaseModel]) -> list[Json]:
    schema = model.model_json_schema()
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": each}
        for name, each in schema["properties"].items()
    ]


def _response(description: str, schema: Json) -> Json:
    return {"description": description, **_content(schema)}


def _content(schema: Json) -> Json:
    return {"content": {"application/json": {"schema": schema}}}


def object_of(properties: dict[str, Json], *marks: str) -> Json:
    """Return the schema of an object that has all of these properties.

    A mark is one that it has only where it is true.
    """
    marked: Json = {mark: {"const": True} for mark in marks}
    return {"type": "object", "properties": properties | marked, "required": list(properties)}


def array_of(item: Json) -> Json:
    """Return the schema of an array of such items."""
    return {"type": "array", "items": item}


INTEGER: Json = {"type": "integer"}
STRING: Json = {"type": "string"}
ERROR = object_of({"error": STRING})
PROBLEM = object_of({"field": STRING, "problem": STRING})
PROBLEMS = object_of({"error": STRING, "problems": array_of(PROBLEM)})
