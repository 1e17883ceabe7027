"""What is answered where something fails: JSON with one clear sentence.

Owns: the status and text for each kind of error, and the error of a request that cannot be understood.
Does not own: JSON as a response (`responses`), reading requests (`tracker.api.requests`), or refusing
who may not ask.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from config.keys.secret_files import KeyFileError
from tracker.answers.responses import json_response
from tracker.sql.errors import DatabaseErrors
from tracker.store.database import StoreError


class InvalidRequest(Exception):
    """A request that cannot be understood: pairs of a field and what is wrong with it."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = tuple((field or "body", problem) for field, problem in problems)
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in self.problems))


def _invalid_request(_request: Request, error: Exception) -> Response:
    problems = getattr(error, "problems", ())
    listed = [{"field": field, "problem": problem} for field, problem in problems]
    return json_response({"error": str(error), "problems": listed}, 400)


def _http_error(_request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    text = getattr(error, "detail", "") or HTTPStatus(status).phrase
    return json_response({"error": text}, status, getattr(error, "headers", None) or {})


def _unavailable(_request: Request, error: Exception) -> Response:
    text = str(error) or "this took too long"
    return json_response({"error": text}, 503, {"retry-after": "5"})


def _fault(_request: Request, _error: Exception) -> Response:
    return json_response({"error": "a fault of Waypost's; its log says more"}, 500)


ERROR_HANDLERS: dict[Any, Any] = {
    InvalidRequest: _invalid_request,
    HTTPException: _http_error,
    StoreError: _unavailable,
    KeyFileError: _unavailable,
    **dict.fromkeys(DatabaseErrors, _unavailable),
    OSError: _unavailable,
    Exception: _fault,
}
"""What answers each error that an endpoint raises."""
