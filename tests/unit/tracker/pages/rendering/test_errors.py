"""What fails is told on a page: what it was, and what to do."""

import sqlite3

import pytest
from bs4 import BeautifulSoup
from starlette.exceptions import HTTPException
from starlette.requests import Request

from tests.support.clients.admin import Client
from tracker.access.access import Access, Scope
from tracker.access.needs import STATE_KEY, Forbidden
from tracker.admin.admin import Admin
from tracker.answers.errors import InvalidRequest
from tracker.pages.rendering.errors import failed, page
from tracker.reports.known import Unknown
from tracker.store.database import StoreError


def asked(*scopes: Scope) -> Request:
    """Return a request of somebody with some scopes."""
    state = {STATE_KEY: Access.of("somebody", *scopes)}
    return Request(
        {"type": "http", "method": "GET", "path": "/x", "headers": [], "query_string": b"",
         "state": state}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (InvalidRequest([("from", "is <b>no</b> date")]), 400, "from: is <b>no</b> date"),
        (Forbidden(Access.of("ann"), (Scope.PERSONS,)), 403, "needs the scope persons"),
        (Unknown("campaign", "x", ()), 404, 'no campaign "x" is known'),
        (HTTPException(404), 404, "There is nothing here"),
        (StoreError("waypost.db is locked", "locked"), 503, "waypost.db is locked"),
        (sqlite3.OperationalError("disk I/O error"), 503, "disk I/O error"),
        (TimeoutError(), 503, "this took too long"),
    ],
)
def test_each_error_has_its_status_and_words(error: Exception, status: int, said: str) -> None:
    """What others wrote is escaped."""
    answer = failed(asked(), error)
    assert answer.status_code == status
    told = BeautifulSoup(bytes(answer.body), "html.parser").get_text(" ", strip=True)
    assert said in told.replace(" :", ":")
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_a_page_is_for_those_who_may_see_figures() -> None:
    """Or whatever else it needs."""
    persons = page("/x", lambda request: failed(request, HTTPException(404)), Scope.PERSONS)
    for scopes, status in (
        ((), 403),
        ((Scope.LINKS,), 403),
        ((Scope.FIGURES,), 403),
        ((Scope.PERSONS,), 404),
    ):
        assert persons.endpoint(asked(*scopes)).status_code == status


async def test_browsers_get_a_page_and_programs_json(client: Client) -> None:
    """Where there is nothing."""
    browser = await client.ask("/nowhere", accept="text/html,application/xhtml+xml")
    assert (browser.status, b"There is nothing here" in browser.body) == (404, True)
    program = await client.ask("/nowhere")
    assert (program.status, program.json) == (404, {"error": "Not Found"})


async def test_a_store_of_another_program_is_told(admin: Admin, client: Client) -> None:
    """503, as it may be mended; what is wrong with which file."""
    path = admin.config.store.path
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()
    answer = await client.ask("/")
    assert answer.status == 503
    assert b"is a database of another program" in answer.body
