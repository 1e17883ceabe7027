"""The pages of links."""

import csv

import pytest

from config.schema import Config
from tests.support import pages
from tests.support.engines import engine, gives_back, store_table
from tests.support.feeding import rows as count
from tests.support.pages import ask, rows, see
from tracker.access.access import Scope
from tracker.pages.views import links
from tracker.store import database

__all__ = ["engine", "gives_back", "store_table"]


def row_of(config: Config, name: str) -> int:
    """Return the row of a link."""
    assert count(config, "links")
    with database.reading(config.store) as db:
        found = db.execute("SELECT id FROM links WHERE name = ?", [name]).fetchone()
    return int(found[0])


def test_all_links_are_listed(sent: Config) -> None:
    """Those that were clicked."""
    listed = rows(see(sent, "/links"), "links")
    assert listed[0] == ["link 1 https://example.net/1", "2", "2", "0", "1"]
    assert listed[1][1:] == ["1", "1", "0", "0"]
    assert len(listed) == 2


def test_how_much_of_the_most_clicked_one_each_is_is_drawn(sent: Config) -> None:
    """By people; whoever cannot see it reads the figure beside it."""
    seen = see(sent, "/links")
    assert [each["width"] for each in seen.select(".beam rect")] == ["100.0%", "50.0%"]
    assert {each["aria-hidden"] for each in seen.select(".beam")} == {"true"}


def test_a_link_that_no_person_clicked_has_no_beam(sent: Config) -> None:
    """And nothing is divided by none."""
    assert rows(see(sent, "/links?q=LINK+3"), "links")
    assert see(sent, "/links?q=LINK+3").select(".beam") == []


def test_a_link_is_looked_for_by_its_text(sent: Config) -> None:
    """Also one that nobody clicked; where there is none, the page says so."""
    (found,) = rows(see(sent, "/links?q=LINK+3"), "links")
    assert found == ["link 3 https://example.net/3", "0", "0", "0", "0"]
    seen = see(sent, "/links?q=%3Cb%3Enothing&period=7")
    assert seen.select(".empty")[0].get_text() == "No link was found with this text."
    assert seen.select("input[name=q]")[0]["value"] == "<b>nothing"
    assert seen.select("form.search input[type=hidden]")[0]["value"] == "7"


def test_many_links_are_several_pages(sent: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each leads to the next."""
    monkeypatch.setattr(links, "LINKS", 1)
    seen = see(sent, "/links")
    (after,) = seen.select("a[rel=next]")
    assert [row[0] for row in rows(see(sent, f"/links{after['href']}"), "links")] != [
        row[0] for row in rows(seen, "links")
    ]


def test_a_link_shows_its_campaigns_chart_and_clickers(sent: Config) -> None:
    """And where its clicks led."""
    see(sent, "/")
    seen = see(sent, f"/links/{row_of(sent, 'https://example.net/1')}")
    assert [each.get_text() for each in seen.select(".card .value")] == ["2", "2", "1"]
    assert [row[1:] for row in rows(seen, "campaigns")] == [
        ["1", "50.0%", "1", "0", "1"],
        ["1", "100.0%", "1", "0", "0"],
    ]
    assert rows(seen, "destinations") == [["https://example.net/1", "3"]]
    clickers = rows(seen, "clickers")
    assert [row[0] for row in clickers] == ["=id-7 bob@example.net", "ann@example.net"]
    assert seen.select("a[href='/people/%3Did-7']")
    assert clickers[1][1:] == ["1", "0", "21 Sep 2026 14:14", "21 Sep 2026 14:14"]
    assert len(seen.select("svg.bars")) == 1


async def test_a_link_is_shown_in_one_campaign(sent: Config) -> None:
    """With who clicked it there, on the page and as a file."""
    see(sent, "/")
    row = row_of(sent, "https://example.net/1")
    seen = see(sent, f"/links/{row}?campaign=4")
    assert [each.get_text() for each in seen.select(".card .value")] == ["1", "1", "0"]
    assert [each[0] for each in rows(seen, "clickers")] == ["=id-7 bob@example.net"]
    (file,) = seen.select("a[download]")
    told = await pages.sent(ask(sent, str(file["href"])))
    assert [each["person"] for each in csv.DictReader(told.splitlines())] == ["'=id-7"]


def test_figures_alone_show_nobody(sent: Config) -> None:
    """Nor destinations, in which somebody may be named."""
    see(sent, "/")
    row = row_of(sent, "@offer")
    seen = see(sent, f"/links/{row}", Scope.FIGURES)
    assert rows(seen, "clickers") == rows(seen, "destinations") == []
    assert ask(sent, f"/links/{row}/clickers.csv", Scope.FIGURES).status_code == 403


async def test_clickers_are_a_file(sent: Config) -> None:
    """All of them."""
    see(sent, "/")
    told = await pages.sent(ask(sent, f"/links/{row_of(sent, '@offer')}/clickers.csv"))
    (row,) = csv.DictReader(told.splitlines())
    assert (row["person"], row["human"]) == ("ann@example.net", "1")


def test_a_link_that_became_another_leads_there(sent: Config) -> None:
    """By a redirect, so that the address bar has the new one."""
    see(sent, "/")
    row = row_of(sent, "@offer")
    with database.changing(sent.store) as store, store.transaction():
        store.db.execute("INSERT INTO link_aliases VALUES (?, ?)", [9000, row])
    answer = ask(sent, "/links/9000")
    assert (answer.status_code, answer.headers["location"]) == (307, f"/links/{row}")
    answer = ask(sent, "/links/9000?campaign=3")
    assert answer.headers["location"] == f"/links/{row}?campaign=3"


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/links/99", 404),
        ("/links/%00", 404),
        ("/links/99/clickers.csv", 404),
        ("/links?after=x", 400),
        ("/links?q=" + "x" * 2049, 400),
        ("/links/1?period=7", 400),
        ("/links/1?campaign=99", 404),
        ("/links/1/clickers.csv?campaign=99", 404),
        ("/links/1?campaign=x", 400),
    ],
)
def test_what_is_not_there_or_cannot_be_asked_is_told(sent: Config, url: str, status: int) -> None:
    """Never 500."""
    assert ask(sent, url).status_code == status
