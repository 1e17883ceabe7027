"""The admin listener's application: which path is answered by what.

Owns: its paths, health, metrics, and what a web server asks before it gets a certificate.
Does not own: who may ask (`tracker.access`), when a role is ready (`readiness`), pages (`tracker.pages`), the API (`tracker.api`), how an
error is answered (`tracker.answers`), or sockets (`tracker.listener`).

SQLite and files are read in threads, so that redirects in the same process go on meanwhile.
"""

from functools import cached_property
from typing import cast

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from config.schema import Config
from config.telemetry import exposition
from tracker.access.access import Scope
from tracker.access.needs import only
from tracker.admin import readiness
from tracker.answers.errors import ERROR_HANDLERS
from tracker.answers.responses import UNCACHED, json_response
from tracker.api.api import PREFIX, Api
from tracker.api.resources.links import MakeLink
from tracker.pages.rendering import errors
from tracker.pages.site import Site


class Admin:
    """The application behind the admin listener. `config` may be replaced while it runs.

    `make_link` may block, and raises what `Mint.link` does. `process` is what this process is
    called beside others in the metrics.
    """

    def __init__(self, config: Config, make_link: MakeLink, process: str = "tracker") -> None:
        self.config = config
        self._process = process
        self.api = Api(self._current_config, make_link)
        self._site = Site(self._current_config)

    @cached_property
    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            *self._site.routes,
            Route("/healthz", _healthz),
            Route("/readyz", self._ready),
            Route("/readyz/{role}", self._ready),
            Route("/metrics", only(self._metrics, Scope.FIGURES)),
            Route("/internal/ask", self._ask),
            Mount(PREFIX, self.api.app),
        ]
        application = Starlette(routes=routes, exception_handlers=_HANDLERS)
        application.router.redirect_slashes = False
        return application

    def end(self) -> None:
        """End answers that would go on for long: the process stops."""
        self._site.tails.end()

    def _current_config(self) -> Config:
        return self.config

    async def _ask(self, request: Request) -> Response:
        """Answer a web server that asks whether it should get a certificate for a host."""
        domain = request.query_params.get("domain", "").lower().rstrip(".")
        if domain not in self.config.tracking_hosts:
            raise HTTPException(404, "not a tracking host of ours")
        return json_response({"domain": domain})

    def _ready(self, request: Request) -> Response:
        """Answer a balancer that asks whether a role may get mail or readers."""
        role = request.path_params.get("role", readiness.TRACKER)
        if role not in readiness.ROLES:
            raise HTTPException(404, "not a role: tracker or proxy")
        lacking = readiness.lacking(role, self.config, self._process)
        text = "".join(f"{each}\n" for each in lacking) or "ready\n"
        return PlainTextResponse(text, 503 if lacking else 200, headers=UNCACHED)

    def _metrics(self, _request: Request) -> Response:
        page = exposition.page(exposition.directory_of(self.config.store.spool_dir), self._process)
        return Response(page, headers=UNCACHED | {"content-type": CONTENT_TYPE_LATEST})


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n", headers=UNCACHED)


def _http_error(request: Request, error: Exception) -> Response:
    """Tell a browser on a page what everybody else is told in JSON."""
    if "text/html" in request.headers.get("accept", ""):
        return errors.failed(request, error)
    return cast("Response", ERROR_HANDLERS[HTTPException](request, error))


_HANDLERS = ERROR_HANDLERS | {HTTPException: _http_error}
