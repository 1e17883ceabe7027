"""Answers in JSON, those to what failed included.

Owns: that no cache keeps an answer, and the status and text for each kind of error.
Does not own: what is wrong with a request (`requests`), or refusing who may not ask (`guard`).
"""

import sqlite3
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from config.escaping import printable
from config.keys.secret_files import KeyFileError
from tracker.admin.requests import InvalidRequest
from tracker.store.database import StoreError

UNCACHED = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class _EscapedJson(JSONResponse):
    """JSON that moves no cursor on the terminal of somebody who asks with curl."""

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - any JSON
        """Return the body, with the controls in its strings escaped."""
        return printable(super().render(content).decode()).encode()


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] = UNCACHED) -> Response:  # noqa: ANN401 - any JSON
    """Return an answer in JSON that no cache keeps; `headers` come on top of UNCACHED."""
    return _EscapedJson(value, status, {**UNCACHED, **headers})


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
    sqlite3.Error: _unavailable,
    OSError: _unavailable,
    Exception: _fault,
}
"""What answers each error that an endpoint raises."""
