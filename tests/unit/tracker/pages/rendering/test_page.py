"""What every page has."""

from bs4 import BeautifulSoup

from tests.support.clients.admin import Client
from tracker.pages.rendering.page import NAVIGATION


async def test_a_page_may_load_nothing_but_our_style_and_script(client: Client) -> None:
    """So nothing that somebody smuggles in would run, and nobody else hears of it."""
    answer = await client.ask("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; ")
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    page = BeautifulSoup(answer.body, "html.parser")
    assert page.find("style") is None
    assert page.find(attrs={"style": True}) is None
    assert all(each.get("src") and not each.string for each in page.find_all("script"))


async def test_a_page_leads_to_all_others(client: Client) -> None:
    """And says on which one is."""
    page = BeautifulSoup((await client.ask("/")).body, "html.parser")
    links = page.select("header nav a")
    assert [(each["href"], each.string) for each in links] == list(NAVIGATION)
    assert [each.string for each in page.select("header [aria-current=page]")] == ["Overview"]
    assert len(page.find_all("main")) == len(page.find_all("h1")) == 1
    assert page.select_one("a.skip")["href"] == "#main"  # type: ignore[index]
