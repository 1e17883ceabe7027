"""What is asked over HTTP, read: queries and JSON bodies; and answers in JSON.

Owns: the bounds of a body, what is said of one that cannot be understood, and that answers are not
kept by caches.
Does not own: what may be asked (`admin`, `persons`, `tracker.minting.request`).
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.admin.guard import UNCACHED

MAX_BODY_OCTETS = 64 * 1024
BODY_TIMEOUT_S = 10.0

Model = TypeVar("Model", bound=BaseModel)


class Unfit(Exception):
    """A request that cannot be understood: pairs of a field and what is wrong with it."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems))
        self.problems = tuple(problems)

    @classmethod
    def because(cls, error: ValidationError) -> "Unfit":
        """Say what pydantic found."""
        return cls(
            [
                (
                    ".".join(map(str, each["loc"])) or "body",
                    each["msg"].removeprefix("Value error, "),
                )
                for each in error.errors()
            ]
        )


def understood(model: type[Model], asked: Any) -> Model:  # noqa: ANN401 - whatever somebody sent
    """Read what somebody asked for; raises Unfit."""
    try:
        return model.model_validate(asked)
    except ValidationError as error:
        raise Unfit.because(error) from None


async def sent(model: type[Model], request: Request) -> Model:
    """Read the JSON of a request; raises Unfit and HTTPException.

    A form on somebody else's page can send a browser here with any body, but not with this type.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise HTTPException(415, "send JSON, with content-type: application/json")
    try:
        return model.model_validate_json(await _body(request))
    except ValidationError as error:
        raise Unfit.because(error) from None


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


def answered(value: Any, status: int = 200, headers: Mapping[str, str] = UNCACHED) -> Response:  # noqa: ANN401 - any JSON
    """Give an answer in JSON that no cache keeps."""
    return JSONResponse(value, status, {**UNCACHED, **headers})
