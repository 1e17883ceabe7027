"""The page of single clicks, and the file."""

import csv
import io

import pytest

from config.schema import Config
from tests.support.checks.facts import SENT_S, clicked
from tests.support.clients.admin import Client
from tests.support.engines import IN_A_FILE, engine, gives_back, store_table
from tests.support.told_fixtures import ANN, FORMULA, HOSTILE, MESSAGE, SCRIPT, Put, read, rows
from tracker.pages.views import clicks
from tracker.reports.clicks import CLICKS
from tracker.reports.log import ways

__all__ = ["engine", "gives_back", "store_table"]


@pytest.mark.usefixtures("told")
async def test_clicks_are_listed_the_last_counted_first_with_reasons_in_words(
    client: Client,
) -> None:
    """Whose they are, on what, when, and what they were judged to be."""
    page = read((await client.ask("/clicks")).body)
    listed = rows(page, "clicks")
    assert [each[3].split()[:2] for each in listed] == [
        ["a", "person"],
        ["a", "machine"],
        ["a", "person"],
        ["doubtful", "did"],
        ["a", "person"],
    ]
    assert listed[2][0] == f"{HOSTILE.text} {ANN}"
    assert page.select_one(f"a[title='{SCRIPT}']")
    assert listed[1][0] == f"link 1 {FORMULA}"
    assert "asked by HEAD" in listed[1][3]
    assert page.select_one(f"a[href='/messages/{MESSAGE}']")
    assert page.select_one("tbody a[href='/people/ann@example.net']")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("label=human", 4),
        ("label=doubtful", 1),
        ("label=machine", 1),
        ("rule=head", 1),
        ("rule=burst", 0),
        ("person=ANN@example.net", 3),
        ("person=ANN@example.net&label=doubtful", 1),
        ("campaign=3", 5),
        ("campaign=1", 0),
        (f"message={MESSAGE}", 5),
        ("period=7&label=", 0),
        ("from=2026-09-21&to=2026-09-21", 5),
    ],
)
@pytest.mark.usefixtures("told")
async def test_filters_choose(client: Client, query: str, count: int) -> None:
    """Each alone, and together; the form has what was asked for, and so has the file."""
    page = read((await client.ask(f"/clicks?{query}")).body)
    assert len(rows(page, "clicks")) == count
    chosen = {each.get("value") for each in page.select("form.filters option[selected]")}
    asked = dict(pair.split("=") for pair in query.split("&"))
    assert {asked.get(name) for name in ("label", "campaign")} - {None, ""} <= chosen
    file = await client.ask(f"/clicks.csv?{query}")
    assert len(list(csv.DictReader(io.StringIO(file.body.decode())))) == count


@pytest.mark.usefixtures("told")
async def test_a_link_is_chosen_by_its_number(client: Client) -> None:
    """As it stands in URLs; the form says what it is called."""
    found = {}
    for link in (1, 2, 3):
        page = read((await client.ask(f"/clicks?link={link}")).body)
        name = page.select_one("select[name=link] option[selected]").get_text()
        found[name] = len(rows(page, "clicks"))
    assert found == {SCRIPT: 1, "https://example.net/1": 4, "https://example.net/2": 0}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("label=nobody", "label"),
        ("rule=no-such-rule", "rule"),
        ("rule=%3Cscript%3E", "rule"),
        ("campaign=99", "campaign"),
        ("campaign=x", "campaign"),
        ("link=99", "link"),
        ("link=99999999999999999999", "link"),
        ("person=nobody@example.net", "person"),
        ("message=x", "message"),
        ("message=0123456789abcdef", "message"),
        ("after=x", "after"),
        ("from=2026-13-01", "from"),
        ("period=8", "period"),
        ("colour=red", "colour"),
    ],
)
@pytest.mark.parametrize("path", ["/clicks", "/clicks.csv", "/clicks/live"])
@pytest.mark.usefixtures("told")
async def test_what_cannot_be_asked_is_told_by_its_field(
    client: Client, path: str, query: str, field: str
) -> None:
    """And nothing else happens."""
    answer = await client.ask(f"{path}?{query}")
    assert answer.status == 400
    assert field in [each.get_text() for each in read(answer.body).select(".failed code")]


@pytest.mark.usefixtures("told")
async def test_the_file_has_all_that_fits_and_no_formula(client: Client) -> None:
    """In the order of arrival, with the columns of the export."""
    answer = await client.ask("/clicks.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="clicks.csv"'
    found = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert tuple(found[0]) == CLICKS
    first = int(found[0]["cursor"])  # a server does not begin with 1
    assert [int(row["cursor"]) - first for row in found] == [0, 1, 2, 3, 4]
    assert {row["campaign"] for row in found} == {f"'{FORMULA}"}
    assert found[4]["person"] == f"'{FORMULA}"
    assert found[0]["user_agent"] == SCRIPT


@pytest.mark.parametrize("limit", [1, 2])
@pytest.mark.usefixtures("told")
async def test_pages_follow_each_other(
    client: Client, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """To the last; the file is read in parts as well."""
    monkeypatch.setattr(clicks, "ROWS", limit)
    monkeypatch.setattr(clicks, "ROWS_OF_FILE", limit)
    found, path = [], "/clicks?label=human"
    while path:
        page = read((await client.ask(path)).body)
        found += [int(each["data-cursor"]) for each in page.select("tr[data-cursor]")]
        following = page.select_one("a[rel=next]")
        path = f"/clicks{following['href']}" if following else ""
    assert [each - found[-1] for each in found] == [4, 2, 1, 0]
    file = (await client.ask("/clicks.csv?label=human")).body.decode()
    assert [int(row["cursor"]) for row in csv.DictReader(io.StringIO(file))] == found[::-1]


@pytest.mark.usefixtures("told")
async def test_a_page_says_how_far_it_has_looked(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where few fit among very many."""
    monkeypatch.setattr(ways, "LOOKED_AT", 1)
    monkeypatch.setattr(ways, "SCANNED", 0)
    page = read((await client.ask("/clicks?label=machine")).body)
    assert "all that fit among clicks made since" in page.get_text()
    assert page.select_one("a[rel=next]")


async def test_an_empty_store_has_an_empty_page_and_file(client: Client) -> None:
    """In words."""
    page = read((await client.ask("/clicks")).body)
    assert page.select_one(".empty").get_text() == "Nothing was clicked yet."
    assert (await client.ask("/clicks.csv")).body.decode().splitlines() == [",".join(CLICKS)]


async def test_a_header_of_64_kb_is_refused_and_an_agent_of_that_length_is_shown(
    client: Client, config: Config, store_events: Put
) -> None:
    """Neither takes long, or runs."""
    agent = "<img src=x onerror=alert(1)>" * 2000
    store_events(clicked("c1", at_s=SENT_S + 60, user_agent=agent))
    assert len(rows(read((await client.ask("/clicks")).body), "clicks")) == 1
    assert agent in (await client.ask("/clicks.csv")).body.decode()
    assert (await client.ask("/clicks", cookie="a" * 65536)).status == 400


@IN_A_FILE
async def test_a_locked_or_foreign_store_is_told(client: Client, config: Config) -> None:
    """With 503, on a page as in the file and the stream."""
    config.store.path.write_bytes(b"SQLite format 3\0" + bytes(4096))
    for path in ("/clicks", "/clicks.csv", "/clicks/live"):
        answer = await client.ask(path)
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert "Not possible now" in read(answer.body).get_text()
