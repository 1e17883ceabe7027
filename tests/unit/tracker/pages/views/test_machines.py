"""The page of machines."""

import pytest
from starlette.requests import Request

from config.schema import Config
from tests.support.checks.facts import SENT_S, accepted, clicked, pending
from tests.support.clients.admin import Client
from tests.support.told_fixtures import ANN, Put, read, rows
from tracker.access.access import Access, Scope
from tracker.events import Recipient
from tracker.pages.views.machines import Machines

PERIOD = "?from=2026-09-21&to=2026-09-21"


@pytest.mark.usefixtures("told")
async def test_rules_tell_what_they_caught(client: Client) -> None:
    """With what each looks for, and a way to its clicks."""
    page = read((await client.ask(f"/machines{PERIOD}")).body)
    listed = {each[0].split()[0]: each[1:] for each in rows(page, "rules")}
    assert listed == {"head": ["1", "1", "0", "1"], "no-html": ["0", "0", "1", "1"]}
    assert page.select_one("tbody .under code").get_text() == "Accept"
    assert page.select_one("tbody a")["href"] == "/clicks?from=2026-09-21&to=2026-09-21&rule=head"
    shown = {
        each.dt.get_text(): each.select_one(".value").get_text() for each in page.select(".card")
    }
    assert shown == {
        "Share of machines": "20.0%",
        "Clicks by machines": "1",
        "Clicks by people": "4",
        "Doubtful": "1",
        "Rules": "2",
    }


@pytest.mark.usefixtures("told")
async def test_examples_are_of_single_clicks(client: Client) -> None:
    """By rule."""
    page = read((await client.ask(f"/machines{PERIOD}")).body)
    (head, doubtful) = rows(page, "examples")
    assert head[0].startswith("head : https://example.net/1")
    assert doubtful[0].startswith("no-html : https://example.net/1 ann@example.net")


async def test_domains_have_their_share_of_machines(client: Client, store_events: Put) -> None:
    """Those of few persons are one."""
    readers = [*(f"r{n}@many.example" for n in range(5)), ANN]
    recipients = tuple(Recipient(n, each) for n, each in enumerate(readers, 1))
    store_events(pending(recipients=recipients), accepted("m1", *range(1, 7)))
    store_events(
        *(
            clicked(f"c{n}", recipient=n, at_s=SENT_S + 9000 * n, method="HEAD" if n < 6 else "GET")
            for n in range(1, 7)
        )
    )
    page = read((await client.ask(f"/machines{PERIOD}")).body)
    assert rows(page, "domains") == [
        ["many.example", "100.0%", "5", "0", "5"],
        ["other", "0.0%", "0", "0", "1"],
    ]
    assert "All 6 clicks of this period" in page.get_text()


@pytest.mark.usefixtures("told")
def test_who_may_see_figures_alone_sees_no_person(config: Config) -> None:
    """Neither examples, nor a way to single clicks."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/machines",
        "query_string": PERIOD[1:].encode(),
        "headers": [],
        "state": {"access": Access.of("board", Scope.FIGURES)},
    }
    (route,) = Machines(lambda: config).routes
    page = read(route.endpoint(Request(scope)).body)
    assert [row[0].split()[0] for row in rows(page, "rules")] == ["head", "no-html"]
    assert ANN not in page.get_text()
    assert not page.select("tbody a")


async def test_an_empty_period_is_told(client: Client) -> None:
    """In words."""
    page = read((await client.ask("/machines")).body)
    assert [each.get_text() for each in page.select(".empty")] == [
        "No rule gave points to any click in this period.",
        "Nobody clicked in this period.",
    ]


async def test_an_unknown_period_is_refused(client: Client) -> None:
    """By its field."""
    answer = await client.ask("/machines?period=8")
    assert answer.status == 400
    assert read(answer.body).select_one(".failed code").get_text() == "period"
