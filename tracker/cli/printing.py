"""How answers of the store are printed: tables for people, JSON, CSV.

Owns: which form an answer is printed in, and the columns of tables for people.
Does not own: JSON and CSV (`config.cli.listing`), the answers, and their columns in CSV
(`tracker.reports.clicks`, `tracker.reports.opens`), or the commands (`report`).
"""

from collections.abc import Iterable, Sequence

from rich.table import Table

from config.cli.console import Console, cell
from config.cli.listing import Form, cell_text, print_csv, print_json, print_rows
from tracker.reports import opens
from tracker.reports.figures import COLUMNS, Figures, Json, Report
from tracker.reports.names import Name

SHOWN_LINKS = 50
"""Links in the table for people; `--json` and `--csv` give them all."""


def listing(rows: Iterable[Json], form: Form, title: str, columns: Sequence[str]) -> None:
    """Print rows in the form that was asked for."""
    if form == "people":
        _print_table(rows, title, columns)
    else:
        print_rows(rows, form, columns)


def _print_table(rows: Iterable[Json], title: str, columns: Sequence[str]) -> None:
    table = Table(title=cell(title), title_justify="left")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(cell(cell_text(row[name])) for name in columns))
    Console().print(table if table.row_count else cell(f"{title}: nothing"))


def report(answer: Report | opens.Report, form: Form, console: Console) -> None:
    """Print a report, of clicks or of opens, in the form that was asked for."""
    columns = opens.COLUMNS if isinstance(answer, opens.Report) else COLUMNS
    if form == "json":
        print_json(answer.json())
    elif form != "people":
        print_csv(answer.rows(), form, columns)
    elif isinstance(answer, opens.Report):
        opens_table(answer, console)
    else:
        tables(answer, console)


def tables(answer: Report, console: Console) -> None:
    """Print a report for people."""
    campaigns = _table("Campaigns", "Campaign", "Messages", *_DELIVERIES, "Rate", *_CLICKS)
    for each in answer.campaigns:
        campaigns.add_row(cell(each.name.for_people), *_campaign_cells(each.figures))
    campaigns.add_section()
    campaigns.add_row("Total", *_campaign_cells(answer.totals), style="bold")
    console.print(campaigns)
    links = _table("Links", "Link", "Text", *_CLICKS)
    for link in answer.links[:SHOWN_LINKS]:
        names = cell(link.name.for_people), cell(link.text)
        links.add_row(*names, *_click_cells(link.figures))
    console.print(links)
    if answer.links_total > min(len(answer.links), SHOWN_LINKS):
        left = answer.links_total - min(len(answer.links), SHOWN_LINKS)
        console.print(f"and {left} more: use --json or --csv")
    for note in answer.notes():
        console.print(note)


_DELIVERIES = ("Deliveries", "Clicked")
_CLICKS = ("People", "Clicks\nof all")
_WORDS = ("Campaign", "Link", "Text")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", pad_edge=False, collapse_padding=True)
    for name in columns:
        if name in _WORDS:
            table.add_column(name, justify="left", overflow="fold", min_width=15)
        else:
            table.add_column(name, justify="right", no_wrap=True)
    return table


def _campaign_cells(figures: Figures) -> tuple[str, ...]:
    return (
        str(figures.messages),
        str(figures.deliveries),
        str(figures.clicked),
        _percent(figures.click_rate),
        *_click_cells(figures),
    )


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"


def _click_cells(figures: Figures) -> tuple[str, ...]:
    return (str(figures.unique_human), f"{figures.clicks_human} / {figures.clicks_all}")


_OPENS = ("Opens\nhuman / all", "Opened copies\nhuman / all")


def opens_table(answer: opens.Report, console: Console) -> None:
    """Print a report of opens for people."""
    table = _table("Opens", "Campaign", "Messages", "Recipients", *_OPENS, "Open rate")
    for campaign, figures in answer.campaigns:
        table.add_row(cell(Name(campaign).for_people), *_open_cells(figures))
    table.add_section()
    table.add_row("Total", *_open_cells(answer.totals), style="bold")
    console.print(table)


def _open_cells(figures: opens.Figures) -> tuple[str, ...]:
    return (
        str(figures.messages),
        str(figures.recipients),
        f"{figures.opens_human} / {figures.opens_all}",
        f"{figures.unique_human} / {figures.unique_all}",
        _percent(figures.open_rate),
    )
