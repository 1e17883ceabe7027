"""The page of a campaign, alone and beside another."""

import csv

import pytest
from bs4 import BeautifulSoup

from config.schema import Config
from tests.support import pages
from tests.support.pages import ask, rows, see
from tracker.access.access import Scope

EVIL, NEWS = 3, 4
NAME = '=HYPERLINK("x")<script>alert(1)</script>'


def test_a_campaign_shows_its_figures_links_and_domains(sent: Config) -> None:
    """With the share of deliveries, and machines apart."""
    seen = see(sent, f"/campaigns/{EVIL}")
    values = [each.get_text() for each in seen.select(".card .value")]
    assert values == ["50.0%", "1", "2", "1", "2"]
    assert ["link 1 https://example.net/1", "1", "50.0%", "1", "0", "1"] in rows(seen, "links")
    assert rows(seen, "domains") == [["other", "2", "50.0%", "2", "1", "33.3%"]]
    assert seen.select("a[href='/links/1?campaign=3']")
    titles = [each.get_text() for each in seen.select("figcaption h2")]
    assert titles == ["Clicks by hour, first 3 days", "Clicks by day"]


def test_no_name_is_believed(sent: Config) -> None:
    """Whatever mail calls its campaigns, groups and links."""
    for url in (f"/campaigns/{EVIL}", f"/campaigns/{NEWS}?with={EVIL}", "/", "/links", "/links/4"):
        seen = see(sent, url)
        assert seen.find("script") is None
        assert seen.find("img") is None
        assert seen.find(attrs={"onerror": True}) is None
    assert see(sent, f"/campaigns/{EVIL}").h1.get_text() == NAME  # type: ignore[union-attr]


def test_a_period_shows_what_was_sent_in_it(sent: Config) -> None:
    """And no hours, which go by when a click was made."""
    seen = see(sent, f"/campaigns/{EVIL}?from=2026-09-22&to=2026-09-23")
    assert [each.get_text() for each in seen.select(".card .value")][-1] == "0"
    assert [each.get_text() for each in seen.select("figcaption h2")] == ["Clicks by day"]


def test_two_campaigns_are_compared_link_by_link(sent: Config) -> None:
    """And by their figures."""
    seen = see(sent, f"/campaigns/{NEWS}?with={EVIL}")
    assert seen.select(".card .change")[0].get_text(" ", strip=True) == (
        "▲ more by 50.0 points from 50.0%"
    )
    compared = rows(seen, "links")
    assert ["link 1 https://example.net/1", "1", "100.0%", "1", "50.0%"] in compared
    (offer,) = [row for row in compared if "@offer" in row[0]]
    assert offer[1:] == ["\N{EN DASH}", "\N{EN DASH}", "1", "50.0%"]
    offered = [each["value"] for each in seen.select("option")]
    assert offered == [str(EVIL)]


@pytest.mark.parametrize(
    ("url", "status", "field"),
    [
        ("/campaigns/99", 404, None),
        ("/campaigns/x", 404, None),
        ("/campaigns/-1", 404, None),
        (f"/campaigns/{2**70}", 404, None),
        ("/campaigns/3?with=99", 404, None),
        ("/campaigns/3?with=x", 400, "with"),
        ("/campaigns/3?with=4&period=7", 400, "query"),
        ("/campaigns/3?sort=name", 400, "sort"),
        ("/campaigns/99/links.csv", 404, None),
        ("/campaigns/99/clickers.csv", 404, None),
        ("/campaigns/3/clickers.csv?period=7", 400, "period"),
    ],
)
def test_what_is_not_there_or_cannot_be_asked_is_told(
    sent: Config, url: str, status: int, field: str | None
) -> None:
    """With the field."""
    answer = ask(sent, url)
    assert answer.status_code == status
    named = BeautifulSoup(bytes(answer.body), "html.parser").select("li code")
    assert [each.string for each in named] == ([field] if field else [])


async def test_links_are_a_file(sent: Config) -> None:
    """All of them, with no formula among its cells."""
    answer = ask(sent, f"/campaigns/{EVIL}/links.csv", Scope.FIGURES)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    told = list(csv.DictReader((await pages.sent(answer)).splitlines()))
    assert len(told) == 4
    (offer,) = [row for row in told if row["link"] == "'@offer"]
    assert (offer["people"], offer["share_of_deliveries"], offer["clicks_all"]) == ("1", "0.5", "1")


async def test_who_clicked_is_a_file(sent: Config) -> None:
    """For those who may see persons."""
    told = await pages.sent(ask(sent, f"/campaigns/{NEWS}/clickers.csv"))
    (row,) = csv.DictReader(told.splitlines())
    assert (row["person"], row["addresses"], row["human"]) == ("'=id-7", "bob@example.net", "1")


def test_figures_alone_show_no_person(sent: Config) -> None:
    """Nor offer a list of them."""
    assert ask(sent, f"/campaigns/{NEWS}/clickers.csv", Scope.FIGURES).status_code == 403
    seen = see(sent, f"/campaigns/{NEWS}", Scope.FIGURES)
    assert seen.select("a[href*=clickers]") == []
    assert "bob@" not in seen.get_text()
    assert ask(sent, f"/campaigns/{NEWS}", Scope.LINKS).status_code == 403
