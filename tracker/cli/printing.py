"""How answers of the store are printed: tables for people, JSON, CSV.

Owns: columns and forms. Does not own: the answers (`tracker.reports.clicks`), or the commands (`report`).
"""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from config.cli.listing import Form
from tracker.reports import opens
from tracker.reports.clicks import Figures, Json, Report

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
    """Print the names of columns, and rows that have these."""
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


COLUMNS = (
    *("of", "campaign", "link", "url", "messages", "recipients", "clicks_human", "clicks_all"),
    *("unique_clickers_human", "unique_clickers_all", "click_rate"),
)
"""Of a report as rows."""


def flat(answer: Report) -> Iterator[Json]:
    """Give a report as rows of the same columns: the total, campaigns, links."""
    yield {"of": "total", "campaign": None, "link": None, "url": None, **_columns(answer.totals)}
    for each in answer.campaigns:
        yield {
            "of": "campaign",
            "campaign": each.campaign,
            "link": None,
            "url": None,
            **_columns(each.figures),
        }
    for link in answer.links:
        yield {
            "of": "link",
            "campaign": link.campaign,
            "link": link.link,
            "url": link.url,
            **_columns(link.figures),
            **dict.fromkeys(("messages", "recipients", "click_rate")),
        }


def _columns(figures: Figures) -> Json:
    return {
        "messages": figures.messages,
        "recipients": figures.recipients,
        "clicks_human": figures.clicks_human,
        "clicks_all": figures.clicks_all,
        "unique_clickers_human": figures.unique_human,
        "unique_clickers_all": figures.unique_all,
        "click_rate": figures.click_rate,
    }


def tables(answer: Report, console: Console) -> None:
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
