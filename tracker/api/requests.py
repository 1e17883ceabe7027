"""What is asked over HTTP, read: queries and JSON bodies.

Owns: the bounds of a body, and reading queries and bodies.
Does not own: what may be asked (`reports`, `links`, `persons`), or how an error is answered
(`tracker.answers.errors`).
"""

import asyncio
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from tracker.answers.errors import InvalidRequest
from tracker.minting.request import problems_of

MAX_BODY_OCTETS = 64 * 1024
BODY_TIMEOUT_S = 10.0

Model = TypeVar("Model", bound=BaseModel)


def parse_query(model: type[Model], request: Request) -> Model:
    """Return the query of a request; raises InvalidRequest."""
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise InvalidRequest(problems_of(error)) from None


async def parse_body(model: type[Model], request: Request) -> Model:
    """Return the JSON body of a request; raises InvalidRequest and HTTPException.

    A form on somebody else's page can send a browser here with any body, but not with this type.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise HTTPException(415, "send JSON, with content-type: application/json")
    try:
        return model.model_validate_json(await _body(request))
    except ValidationError as error:
        raise InvalidRequest(problems_of(error)) from None


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_OCTETS:
                    raise HTTPException(413, f"at most {MAX_BODY_OCTETS} octets, please")
    except TimeoutError:
        raise HTTPException(408, "the body did not come in time") from None
    return bytes(body)
