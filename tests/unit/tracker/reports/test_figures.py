"""Figures of clicks as values: the rate, the sum, and the forms of a report."""

import pytest

from tracker.reports import summary
from tracker.reports.figures import (
    COLUMNS,
    CampaignFigures,
    DayFigures,
    Figures,
    LinkFigures,
    Report,
)
from tracker.sql.db import Db

COUNTED = Figures(
    messages=3,
    deliveries=8,
    clicked=2,
    clicks_human=5,
    clicks_doubtful=1,
    clicks_all=9,
    unique_human=2,
    unique_doubtful=1,
    unique_all=4,
    shared_messages=1,
    shared_recipients=6,
    clicks_shared=2,
)
CLICKS = {
    "clicks": {"human": 5, "doubtful": 1, "all": 9},
    "unique_clickers": {"human": 2, "doubtful": 1, "all": 4},
}


def test_figures_add_up_column_by_column() -> None:
    """As those of two queries do."""
    assert Figures(*range(1, 13)) + Figures(*[1] * 12) == Figures(*range(2, 14))


@pytest.mark.parametrize(("clicked", "rate"), [(0, 0.0), (1, 0.25), (4, 1.0)])
def test_the_click_rate_is_of_deliveries(clicked: int, rate: float) -> None:
    """However many people clicked, and however often."""
    figures = Figures(deliveries=4, clicked=clicked, clicks_human=90, unique_human=40)
    assert figures.click_rate == rate


def test_nothing_delivered_has_no_rate() -> None:
    """Neither where nothing was sent, nor where several share every copy."""
    assert Figures().click_rate is None
    assert Figures(messages=1, shared_messages=1, shared_recipients=9).click_rate is None


def test_figures_as_json() -> None:
    """Each count by its name; what several share is apart."""
    assert COUNTED.json() == {
        "messages": 3,
        "deliveries": 8,
        "clicked_deliveries": 2,
        **CLICKS,
        "click_rate": 0.25,
        "shared": {"messages": 1, "recipients": 6, "clicks": 2},
    }


def test_columns_of_figures_are_those_of_a_report() -> None:
    """All figures for what was sent; of a link, only clicks."""
    assert COUNTED.columns().keys() <= set(COLUMNS)
    assert COUNTED.click_columns().items() <= COUNTED.columns().items()
    assert [name for name in COLUMNS if name in COUNTED.columns()] == list(COUNTED.columns())


def test_rows_of_a_report_have_the_same_columns(filled: Db) -> None:
    """The total first, then campaigns, then links, of which some figures make no sense."""
    rows = list(summary.report(filled).rows())
    assert {tuple(sorted(row)) for row in rows} == {tuple(sorted(COLUMNS))}
    assert [row["of"] for row in rows[:4]] == ["total", "campaign", "campaign", "link"]
    assert (rows[0]["clicks_all"], rows[3]["clicks_all"], rows[3]["messages"]) == (4, 3, None)
    assert (rows[3]["campaign"], rows[3]["text"]) == (None, "link 1")


def test_a_report_as_json() -> None:
    """What is ours alone is marked; a day is a date."""
    report = Report(
        COUNTED,
        (
            CampaignFigures("news", COUNTED),
            CampaignFigures("(purged)", Figures(), purged_campaign=True),
        ),
        (
            LinkFigures("offer", "https://example.net/", "Offer", COUNTED),
            LinkFigures("(purged)", "(purged)", "", Figures(), purged_link=True),
        ),
        7,
        (DayFigures(20_000, COUNTED),),
        4,
    )
    told = report.json()
    assert told["totals"] == COUNTED.json()
    assert told["campaigns"] == [
        {"campaign": "news", **COUNTED.json()},
        {"campaign": "(purged)", "purged_campaign": True, **Figures().json()},
    ]
    assert told["links"] == [
        {"link": "offer", "url": "https://example.net/", "text": "Offer", **CLICKS},
        {
            "link": "(purged)",
            "url": "(purged)",
            "text": "",
            "purged_link": True,
            **Figures().clicks_json(),
        },
    ]
    assert (told["links_total"], told["unknown_messages"]) == (7, 4)
    assert told["days"] == [{"day": "2024-10-04", "clicks": CLICKS["clicks"]}]


def test_notes_say_what_the_figures_do_not_show() -> None:
    """Nothing, where there is nothing to say."""
    assert list(Report(Figures(messages=2, deliveries=3), (), ()).notes()) == []
    doubtful, shared, unknown = Report(COUNTED, (), (), unknown_messages=4).notes()
    assert "doubtful: 1; people of whom every click is: 1" in doubtful
    assert "1 messages to 6 recipients, 2 clicks" in shared
    assert "nobody knows whether the relay took them: 4" in unknown
