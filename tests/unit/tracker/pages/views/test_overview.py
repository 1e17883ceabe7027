"""The page of everything."""

import time

from bs4 import BeautifulSoup

from config.schema import Config
from tests.support.clients.admin import Client
from tests.support.feeding import spool_message
from tests.support.pages import rows

DAY_S = 86400


async def page(client: Client, query: str = "") -> BeautifulSoup:
    """Return the page."""
    answer = await client.ask(f"/{query}")
    assert answer.status == 200, answer.body
    return BeautifulSoup(answer.body, "html.parser")


async def test_campaigns_and_links_are_listed_and_no_name_is_believed(
    client: Client, config: Config
) -> None:
    """Names come from mail, texts from its anchors."""
    for number in (1, 2):
        spool_message(config, "<script>alert(1)</script>", number)
    seen = await page(client)
    assert seen.find("script") is None
    (campaign,) = rows(seen, "campaigns")
    assert (campaign[0], campaign[2]) == ("<script>alert(1)</script>", "2")
    (link,) = rows(seen, "links")
    assert link == ["<b>text</b> https://example.com/", "0", "0", "0"]
    assert all(head.get("scope") for head in seen.find_all("th"))


async def test_an_empty_store_is_told(client: Client) -> None:
    """In words, not by empty tables."""
    seen = await page(client)
    assert [each.get_text() for each in seen.select(".empty")] == [
        "Nothing was sent in this period.",
        "Nothing was tracked in this period.",
    ]


async def test_figures_are_compared_with_those_of_the_period_before(
    client: Client, config: Config
) -> None:
    """Three messages within a week, after two in the week before."""
    now_s = time.time()
    for number, days in enumerate((0, 1, 2, 8, 9), 1):
        spool_message(config, "news", number, at_s=now_s - days * DAY_S)
    seen = await page(client, "?period=7")
    deliveries = seen.select(".card")[-1].get_text(" ", strip=True)
    assert deliveries == "Deliveries 3 of 3 messages ▲ more by 50% from 2"


async def test_campaigns_stand_in_the_order_that_is_asked_for(
    client: Client, config: Config
) -> None:
    """By each column, and turned round; the head of the column says so."""
    now_s = time.time()
    for number, (name, days) in enumerate((("b", 2), ("a", 3), ("c", 1), ("c", 5)), 1):
        spool_message(config, name, number, at_s=now_s - days * DAY_S)
    for query, names, order in (
        ("", "c b a", "descending"),
        ("?sort=-sent", "a b c", "ascending"),
        ("?sort=name", "a b c", "ascending"),
        ("?sort=-name", "c b a", "descending"),
    ):
        seen = await page(client, query)
        assert [row[0] for row in rows(seen, "campaigns")] == names.split()
        (sorted_by,) = seen.select("[aria-sort]")
        assert sorted_by["aria-sort"] == order


async def test_many_campaigns_are_several_pages(client: Client, config: Config) -> None:
    """Each campaign stands on one of them."""
    for number in range(60):
        spool_message(config, f"campaign {number:02}", number)
    found: list[str] = []
    query = "?sort=name"
    while query:
        seen = await page(client, query)
        found += [row[0] for row in rows(seen, "campaigns")]
        query = next((str(each["href"]) for each in seen.select("a[rel=next]")), "")
    assert found == [f"campaign {number:02}" for number in range(60)]


async def test_a_wrong_query_is_told_with_its_field(client: Client) -> None:
    """400, never 500."""
    for query, field in (
        ("?period=1", "period"),
        ("?sort=colour", "sort"),
        ("?after=x", "after"),
        ("?sort=name&after=WzEsMV0", "after"),
    ):
        answer = await client.ask(f"/{query}")
        seen = BeautifulSoup(answer.body, "html.parser")
        assert (answer.status, [each.string for each in seen.select("li code")]) == (400, [field])
