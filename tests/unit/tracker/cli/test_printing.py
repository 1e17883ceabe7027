"""How answers are printed: tables for people, JSON, CSV."""

import csv
import io
import json

import pytest
from hypothesis import given

from config.cli.console import Console
from tests.support.hostile import hostile_text, obeyed
from tracker.cli import printing
from tracker.reports import opens
from tracker.reports.figures import CampaignFigures, Figures, LinkFigures, Report

FIGURES = Figures(
    messages=2,
    deliveries=8,
    clicked=2,
    clicks_human=3,
    clicks_all=7,
    unique_human=6,
    unique_all=9,
)
REPORT = Report(
    FIGURES,
    (CampaignFigures(None, FIGURES), CampaignFigures("[b]sale[/b]", Figures())),
    (LinkFigures("offer", "https://a.test/", "[b]to the sale[/b]", FIGURES),),
    1,
)
OPENS = opens.Report(
    ((None, opens.Figures(messages=2, recipients=5, personal=4, opens_human=3, unique_human=3)),)
)
ROWS = [{"name": "a,b", "human": True, "none": None, "list": ["x", "y"]}]
COLUMNS = ("name", "human", "none", "list")


def console() -> Console:
    """Return a wide console that keeps what is printed."""
    return Console(file=io.StringIO(), width=200)


def printed(console: Console) -> str:
    """Return what was printed."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def campaigns(*messages: int) -> Report:
    """Return a report of campaigns with so many messages each."""
    rows = [CampaignFigures(f"c{at}", Figures(messages=count)) for at, count in enumerate(messages)]
    return Report(FIGURES, tuple(rows), ())


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([1] * 16 + [2] * 4, "16 of 20 campaigns are of one message: name campaigns with"),
        ([1] * 15 + [2] * 5, None),
        ([1] * 19, None),
    ],
)
def test_a_report_says_that_campaigns_are_scattered(messages: list[int], told: str | None) -> None:
    """Figures of single messages tell nothing, and one header mends that."""
    out = console()
    printing.tables(campaigns(*messages), out)
    assert ("X-Track-Campaign" in printed(out)) == (told is not None)
    assert (told or "") in printed(out)


def test_rows_as_json_keep_their_types(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs need not read words."""
    printing.listing(ROWS, "json", "Things", COLUMNS)
    assert json.loads(capsys.readouterr().out) == ROWS


def test_rows_as_csv_are_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Yes and no, nothing for None, a list with blanks between."""
    printing.listing(ROWS, "csv", "Things", COLUMNS)
    assert list(csv.reader(io.StringIO(capsys.readouterr().out))) == [
        list(COLUMNS),
        ["a,b", "yes", "", "x y"],
    ]


def test_rows_for_people_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """With a title, and the names of columns."""
    printing.listing(ROWS, "people", "Things", COLUMNS)
    out = capsys.readouterr().out
    for expected in ("Things", *COLUMNS, "a,b", "yes", "x y"):
        assert expected in out


def test_no_rows_are_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty table would look like a fault."""
    printing.listing([], "people", "Clickers of [x]", COLUMNS)
    assert capsys.readouterr().out == "Clickers of [x]: nothing\n"


@given(hostile_text, hostile_text)
def test_no_table_holds_a_control(text: str, name: str) -> None:
    """Whatever campaigns and links are called."""
    links = (LinkFigures(text, name, name, FIGURES),)
    report = Report(FIGURES, (CampaignFigures(text, FIGURES),), links)
    shown = console()
    printing.report(report, "people", shown)
    printing.report(opens.Report(((text, opens.Figures()),)), "people", shown)
    assert obeyed(printed(shown)) == set()


def test_a_report_for_people_has_campaigns_and_links() -> None:
    """Deliveries and how many were clicked, a rate in per cent; names are taken literally."""
    shown = console()
    printing.report(REPORT, "people", shown)
    text = printed(shown)
    for expected in ("Campaigns", "Links", "(none)", "[b]sale[/b]", "[b]to the sale[/b]"):
        assert expected in text
    campaign = next(line for line in text.splitlines() if "(none)" in line)
    assert _cells(campaign) == ["(none)", "2", "8", "2", "25.0%", "6", "3 / 7"]
    unsent = next(line for line in text.splitlines() if "[b]sale[/b]" in line)
    assert _cells(unsent) == ["[b]sale[/b]", "0", "0", "0", "-", "0", "0 / 0"]
    link = next(line for line in text.splitlines() if "offer" in line)
    assert _cells(link) == ["offer", "[b]to the sale[/b]", "6", "3 / 7"]


def _cells(line: str) -> list[str]:
    """Return what stands in the cells of a row."""
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_people_see_which_names_are_ours() -> None:
    """An author's campaign or link of the same name is in quotation marks."""
    shown = console()
    ours = CampaignFigures("(purged)", FIGURES, purged_campaign=True)
    links = (
        LinkFigures("(purged)", "(purged)", "", FIGURES, purged_link=True),
        LinkFigures("(purged)", "https://a.test/", "Offer", FIGURES),
    )
    campaigns = (ours, CampaignFigures("(purged)", FIGURES))
    printing.report(Report(FIGURES, campaigns, links, 2), "people", shown)
    text = printed(shown)
    assert (text.count("(purged)"), text.count('"(purged)"')) == (4, 2)


def test_people_are_told_of_messages_in_no_figure() -> None:
    """Where there are any."""
    for count in (0, 7):
        shown = console()
        printing.report(Report(FIGURES, (), (), unknown_messages=count), "people", shown)
        assert ("nobody knows whether the relay took them: 7" in printed(shown)) == bool(count)


@pytest.mark.parametrize("total", [53, 1053])
def test_a_long_report_is_cut_and_says_so(total: int) -> None:
    """With how many links there are besides, also of those that the report itself leaves out."""
    shown = console()
    links = tuple(LinkFigures(f"link {n}", "https://a.test/", "", FIGURES) for n in range(53))
    printing.report(Report(FIGURES, (), links, total), "people", shown)
    text = printed(shown)
    assert "link 49" in text
    assert "link 50" not in text
    assert f"and {total - 50} more: use --json or --csv" in text


def test_people_are_told_what_the_figures_do_not_show() -> None:
    """Of doubtful clicks, and of copies that several share."""
    shown = console()
    more = Figures(clicks_doubtful=2, unique_doubtful=1, shared_messages=3, shared_recipients=40)
    printing.report(Report(FIGURES + more, (), ()), "people", shown)
    text = printed(shown)
    assert "Human clicks that are doubtful: 2; people of whom every click is: 1" in text
    assert "3 messages to 40 recipients, 0 clicks" in text


def test_a_report_as_csv_has_a_row_for_each_of_its_figures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Columns that a link has no figures for stay empty."""
    printing.report(REPORT, "csv", console())
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["of"] for row in rows] == ["total", "campaign", "campaign", "link"]
    assert (rows[0]["clicks_all"], rows[0]["click_rate"]) == ("7", "0.25")
    assert (rows[3]["link"], rows[3]["clicks_all"], rows[3]["messages"]) == ("offer", "7", "")


def test_opens_are_a_table_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    """In each form, as clicks are."""
    shown = console()
    printing.report(OPENS, "people", shown)
    assert "Open rate" in printed(shown)
    assert "75.0%" in printed(shown)
    printing.report(OPENS, "csv", console())
    assert capsys.readouterr().out.splitlines()[0] == ",".join(opens.COLUMNS)
    printing.report(OPENS, "json", console())
    assert json.loads(capsys.readouterr().out) == OPENS.json()
