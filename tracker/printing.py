"""How answers of the store are printed: tables for people, JSON, CSV.

Owns: columns and forms. Does not own: the answers (`reports`), or the commands (`report_cli`).
"""

import csv
import json
import sys
from collections.abc import Iterable, Iterator

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tracker.reports import Figures, Json, Report

SHOWN_LINKS = 50
"""Links in the table for people; `--json` and `--csv` give them all."""
NO_CAMPAIGN = "(none)"


def listing(rows: Iterable[Json], form: str, title: str) -> None:
    """Print rows in the `form` that was asked for: "table", "json" or "csv"."""
    match form:
        case "json":
            click.echo(json.dumps(list(rows), indent=2, ensure_ascii=False))
        case "csv":
            csv_rows(rows)
        case _:
            _table_of(rows, Console(), title)


def csv_rows(rows: Iterable[Json]) -> None:
    """Print rows with the names of the first as the head; nothing for none."""
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(sys.stdout, list(row))
            writer.writeheader()
        writer.writerow({name: _cell(value) for name, value in row.items()})


def _table_of(rows: Iterable[Json], console: Console, title: str) -> None:
    table = Table(title=Text(title), title_justify="left")
    count = 0
    for count, row in enumerate(rows, 1):
        if count == 1:
            for name in row:
                table.add_column(name, overflow="fold")
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    console.print(table if count else Text(f"{title}: nothing"))


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


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
    return Text(NO_CAMPAIGN if campaign is None else campaign)


def _campaign_cells(figures: Figures) -> tuple[str, ...]:
    rate = figures.click_rate
    return (
        str(figures.messages),
        str(figures.recipients),
        *_click_cells(figures),
        "-" if rate is None else f"{rate:.1%}",
    )


def _click_cells(figures: Figures) -> tuple[str, ...]:
    return (
        f"{figures.clicks_human} / {figures.clicks_all}",
        f"{figures.unique_human} / {figures.unique_all}",
    )
