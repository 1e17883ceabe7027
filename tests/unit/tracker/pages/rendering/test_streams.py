"""Files of CSV that are sent as rows come."""

import csv
import io
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.clients.admin import serving
from tracker.pages.rendering.streams import ROWS_AT_ONCE, csv_stream


async def test_all_rows_come_with_no_formula_among_them() -> None:
    """However many pieces they make."""
    rows = [{"n": n, "text": "=1+1" if n else 'a "b"\r\nc'} for n in range(3 * ROWS_AT_ONCE)]

    def endpoint(_request: Request) -> Response:
        return csv_stream("clicks", rows, ("n", "text"))

    async with serving(Starlette(routes=[Route("/", endpoint)])) as client:
        answer = await client.ask("/")
    assert answer.headers["content-disposition"] == 'attachment; filename="clicks.csv"'
    assert answer.headers["cache-control"] == "no-store"
    read = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    assert [int(row["n"]) for row in read] == list(range(len(rows)))
    assert [row["text"] for row in read[:2]] == ['a "b"\r\nc', "'=1+1"]


def test_rows_are_made_as_they_are_sent() -> None:
    """Not all of them before: there may be millions."""
    made = 0

    def rows() -> Iterator[dict[str, int]]:
        nonlocal made
        while True:
            made += 1
            yield {"n": made}

    csv_stream("clicks", rows(), ("n",))
    assert made <= ROWS_AT_ONCE


def test_what_fails_at_once_is_an_error() -> None:
    """And no half of a file."""

    def rows() -> Iterator[dict[str, int]]:
        raise OSError("locked")
        yield {}

    with pytest.raises(OSError, match="locked"):
        csv_stream("clicks", rows(), ("n",))
