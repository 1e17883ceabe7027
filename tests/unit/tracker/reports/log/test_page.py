"""Pages of the log of clicks: what fits a filter, nothing twice, nothing missed."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.checks.facts import SENT_S, clicked, put
from tracker.reports import clicks
from tracker.reports.log import ways
from tracker.reports.log.filters import LABELS, Filter, rules_of
from tracker.reports.log.page import COLUMNS, Page, page
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.keys import message_number, message_text
from tracker.store.reserved import DAY_S

Fits = Callable[[dict[str, Any]], bool]
SECOND_DAY = Period(SENT_S + DAY_S, SENT_S + 2 * DAY_S)

FILTERS: dict[str, tuple[dict[str, Any], Fits]] = {
    "all": ({}, lambda _: True),
    "campaign": ({"campaign": "news"}, lambda row: row["campaign"] == "news"),
    "no campaign": ({"campaign": None}, lambda row: row["campaign"] is None),
    "link": ({"link": "offer"}, lambda row: row["link"] == "offer"),
    "person": ({"person": "ann@example.net"}, lambda row: row["person"] == "ann@example.net"),
    "address": (
        {"person": "bob@example.net"},
        lambda row: row["person"] in ("id-7", "bob@example.net"),
    ),
    "message": (
        {"message": message_text(message_number("m1"))},
        lambda row: row["message_id"] == message_text(message_number("m1")),
    ),
    "human": ({"label": "human"}, lambda row: row["human"]),
    "doubtful": ({"label": "doubtful"}, lambda row: row["human"] and row["doubtful"]),
    "machine": ({"label": "machine"}, lambda row: not row["human"]),
    "rule": ({"rule": "head"}, lambda row: "head" in rules_of(" ".join(row["reasons"]))),
    "period": ({"period": SECOND_DAY}, lambda row: row["campaign"] is None),
    "all at once": (
        {"campaign": "news", "person": "ann@example.net", "label": "machine", "rule": "head"},
        lambda row: row["person"] == "ann@example.net" and not row["human"],
    ),
}


def _filter(db: Db, named: dict[str, Any]) -> Filter:
    """Return a filter with the numbers of a campaign and a link that are given by name."""
    asked = dict(named)
    for kind in ("campaign", "link"):
        if kind in asked:
            sql = f"SELECT id FROM {kind}s WHERE name IS NOT DISTINCT FROM ?"
            asked[kind] = db.execute(sql, [asked[kind]]).fetchone()[0]
    return Filter(**asked)


def _pages(db: Db, asked: Filter, limit: int, *, newest_first: bool) -> list[dict[str, Any]]:
    """Read page by page to the end."""
    found, cursor = [], None
    while True:
        read = page(db, asked, cursor=cursor, limit=limit, newest_first=newest_first)
        found += read.rows
        assert read.cursor != cursor
        cursor = read.cursor
        if not read.more:
            return found


@pytest.fixture(params=["all are few", "scanned by day", "a window of arrivals"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have a store that is small by itself be asked as large ones are."""
    if request.param != "all are few":
        monkeypatch.setattr(ways, "LOOKED_AT", 2)
        monkeypatch.setattr(ways, "PASSED_OVER", 3)
    if request.param == "a window of arrivals":
        monkeypatch.setattr(ways, "SCANNED", 0)
        monkeypatch.setattr(ways, "OF_A_PERSON", 0)
    return str(request.param)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [1, 3, 100])
@pytest.mark.parametrize("name", FILTERS)
def test_pages_have_what_fits_once_and_in_order(
    logged: Db, name: str, limit: int, *, newest_first: bool
) -> None:
    """On whichever way they are found: as all clicks would be, looked through one by one."""
    named, fits = FILTERS[name]
    expected = [row["cursor"] for row in clicks.clicks(logged) if fits(row)]
    asked = _filter(logged, named)
    found = [row["cursor"] for row in _pages(logged, asked, limit, newest_first=newest_first)]
    assert expected
    assert found == (expected[::-1] if newest_first else expected)


def test_a_row_tells_all_that_is_kept_of_a_click(logged: Db) -> None:
    """As the export does, and which campaign and link to ask for next."""
    row = page(logged, Filter(), limit=1).rows[0]
    assert tuple(row) == COLUMNS
    told = next(iter(clicks.clicks(logged)))
    assert {name: row[name] for name in told} == told
    assert (row["campaign_id"], row["link_id"]) == logged.execute(
        "SELECT campaigns.id, links.id FROM campaigns, links WHERE campaigns.name = ? AND links.name = ?",
        [row["campaign"], row["link"]],
    ).fetchone()


def test_the_last_cursor_goes_on_with_what_comes_later(logged: Db) -> None:
    """A live view asks again from there, and sees each click once."""
    end = page(logged, Filter(label="human"))
    assert not end.more
    put(logged, clicked("late", at_s=SENT_S + 9 * DAY_S))
    (row,) = page(logged, Filter(label="human"), cursor=end.cursor).rows
    assert row["cursor"] > end.cursor


def test_a_page_of_few_among_many_says_how_far_it_looked(
    logged: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And goes on from there, though it has no row."""
    monkeypatch.setattr(ways, "LOOKED_AT", 1)
    monkeypatch.setattr(ways, "SCANNED", 0)
    looked = page(logged, Filter(label="machine"))
    assert (looked.rows, looked.more, looked.cursor) == ([], True, 1)
    assert looked.looked_to_s == pytest.approx(SENT_S + 60)


def test_an_empty_store_has_an_empty_page(db: Db) -> None:
    """From which one may go on all the same."""
    assert page(db, Filter()) == Page([], 0, more=False)
    assert page(db, Filter(), newest_first=True) == Page([], 0, more=False)
    assert page(db, Filter(label="human")).rows == []


def test_labels_share_out_all_clicks(logged: Db) -> None:
    """A doubtful one is a human's, as in figures."""
    count = {label: len(page(logged, Filter(label=label)).rows) for label in LABELS}
    assert count["human"] + count["machine"] == len(page(logged, Filter()).rows)
    assert 0 < count["doubtful"] < count["human"]
