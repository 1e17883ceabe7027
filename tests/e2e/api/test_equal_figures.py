"""One random history, equal figures everywhere: command, API, page, views, and a count by brute force."""

import logging
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from tests.e2e.api.conftest import Served, serving, spool_history
from tests.support.checks.recount import recount
from tests.support.postgresql import url_of_new_store
from tracker.pages.rendering.numbers import number, rate
from tracker.reports.figures import CampaignFigures, Figures, LinkFigures, Report

Row = dict[str, Any]


@pytest.fixture(params=["sqlite", "postgresql"])
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    """Run a tracker on a store with a history, of each engine."""
    store = url_of_new_store() if request.param == "postgresql" else ""
    with serving(tmp_path / "waypost", store=store) as found:
        yield found


def viewed(row: Row) -> Figures:
    """Return the figures of a row of a view."""
    also = {"clicked": "clicked_deliveries", "clicks_shared": "shared_clicks"}
    for of in ("human", "doubtful", "all"):
        also[f"unique_{of}"] = f"unique_clickers_{of}"
    values = {name: row.get(also.get(name, name), 0) for name in Figures.__slots__}
    return Figures(**values)


def of_views(served: Served) -> tuple[dict[str | None, Figures], dict[str, Figures]]:
    """Return figures of campaigns and links from the views, as an analyst asks for them."""
    with served.links.stack.reading() as db:
        campaigns = {row["campaign"]: viewed(row) for row in db.query("SELECT * FROM campaigns_v")}
        links = {row["link"]: viewed(row) for row in db.query("SELECT * FROM links_v")}
    return (
        {name: each for name, each in campaigns.items() if each.messages or each.clicks_all},
        links,
    )


def of_clicks(served: Served) -> tuple[int, int]:
    """Return how many clicks the view of clicks has, and the API lists; of people, and all."""
    with served.links.stack.reading() as db:
        verdicts = [row["verdict"] for row in db.query("SELECT verdict FROM clicks_v")]
    listed = served.every("clicks", limit=7)
    assert len(listed) == len(verdicts)
    assert sum(row["human"] for row in listed) == len(verdicts) - verdicts.count("machine")
    return sum(row["human"] for row in listed), len(listed)


def of_page(served: Served) -> dict[str, tuple[str, ...]]:
    """Return what the overview shows of each campaign, and of all (as "all")."""
    _, _, body = served.ask("/?period=30")
    page = BeautifulSoup(body, "html.parser")
    table = page.find("table", {"aria-labelledby": "campaigns"})
    assert table is not None
    found = {}
    for row in table.select("tbody tr"):
        cells = [cell.get_text(strip=True) for cell in row.find_all(["th", "td"])]
        found[cells[0]] = (cells[2], cells[3], cells[4], cells[5], cells[6])
    return found


def shown(figures: Figures) -> tuple[str, ...]:
    """Return figures as a row of the page has them."""
    machines = figures.clicks_all - figures.clicks_human
    counts = (figures.unique_human, figures.clicks_human, machines)
    return (number(figures.deliveries), rate(figures.click_rate), *map(number, counts))


def told(row: Row) -> Row:
    """Return the figures of a row of the API, without its number and days."""
    return {name: row[name] for name in row if name not in {"id", "first_sent", "last_sent"}}


def as_json(row: CampaignFigures | LinkFigures) -> Row:
    """Return a campaign or a link of a report as the report has it."""
    figures = row.figures
    also = figures.json() if isinstance(row, CampaignFigures) else figures.clicks_json()
    return row.names_json() | also


@pytest.mark.parametrize(
    "seed", [1, 2, random.randrange(3, 2**32)], ids=["first", "second", "another each time"]
)
def test_everybody_is_told_the_same(served: Served, seed: int) -> None:
    """Of everything, of each campaign and of each link, after each part of the history."""
    logging.getLogger(__name__).info("seed %d", seed)  # told where the test fails
    for part in (seed, seed + 1):
        spool_history(served.links.stack, part)
        by_command = served.links.stack.report()
        with served.links.stack.reading() as db:
            counted: Report = recount(db)
        assert by_command == counted.json(), seed
        assert served.json("report") == by_command, seed
        campaigns = {row.campaign: row for row in counted.campaigns}
        listed = {row["campaign"]: told(row) for row in served.every("campaigns", limit=2)}
        assert listed == {name: as_json(row) for name, row in campaigns.items()}, seed
        links = {row["link"]: told(row) for row in served.every("links", limit=3)}
        assert links == {row.link: as_json(row) for row in counted.links}, seed
        seen, followed = of_views(served)
        assert seen == {name: row.figures for name, row in campaigns.items()}, seed
        clicked = {row.link: row.figures for row in counted.links if row.figures.clicks_all}
        assert {name: followed[name] for name in clicked} == {
            name: Figures(**_of_link(each)) for name, each in clicked.items()
        }, seed
        totals = counted.totals
        assert of_clicks(served) == (totals.clicks_human, totals.clicks_all), seed
        assert of_page(served) == {
            row.name.for_people: shown(row.figures) for row in counted.campaigns
        }, seed


def _of_link(figures: Figures) -> Row:
    """Return the figures that a link has in the view."""
    kept = ("clicks_human", "clicks_doubtful", "clicks_all", "unique_human", "unique_doubtful")
    return {name: getattr(figures, name) for name in (*kept, "unique_all")}
