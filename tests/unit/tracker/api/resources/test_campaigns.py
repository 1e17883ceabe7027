"""Campaigns over HTTP."""

import pytest

from config.schema import Config
from tests.support.clients.admin import Client
from tests.support.engines import engine, gives_back, store_table
from tests.support.feeding import spool_message

__all__ = ["engine", "gives_back", "store_table"]


@pytest.fixture
def _sent(config: Config) -> None:
    """Have messages of three campaigns sent, on two days."""
    for number, (campaign, day) in enumerate([("a", 0), ("b", 0), ("b", 1), ("c", 1)], 1):
        spool_message(config, campaign, number, at_s=1_790_000_000 + day * 86400)


@pytest.mark.usefixtures("_sent")
async def test_campaigns_are_listed_a_page_at_a_time(client: Client) -> None:
    """`next` leads to the rest, and is null at the end."""
    first = (await client.ask("/api/v1/campaigns?limit=2")).json
    rest = (await client.ask(f"/api/v1/campaigns?limit=2&after={first['next']}")).json
    assert (len(first["data"]), len(rest["data"]), rest["next"]) == (2, 1, None)
    every = {each["campaign"]: each for each in first["data"] + rest["data"]}
    assert set(every) == {"a", "b", "c"}
    assert every["b"]["messages"] == 2
    assert (every["b"]["first_sent"], every["b"]["last_sent"]) == ("2026-09-21", "2026-09-22")


@pytest.mark.usefixtures("_sent")
async def test_a_list_may_be_of_a_period(client: Client) -> None:
    """Of what was sent then, with its figures alone."""
    told = (await client.ask("/api/v1/campaigns?since=2026-09-22")).json["data"]
    assert {each["campaign"]: each["messages"] for each in told} == {"b": 1, "c": 1}


@pytest.mark.usefixtures("_sent")
async def test_one_campaign_tells_its_days(client: Client) -> None:
    """Found by its number; 404 for one that nobody knows."""
    (_, second, _) = (await client.ask("/api/v1/campaigns")).json["data"]
    told = (await client.ask(f"/api/v1/campaigns/{second['id']}")).json
    assert told == {**second, "days": []}
    assert (await client.ask("/api/v1/campaigns/999")).status == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?limit=0", "limit"),
        ("?limit=1001", "limit"),
        ("?limit=x", "limit"),
        ("?after=x", "after"),
        ("?after=-1", "after"),
        ("?after=9223372036854775808", "after"),
        ("?since=soon", "since"),
        ("?sort=name", "sort"),
        ("/x", "id"),
        ("/9223372036854775808", "id"),
    ],
)
async def test_what_makes_no_sense_is_told_by_its_field(
    client: Client, query: str, field: str
) -> None:
    """400, and never a fault of ours."""
    answer = await client.ask(f"/api/v1/campaigns{query}")
    assert answer.status == 400
    assert [each["field"] for each in answer.json["problems"]] == [field]
