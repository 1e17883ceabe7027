"""The document that describes the API, in OpenAPI 3.1.

Owns: what it says beyond what FastAPI writes of each operation, and leaving out what we answer otherwise.
Does not own: the operations (`operations`), or serving it (`api`).
"""

from collections.abc import Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

Json = dict[str, Any]

TITLE = "Waypost"
VERSION = "1"
DESCRIPTION = """\
Figures, links, people and clicks of mail, for programs.

A list is `{"data": […], "next": …}`: ask again with `after` set to what `next` says, until that is null.
Whatever is counted meanwhile, no row comes twice and none is left out.

Moments are in UTC. What went wrong is told as `{"error": …}`; a field that cannot be understood, with
status 400, as `{"error": …, "problems": [{"field": …, "problem": …}]}`.

An operation needs the scopes of `x-scopes`: the password has all of them, a token those it was given."""

_SECURITY = {
    "basic": {"type": "http", "scheme": "basic"},
    "bearer": {"type": "http", "scheme": "bearer"},
}


def document(routes: Sequence[BaseRoute], prefix: str) -> Json:
    """Return the document that describes the operations of these routes, which stand below `prefix`."""
    told = get_openapi(
        title=TITLE,
        version=VERSION,
        description=DESCRIPTION,
        routes=routes,
        separate_input_output_schemas=False,
    )
    for operations in told["paths"].values():
        for each in operations.values():
            each["responses"].pop("422", None)
    for unused in ("HTTPValidationError", "ValidationError"):
        told["components"]["schemas"].pop(unused, None)
    told["paths"] = {f"{prefix}{path}": each for path, each in told["paths"].items()}
    told["components"]["securitySchemes"] = _SECURITY
    told["security"] = [{}, *({name: []} for name in _SECURITY)]
    return told
