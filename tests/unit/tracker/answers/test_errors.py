"""What is answered where something fails: JSON with one clear sentence."""

import sqlite3
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.keys.secret_files import KeyFileError
from config.schema import Config
from tests.support.clients.admin import Client, serving
from tracker.answers.errors import ERROR_HANDLERS, InvalidRequest
from tracker.spool.parcel import SpoolError
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


def test_what_is_wrong_with_the_whole_is_the_bodys() -> None:
    """Where there is no field to be named."""
    assert InvalidRequest([("", "Invalid JSON")]).problems == (("body", "Invalid JSON"),)
