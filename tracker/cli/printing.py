"""How answers of the store are printed: tables for people, JSON, CSV.

Owns: the three forms, and the columns of tables for people.
Does not own: the answers, and their columns in CSV (`tracker.reports.clicks`,
`tracker.reports.opens`), or the commands (`report`).
"""

import csv
import json
import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from config.cli.listing import Form
from tracker.reports import clicks, opens
from tracker.reports.clicks import Figures, Json

SHOWN_LINKS = 50
"""Links in the table for people; `--json` and `--csv` give them all."""
NAMELESS = "(none)"
"""Stands for the campaign of messages without one."""


def listing(rows: Iterable[Json], form: Form, title: str, columns: Sequence[str]) -> None:
    """Print rows in the form that was asked for."""
    match form:
        case "json":
            click.echo(json.dumps(list(rows), indent=2, ensure_ascii=False))
        case "csv":
            csv_rows(rows, columns)
        case _:
            _table_of(rows, Console(), title, columns)


def csv_rows(rows: Iterable[Json], columns: Sequence[str]) -> None:
    """Print a head with the names of columns, and rows of these columns."""
    writer = csv.DictWriter(sys.stdout, columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})


def _table_of(rows: Iterable[Json], console: Console, title: str, columns: Sequence[str]) -> None:
    table = Table(title=Text(title), title_justify="left")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row[name])) for name in columns))
    console.print(table if table.row_count else Text(f"{title}: nothing"))


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def report(answer: clicks.Report | opens.Report, form: Form, console: Console) -> None:
    """Print a report, of clicks or of opens, in the form that was asked for."""
    if form == "json":
        click.echo(json.dumps(answer.json(), indent=2, ensure_ascii=False))
    elif isinstance(answer, opens.Report):
        csv_rows(answer.rows(), opens.COLUMNS) if form == "csv" else opens_table(answer, console)
    else:
        csv_rows(answer.rows(), clicks.COLUMNS) if form == "csv" else tables(answer, console)


def tables(answer: clicks.Report, console: Console) -> None:
    """Print a report for people."""
    campaigns = _table("Campaigns", "Campaign", "Messages", "Recipients", *_CLICKS, "Click rate")
    for each in answer.campaigns:
        campaigns.add_row(_name(each.campaign), *_campaign_cells(each.figures))
    campaigns.add_section()
    campaigns.add_row("Total", *_campaign_cells(answer.totals), style="bold")
    console.print(campaigns)
    links = _table("Links", "Link", "Campaign", *_CLICKS)
    for link in answer.links[:SHOWN_LINKS]:
        links.add_row(Text(link.link), _name(link.campaign), *_click_cells(link.figures))
    console.print(links)
    if len(answer.links) > SHOWN_LINKS:
        console.print(f"and {len(answer.links) - SHOWN_LINKS} more: use --json or --csv")


_CLICKS = ("Clicks\nhuman / all", "Clickers\nhuman / all")
_WORDS = ("Campaign", "Link")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for name in columns:
        words = name in _WORDS
        table.add_column(name, justify="left" if words else "right", overflow="fold")
    return table


def _name(campaign: str | None) -> Text:
    return Text(NAMELESS if campaign is None else campaign)


def _campaign_cells(figures: Figures) -> tuple[str, ...]:
    return (
        str(figures.messages),
        str(figures.recipients),
        *_click_cells(figures),
        _percent(figures.click_rate),
    )


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"


def _click_cells(figures: Figures) -> tuple[str, ...]:
    return (
        f"{figures.clicks_human} / {figures.clicks_all}",
        f"{figures.unique_human} / {figures.unique_all}",
    )


_OPENS = ("Opens\nhuman / all", "Opened copies\nhuman / all")


def opens_table(answer: opens.Report, console: Console) -> None:
    """Print a report of opens for people."""
    table = _table("Opens", "Campaign", "Messages", "Recipients", *_OPENS, "Open rate")
    for campaign, figures in answer.campaigns:
        table.add_row(_name(campaign), *_open_cells(figures))
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
