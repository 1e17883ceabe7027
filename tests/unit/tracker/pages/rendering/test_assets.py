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


async def test_nothing_is_kept_of_names_that_no_file_has(client: Client) -> None:
    """Anybody may ask for as many of them as they like, without a password."""
    assets.url("waypost.css")
    caches = [each for each in vars(assets).values() if hasattr(each, "cache_info")]
    await client.ask("/static/first.css")
    before = [each.cache_info().currsize for each in caches]
    for name in range(20):
        assert (await client.ask(f"/static/{name}.css?v={name}")).status == 404
    assert caches
    assert [each.cache_info().currsize for each in caches] == before
