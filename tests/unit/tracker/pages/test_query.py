"""What a URL asks for, and what is wrong with it."""

from datetime import date
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import Request

from tracker.answers.errors import InvalidRequest
from tracker.pages import query
from tracker.pages.query import Days, PeriodView, cursor, cursor_values, row_of


def of(query: str) -> PeriodView:
    """Return what a query asks for."""
    return PeriodView.of(
        Request({"type": "http", "query_string": query.encode(), "headers": [], "path": "/"})
    )


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it be a day of November."""
    monkeypatch.setattr(query, "today", lambda: date(2026, 11, 28))


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("", date(2026, 10, 30), date(2026, 11, 28)),
        ("period=7", date(2026, 11, 22), date(2026, 11, 28)),
        ("from=2026-11-01&to=2026-11-10", date(2026, 11, 1), date(2026, 11, 10)),
        ("from=2026-11-01", date(2026, 11, 1), date(2026, 11, 28)),
        ("period=&from=2026-11-01&to=", date(2026, 11, 1), date(2026, 11, 28)),
    ],
)
def test_a_period_is_of_whole_days(query: str, first: date, last: date) -> None:
    """Those named included; the usual one is of thirty days."""
    assert of(query).days == Days(first, last)


def test_a_page_that_is_asked_for_at_midnight_is_of_as_many_days_as_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What day it is is asked once."""
    days = iter((date(2026, 12, 31), date(2027, 1, 1)))
    monkeypatch.setattr(query, "today", lambda: next(days))
    asked = PeriodView.model_validate({"period": "7"}).days
    assert asked is not None
    assert asked.count == 7


def test_the_period_before_ends_where_this_begins() -> None:
    """And is as long."""
    days = Days(date(2026, 11, 1), date(2026, 11, 30))
    assert days.before == Days(date(2026, 10, 2), date(2026, 10, 31))
    assert days.before.count == days.count == 30
    assert days.period.since_s == days.before.period.until_s == 1_793_491_200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("period=8", "period"),
        ("from=yesterday", "from"),
        ("from=2026-02-30", "from"),
        ("from=0001-01-01", "from"),
        ("from=2026-11-01&to=9999-12-31", "to"),
        ("from=2026-11-02&to=2026-11-01", "query"),
        ("from=2026-11-29", "query"),
        ("to=2026-11-01", "query"),
        ("period=7&from=2026-11-01", "query"),
        ("from_=2026-11-01", "from_"),
        ("other=1", "other"),
        ("period=%00", "period"),
    ],
)
def test_what_cannot_be_understood_is_named(query: str, field: str) -> None:
    """By the field that is wrong."""
    with pytest.raises(InvalidRequest) as raised:
        of(query)
    assert [name for name, _ in raised.value.problems] == [field]


def test_a_view_writes_the_links_of_its_page() -> None:
    """What is as usual is left out, and a page of a list goes with every change."""
    asked = of("from=2026-11-01&to=2026-11-10")
    assert parse_qs(asked.query(sort="rate&x")[1:]) == {
        "from": ["2026-11-01"],
        "to": ["2026-11-10"],
        "sort": ["rate&x"],
    }
    assert asked.query(period="7", from_=None, to=None) == "?period=7"
    assert asked.fields("period", "from") == {"to": "2026-11-10"}


@given(st.text(max_size=300), st.integers(-(2**62), 2**62))
def test_a_cursor_is_read_as_it_was_written(text: str, number: int) -> None:
    """Whatever a campaign is called."""
    assert cursor_values(cursor(text, number), str, int) == (text, number)


@given(st.text())
def test_no_text_but_a_cursor_is_taken_for_one(text: str) -> None:
    """It is told, with the field."""
    with pytest.raises(InvalidRequest, match="after: is no cursor of this list"):
        cursor_values(text, str, int)


@pytest.mark.parametrize("text", ["0", "17", str(2**63 - 1), str(2**63)])
def test_a_row_is_named_by_the_path(text: str) -> None:
    """One that no table can have is just not found."""
    request = Request({"type": "http", "path_params": {"id": text}})
    assert row_of(request) == min(int(text), 2**63 - 1)


@pytest.mark.parametrize("text", ["", "-1", "1.0", "x", "\u0661", "9" * 5000])
def test_what_is_no_row_is_not_found(text: str) -> None:
    """404, without a look into the store."""
    with pytest.raises(HTTPException):
        row_of(Request({"type": "http", "path_params": {"id": text}}))


def test_a_cursor_of_another_list_is_told() -> None:
    """As where somebody changed the order by hand."""
    assert cursor_values(None, int) is None
    for after in (cursor("a", 1), cursor(1), cursor(10**30, 2), "W1tb" * 3000):
        with pytest.raises(InvalidRequest):
            cursor_values(after, float, int)
