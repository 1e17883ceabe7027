"""Messages over HTTP."""

import pytest

from config.schema import Config
from tests.support.clients.admin import Client
from tests.support.engines import engine, gives_back, store_table
from tests.support.feeding import spool_message

__all__ = ["engine", "gives_back", "store_table"]


@pytest.fixture
def _sent(config: Config) -> None:
    """Have three messages sent, a day after another."""
    for number in range(1, 4):
        spool_message(config, "sale", number, at_s=1_790_000_000 + number * 86400)


@pytest.mark.usefixtures("_sent")
async def test_messages_are_listed_the_latest_first(client: Client) -> None:
    """A page at a time."""
    first = (await client.ask("/api/v1/messages?limit=2")).json
    rest = (await client.ask(f"/api/v1/messages?limit=2&after={first['next']}")).json
    found = [each["message"] for each in first["data"] + rest["data"]]
    assert found == [f"{number:016x}" for number in (3, 2, 1)]
    assert rest["next"] is None
    assert first["data"][0]["address"] == "reader@example.net"
    assert first["data"][0]["campaign"] == "sale"


@pytest.mark.usefixtures("_sent")
async def test_messages_are_found_by_whom_they_went_to_or_their_id(client: Client) -> None:
    """What leads to none is no error: the list is empty."""
    for search, count in (("Reader@example.net", 3), (f"{2:016x}", 1), ("nobody@example.net", 0)):
        told = (await client.ask(f"/api/v1/messages?search={search}")).json
        assert (len(told["data"]), told["next"]) == (count, None)


@pytest.mark.usefixtures("_sent")
async def test_one_message_tells_its_story(client: Client) -> None:
    """Found by its id, in whatever case."""
    told = (await client.ask(f"/api/v1/messages/{2:016X}")).json
    assert (told["message"], told["campaign"], told["events"]) == (f"{2:016x}", "sale", [])
    assert told["recipients"][0]["address"] == "reader@example.net"
    assert (await client.ask("/api/v1/messages/00000000000000ff")).status == 404


@pytest.mark.parametrize(
    ("path", "field"),
    [("?after=x", "after"), ("?search=", "search"), ("?search=x&after=1", "after"), ("/x", "id")],
)
async def test_what_makes_no_sense_is_told_by_its_field(
    client: Client, path: str, field: str
) -> None:
    """400."""
    answer = await client.ask(f"/api/v1/messages{path}")
    assert (answer.status, [each["field"] for each in answer.json["problems"]]) == (400, [field])
