"""Answers in JSON.

Owns: that no cache keeps an answer, and that none moves a cursor on somebody's terminal.
Does not own: what is answered where something fails (`errors`).
"""

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from config.escaping import printable

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
