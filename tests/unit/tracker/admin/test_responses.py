"""What is answered where something fails: JSON with one clear sentence."""

import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.keys.secret_files import KeyFileError
from config.schema import Config
from tests.support.clients.admin import Client, serving
from tests.support.hostile import hostile_text, obeyed
from tracker.admin.requests import InvalidRequest
from tracker.admin.responses import ERROR_HANDLERS, UNCACHED, json_response
from tracker.spool.writer import SpoolError
from tracker.store.database import StoreError


async def test_a_store_that_cannot_be_read_is_said(client: Client, config: Config) -> None:
    """503 with one clear sentence in JSON, not a traceback."""
    config.store.path.write_bytes(b"no database " * 100)
    answer = await client.ask("/api/v1/report")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert str(config.store.path) in answer.json["error"]


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (StoreError("the store is locked", "locked"), 503, "the store is locked"),
        (SpoolError("the spool is full"), 503, "the spool is full"),
        (KeyFileError(Path("a.keys"), "is open to others"), 503, "a.keys is open to others"),
        (sqlite3.OperationalError("disk I/O error"), 503, "disk I/O error"),
        (TimeoutError(), 503, "this took too long"),
        (HTTPException(404), 404, "Not Found"),
        (HTTPException(415, "send JSON"), 415, "send JSON"),
        (InvalidRequest([("url", "Field required")]), 400, "url: Field required"),
        (RuntimeError("a bug"), 500, "a fault of Waypost's; its log says more"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else None,
)
async def test_an_error_has_its_status_and_one_sentence(
    error: Exception, status: int, text: str
) -> None:
    """What passes is 503 and may be tried again; a fault of ours tells nothing of itself."""

    async def fail(_request: Request) -> Response:
        raise error

    app = Starlette(routes=[Route("/", fail)], exception_handlers=ERROR_HANDLERS)
    async with serving(app) as client:
        answer = await client.ask("/")
    assert (answer.status, answer.json["error"]) == (status, text)
    assert ("retry-after" in answer.headers) == (status == 503)
    assert answer.headers["cache-control"] == "no-store"


def test_headers_come_on_top_of_those_against_caches() -> None:
    """None of these is lost."""
    answer = json_response({"a": None}, 201, {"retry-after": "5"})
    assert (answer.status_code, json.loads(answer.body)) == (201, {"a": None})
    assert {*UNCACHED.items(), ("retry-after", "5")} <= set(answer.headers.items())


@given(hostile_text)
def test_json_is_exact_and_moves_no_cursor(text: str) -> None:
    """Whatever a campaign is called: curl prints it on a terminal."""
    body = json_response({text: [text]}).body
    assert json.loads(bytes(body)) == {text: [text]}
    assert obeyed(bytes(body).decode()) == set()
