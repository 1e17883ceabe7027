"""What is asked over HTTP, read: queries and JSON bodies.

Owns: the bounds of a body, what all questions have in common, and which field a problem is with.
Does not own: what may be asked (`resources`), checking it (FastAPI and pydantic), or
how an error is answered (`tracker.answers.errors`).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tracker.answers.errors import InvalidRequest
from tracker.reports.period import Period
from tracker.reports.summary import utc_seconds

MAX_BODY_OCTETS = 64 * 1024
BODY_TIMEOUT_S = 10.0
MAX_ROWS = 1000
LAST_ROW = 2**63 - 1
"""The largest number that SQLite gives to a row."""

MOST_CHARACTERS = 4096
"""Of a person's name: as long as a command of SMTP may be, so that every address fits."""

PersonName = Annotated[
    str,
    Field(pattern=r"\S", max_length=MOST_CHARACTERS, description="An address, or your own id."),
]
RowNumber = Annotated[int, Field(ge=0, le=LAST_ROW)]


class Asked(BaseModel):
    """What may be asked: a name that is none of these is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PageAsked(Asked):
    """Which part of a list is asked for."""

    after: RowNumber | None = Field(
        None, description="Go on behind this: `next` of the answer before."
    )
    limit: int = Field(100, ge=1, le=MAX_ROWS, description="How many rows at most.")


class PeriodAsked(Asked):
    """Of what was sent when."""

    since: datetime | None = Field(
        None, description="Only messages sent from this day on (UTC), and the clicks on them."
    )
    until: datetime | None = Field(
        None, description="Only messages sent before this day (UTC), and the clicks on them."
    )

    @property
    def since_s(self) -> float | None:
        """`since` in seconds since 1970."""
        return None if self.since is None else utc_seconds(self.since)

    @property
    def until_s(self) -> float | None:
        """`until` in seconds since 1970."""
        return None if self.until is None else utc_seconds(self.until)

    @property
    def period(self) -> Period | None:
        """The days that are meant; None: all times."""
        if self.since is None and self.until is None:
            return None
        return Period.of_days(self.since_s, self.until_s)


def next_after(number: int | None) -> str | None:
    """Return what `next` is for a list that goes on behind the row of this number."""
    return None if number is None else str(number)


class _JsonRequest(Request):
    """A request whose body is JSON, of bounded size, and comes in bounded time.

    A form on somebody else's page can send a browser here with any body, but not with this type.
    """

    async def body(self) -> bytes:
        """Return the body; raises HTTPException."""
        content_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/json":
            raise HTTPException(415, "send JSON, with content-type: application/json")
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                return await self._bounded()
        except TimeoutError:
            raise HTTPException(408, "the body did not come in time") from None

    async def _bounded(self) -> bytes:
        if not hasattr(self, "_body"):
            body = bytearray()
            async for chunk in self.stream():
                body += chunk
                if len(body) > MAX_BODY_OCTETS:
                    raise HTTPException(413, f"at most {MAX_BODY_OCTETS} octets, please")
            self._body = bytes(body)
        return self._body

    async def json(self) -> Any:  # noqa: ANN401 - any JSON
        """Return the value of the body; raises json.JSONDecodeError, also where it is no UTF-8."""
        try:
            return from_json(await self.body(), allow_inf_nan=False)
        except ValueError as error:
            raise json.JSONDecodeError(str(error), "", 0) from None


class JsonRoute(APIRoute):
    """A route of the API: what it takes is JSON, or else refused."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """Return what answers a request."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(_JsonRequest(request.scope, request.receive))

        return handle


async def nothing(request: Request) -> None:
    """Refuse whatever is in a query, for operations that know no parameter."""
    if unknown := list(request.query_params):
        raise InvalidRequest([(name, "Extra inputs are not permitted") for name in unknown])


def invalid(error: RequestValidationError) -> InvalidRequest:
    """Return what FastAPI found wrong with a request, by the fields of query, path or body."""
    return InvalidRequest([_problem(each) for each in error.errors()])


def _problem(found: dict[str, Any]) -> tuple[str, str]:
    if found["type"] == "json_invalid":
        return "", f"Invalid JSON: {found['ctx']['error']}"
    text = found["msg"].removeprefix("Value error, ")
    place, *field = map(str, found["loc"])
    return ".".join(field) or place, text
