"""Pages that say what failed, and what to do about it.

Owns: which error is answered with which status, in which words; endpoints that answer so.
Does not own: what is wrong with a request (`tracker.pages.query`), who may see what (`tracker.access`), or
answers in JSON (`tracker.answers`).
"""

import functools
from collections.abc import Callable
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.keys.secret_files import KeyFileError
from tracker.access.access import Scope
from tracker.access.needs import require
from tracker.answers.errors import InvalidRequest
from tracker.pages.rendering.page import render
from tracker.reports.known import Unknown
from tracker.sql.errors import DatabaseErrors
from tracker.store.database import StoreError

Show = Callable[[Request], Response]
"""Makes a page; may block, and raise what `failed` answers."""
FAILURES = (
    InvalidRequest,
    Unknown,
    HTTPException,
    StoreError,
    KeyFileError,
    *DatabaseErrors,
    OSError,
)
_RETRY_S = "5"


def page(path: str, show: Show, *scopes: Scope) -> Route:
    """Return the route of a page, which is made in a thread; whatever fails is told on a page.

    Whoever asks needs the scope `figures`, and `scopes`.
    """

    @functools.wraps(show)
    def shown(request: Request) -> Response:
        try:
            require(request, Scope.FIGURES, *scopes)
            return show(request)
        except FAILURES as error:
            return failed(request, error)

    return Route(path, shown, methods=["GET"])


def failed(request: Request, error: Exception) -> Response:
    """Return the page that tells of an error."""
    match error:
        case InvalidRequest():
            return _told(request, 400, problems=error.problems)
        case Unknown():
            return _told(request, 404, str(error))
        case HTTPException():
            return _told(request, error.status_code, error.detail)
    answer = _told(request, 503, str(error) or "this took too long")
    answer.headers["retry-after"] = _RETRY_S
    return answer


_HEADS = {
    400: "This cannot be asked",
    403: "This is not for you",
    404: "There is nothing here",
    503: "Not possible now",
}
_ADVICE = {
    404: "It may have been purged, or the address has a mistake in it.",
    503: "Links in mail go on working, and no click is lost meanwhile. Try again in a moment.",
}


def _told(
    request: Request, status: int, text: str = "", problems: tuple[tuple[str, str], ...] = ()
) -> Response:
    phrase = HTTPStatus(status).phrase
    return render(
        request,
        "error.html",
        status=status,
        head=_HEADS.get(status, phrase),
        text="" if text == phrase else text,
        problems=problems,
        advice=_ADVICE.get(status, ""),
    )
