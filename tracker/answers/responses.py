"""Answers in JSON.

Owns: that no cache keeps an answer, and that none moves a cursor on somebody's terminal.
Does not own: what is answered where something fails (`errors`).
"""

from collections.abc import Mapping
from typing import Any

from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, Response

from config.escaping import printable

UNCACHED = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}


class EscapedJson(JSONResponse):
    """JSON that no cache keeps, and that moves no cursor on the terminal of somebody who asks with curl."""

    def __init__(
        self,
        content: Any,  # noqa: ANN401 - any JSON
        status_code: int = 200,
        headers: Mapping[str, str] = UNCACHED,
        background: BackgroundTask | None = None,
    ) -> None:
        """Make it; `headers` come on top of UNCACHED."""
        super().__init__(content, status_code, {**UNCACHED, **headers}, background=background)

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - any JSON
        """Return the body, with the controls in its strings escaped."""
        return printable(super().render(content).decode()).encode()


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] = UNCACHED) -> Response:  # noqa: ANN401 - any JSON
    """Return an answer in JSON that no cache keeps; `headers` come on top of UNCACHED."""
    return EscapedJson(value, status, headers)
