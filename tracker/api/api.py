"""The API for programs as an application: everything below `/api/v1`.

Owns: which operations there are, and that they are answered by FastAPI as this house answers.
Does not own: the operations (`resources`), the document that describes them (`document`), who
may ask (`tracker.access`), or how an error is answered (`tracker.answers.errors`).
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response

from config.schema import Config
from tracker.answers.errors import ERROR_HANDLERS, InvalidRequest
from tracker.answers.responses import EscapedJson, json_response
from tracker.api.document import document
from tracker.api.operations import Operation
from tracker.api.requests import JsonRoute, invalid
from tracker.api.resources.campaigns import Campaigns
from tracker.api.resources.clicks import Clicks
from tracker.api.resources.decisions import Decisions
from tracker.api.resources.forgetting import Forgetting
from tracker.api.resources.links import Links, MakeLink
from tracker.api.resources.messages import Messages
from tracker.api.resources.people import People
from tracker.api.resources.reports import Reports
from tracker.api.resources.state import States

PREFIX = "/api/v1"


class Api:
    """The API; `config` is called for each request. `make_link` may block, and raises what `Mint.link` does."""

    def __init__(self, config: Callable[[], Config], make_link: MakeLink) -> None:
        self._resources = (
            Reports(config),
            Campaigns(config),
            Links(config, make_link),
            Decisions(config),
            People(config),
            Messages(config),
            Clicks(config),
            Forgetting(config),
            States(config),
        )

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Everything that the API does."""
        return tuple(each for resource in self._resources for each in resource.operations)

    @cached_property
    def app(self) -> FastAPI:
        """The ASGI application, to be mounted at PREFIX.

        FastAPI's own pages load scripts from elsewhere: there are none. Nor does it tell others what it
        is asked.
        """
        app = FastAPI(
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
            exception_handlers=ERROR_HANDLERS,
        )
        app.add_exception_handler(RequestValidationError, _invalid)
        app.add_route("/openapi.json", self._document)
        app.include_router(self._router)
        return app

    @cached_property
    def _router(self) -> APIRouter:
        router = APIRouter(route_class=JsonRoute, default_response_class=EscapedJson)
        for each in self.operations:
            each.add_to(router)
        return router

    @cached_property
    def _described(self) -> dict[str, Any]:
        return document(self._router.routes, PREFIX)

    def _document(self, _request: Request) -> Response:
        return json_response(self._described)


def _invalid(request: Request, error: Any) -> Response:  # noqa: ANN401 - a RequestValidationError
    response: Response = ERROR_HANDLERS[InvalidRequest](request, invalid(error))
    return response
