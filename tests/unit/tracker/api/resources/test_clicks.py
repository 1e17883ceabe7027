"""Single clicks over HTTP."""

import pytest

from config.schema import Config
from tests.support.checks.facts import SENT_S, accepted, clicked, pending
from tests.support.clients.admin import Client
from tests.support.engines import engine, gives_back, store_table
from tracker.spool.writer import Spool
from tracker.store.reserved import DAY_S

__all__ = ["engine", "gives_back", "store_table"]


@pytest.fixture
def _clicked(config: Config) -> None:
    """Have six clicks made, of two people, one by a machine."""
    spool = Spool.open(config.store.spool_dir, "tracker")
    machine = clicked("c6", recipient=2, method="HEAD", signals=("head",), at_s=SENT_S + 9000)
    people = [clicked(f"c{n}", at_s=SENT_S + n * 5000) for n in range(1, 6)]
    for event in (pending(), accepted(), *people, machine):
        spool.append(event).result(5)
    spool.close()


@pytest.mark.usefixtures("_clicked")
async def test_clicks_are_listed_in_the_order_in_which_they_were_counted(client: Client) -> None:
    """A page at a time, or the latest first."""
    first = (await client.ask("/api/v1/clicks?limit=4")).json
    rest = (await client.ask(f"/api/v1/clicks?limit=4&after={first['next']}")).json
    assert (len(first["data"]), len(rest["data"]), rest["next"]) == (4, 2, None)
    every = first["data"] + rest["data"]
    cursors = [each["cursor"] for each in every]
    assert cursors == sorted(set(cursors))
    newest = (await client.ask("/api/v1/clicks?newest_first=true&limit=1000")).json
    assert newest == {"data": every[::-1], "next": None}
    assert every[0]["person"] == "ann@example.net"
    assert every[0]["at"].endswith("+00:00")


@pytest.mark.usefixtures("_clicked")
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("label=human", 5),
        ("label=machine", 1),
        ("rule=head", 1),
        ("person=ANN@example.net", 5),
        ("person=bob@example.net&label=human", 0),
        (f"since={SENT_S + DAY_S}", 0),
        (f"until={SENT_S + DAY_S}", 6),
    ],
)
async def test_filters_narrow_them_down(client: Client, query: str, count: int) -> None:
    """All of them hold."""
    told = (await client.ask(f"/api/v1/clicks?{query}")).json["data"]
    assert len(told) == count
    (one,) = (await client.ask("/api/v1/clicks?limit=1")).json["data"]
    both = f"{query}&campaign={one['campaign_id']}&link={one['link_id']}"
    assert len((await client.ask(f"/api/v1/clicks?{both}")).json["data"]) == count


@pytest.mark.usefixtures("_clicked")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("campaign=999", "campaign"),
        ("link=999", "link"),
        ("person=nobody@example.net", "person"),
        ("rule=none", "rule"),
        ("label=robot", "label"),
        ("after=x", "after"),
    ],
)
async def test_what_nobody_knows_is_told_by_its_field(
    client: Client, query: str, field: str
) -> None:
    """An empty list would look as if nobody had clicked."""
    answer = await client.ask(f"/api/v1/clicks?{query}")
    assert (answer.status, [each["field"] for each in answer.json["problems"]]) == (400, [field])
