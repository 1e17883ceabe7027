"""Style and script: kept by browsers as long as they are the same."""

import pytest

from tests.support.clients.admin import Client
from tracker.pages.rendering import assets


async def test_what_is_asked_for_by_its_content_may_be_kept(client: Client) -> None:
    """As its address changes with it."""
    answer = await client.ask(assets.url("waypost.css"))
    assert (answer.status, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in answer.headers["cache-control"]
    for other in ("/static/waypost.css", "/static/waypost.css?v=0123456789abcdef"):
        assert (await client.ask(other)).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["other.css", "..%2Fsite.py", "__init__.py", ".", "..%2Ftemplates%2Flayout.html", ""]
)
async def test_nothing_else_is_handed_out(client: Client, path: str) -> None:
    """Whatever the path holds."""
    assert (await client.ask(f"/static/{path}")).status == 404
