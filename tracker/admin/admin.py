"""The admin listener: the API, metrics, and what a web server asks before it gets a certificate.

Owns: its paths, the report and what errors are answered with.
Does not own: who may ask (`guard`), what is asked of persons (`persons`), how a wish is read
(`requests`), the figures (`tracker.reports.clicks`, `tracker.ingest.catch_up`), or sockets (`listener`).

SQLite and files are read in threads, so that redirects in the same process go on meanwhile.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from config.keys.secret_files import KeyFileError
from config.schema import Config
from config.telemetry import exposition
from tracker.admin import openapi, overview
from tracker.admin.guard import UNCACHED
from tracker.admin.openapi import INTEGER, STRING, Operation, many, of
from tracker.admin.persons import Persons
from tracker.admin.requests import Unfit, answered, sent, understood
from tracker.ingest.catch_up import BRIEF_S, catch_up
from tracker.minting.mint import Minted
from tracker.minting.request import CannotMake, LinkRequest
from tracker.reports import clicks
from tracker.reports.clicks import Report
from tracker.spool.writer import SpoolError
from tracker.store import database
from tracker.store.database import StoreError

NOT_COUNTED = "waypost-not-counted-octets"
"""The header that says how much of the spool a report lacks."""

_COUNTS = of({"human": INTEGER, "all": INTEGER})
_CLICKS = {"clicks": _COUNTS, "unique_clickers": _COUNTS}
_FIGURES = {
    "messages": INTEGER,
    "recipients": INTEGER,
    **_CLICKS,
    "click_rate": {"type": ["number", "null"], "minimum": 0},
}
_CAMPAIGN = {"campaign": {"type": ["string", "null"]}}
REPORT = of(
    {
        "totals": of(_FIGURES),
        "campaigns": many(of(_CAMPAIGN | _FIGURES)),
        "links": many(of({"link": STRING, "url": STRING} | _CAMPAIGN | _CLICKS)),
    }
)
LINK = of(
    {
        "url": STRING,
        "destination": STRING,
        "tracked": {"type": "boolean"},
        "message_id": {"type": ["string", "null"]},
    }
)


class ReportQuery(BaseModel):
    """What may be asked of a report."""

    model_config = ConfigDict(extra="forbid")

    campaign: str | None = Field(default=None, description="Only this campaign.")
    since: datetime | None = Field(
        default=None, description="Only messages sent since then (UTC), and the clicks on them."
    )

    @property
    def since_s(self) -> float | None:
        """The same in seconds since 1970."""
        if self.since is None:
            return None
        aware = self.since if self.since.tzinfo else self.since.replace(tzinfo=UTC)
        return aware.timestamp()


class Admin:
    """The application behind the admin listener. `config` may be replaced while it runs.

    `mint` makes a link; it may block, and raises what `minting.Mint.link` does. `process` is what
    this process is called beside others in the metrics.
    """

    def __init__(
        self,
        config: Config,
        mint: Callable[[Config, LinkRequest], Minted],
        process: str = "tracker",
    ) -> None:
        self.config = config
        self._mint = mint
        self._process = process

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Give everything that the API does."""
        return (
            Operation(
                "GET",
                "/api/v1/report",
                self._report,
                "Messages, recipients and clicks: in total, by campaign, by link.",
                "As `waypost report --json` prints it",
                REPORT,
                query=ReportQuery,
            ),
            Operation(
                "POST",
                "/api/v1/links",
                self._link,
                "Make a tracked link for SMS, push, chat or print, as `waypost link` does.",
                "The link",
                LINK,
                body=LinkRequest,
                status=201,
            ),
            *Persons(lambda: self.config).operations,
        )

    @cached_property
    def app(self) -> Starlette:
        """Give the ASGI application."""
        routes = [
            Route("/", self._overview),
            Route("/healthz", _healthz),
            Route("/metrics", self._metrics),
            Route("/internal/ask", self._ask),
            Route("/api/v1/openapi.json", self._openapi),
            *(Route(each.path, each.endpoint, methods=[each.method]) for each in self.operations),
        ]
        application = Starlette(routes=routes, exception_handlers=_HANDLERS)
        application.router.redirect_slashes = False
        return application

    async def _openapi(self, _request: Request) -> Response:
        return answered(openapi.document(self.operations))

    async def _ask(self, request: Request) -> Response:
        """Tell a web server whether a host is one of ours, worth a certificate."""
        domain = request.query_params.get("domain", "").lower().rstrip(".")
        if domain not in self.config.tracking_hosts:
            raise HTTPException(404, "not a tracking host of ours")
        return answered({"domain": domain})

    def _metrics(self, _request: Request) -> Response:
        page = exposition.page(exposition.directory_of(self.config.store.spool_dir), self._process)
        return Response(page, headers=UNCACHED | {"content-type": CONTENT_TYPE_LATEST})

    def _report(self, request: Request) -> Response:
        query = understood(ReportQuery, dict(request.query_params))
        answer, late_octets = self._figures(query)
        late = {NOT_COUNTED: str(late_octets)} if late_octets else {}
        return answered(answer.json(), headers=late)

    def _overview(self, _request: Request) -> Response:
        page = overview.page(*self._figures(ReportQuery()))
        return HTMLResponse(page, headers=UNCACHED | overview.SECURITY)

    def _figures(self, query: ReportQuery) -> tuple[Report, int]:
        """Give a report, and how many octets of the spool it lacks."""
        backlog = catch_up(self.config, BRIEF_S)
        with database.reading(self.config.store.path) as db:
            answer = clicks.report(db, campaign=query.campaign, since_s=query.since_s)
        return answer, backlog.octets

    async def _link(self, request: Request) -> Response:
        wanted = await sent(LinkRequest, request)
        try:
            minted = await run_in_threadpool(self._mint, self.config, wanted)
        except CannotMake as error:
            raise Unfit([(error.field, str(error))]) from None
        return answered(asdict(minted), 201)


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n", headers=UNCACHED)


def _unfit(_request: Request, error: Exception) -> Response:
    problems = getattr(error, "problems", ())
    told = [{"field": field, "problem": problem} for field, problem in problems]
    return answered({"error": str(error), "problems": told}, 400)


def _http_error(_request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    what = getattr(error, "detail", "") or HTTPStatus(status).phrase
    return answered({"error": what}, status, getattr(error, "headers", None) or {})


def _unavailable(_request: Request, error: Exception) -> Response:
    return answered({"error": str(error) or "this took too long"}, 503, {"retry-after": "5"})


def _fault(_request: Request, _error: Exception) -> Response:
    return answered({"error": "a fault of Waypost's; its log says more"}, 500)


_HANDLERS: dict[Any, Any] = {
    Unfit: _unfit,
    HTTPException: _http_error,
    StoreError: _unavailable,
    SpoolError: _unavailable,
    KeyFileError: _unavailable,
    sqlite3.Error: _unavailable,
    OSError: _unavailable,
    Exception: _fault,
}
