"""`waypost report`, `activity`, `clickers` and `export`: what was sent and clicked.

Owns: the commands, and how their answers are printed: for people, as JSON, as CSV.
Does not own: the questions (`reports`), or bringing the store up to date (`ingest`).
"""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlite_utils import Database

from config import observe
from config.cli import config_option
from config.schema import Config
from tracker import ingest, reports, store
from tracker.reports import Figures, Json, Report

SHOWN_LINKS = 50
"""Links in the table for people; `--json` and `--csv` give them all."""
NO_CAMPAIGN = "(none)"
PATIENCE_S = 10.0
"""How long an answer waits for what is in the spool to be counted."""


def format_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a listing `--json` and `--csv`; it receives `form`, one of "table", "json", "csv"."""
    for name in ("csv", "json"):
        command = click.option(
            f"--{name}", "form", flag_value=name, help=f"Print {name.upper()} instead of tables."
        )(command)
    return click.option("--table", "form", flag_value="table", default="table", hidden=True)(
        command
    )


@contextmanager
def current_store(config: Config) -> Iterator[Database]:
    """Open the store for questions, with what the spool holds; says what cannot be counted yet."""
    observe.configure("error", config.log.format)
    try:
        backlog = ingest.catch_up(config, PATIENCE_S)
        if backlog.octets:
            click.echo(
                f"Not counted yet: {backlog.octets} octets of the spool ({backlog.why})", err=True
            )
        with store.reading(config.store.path) as db:
            yield db
    except store.StoreError as error:
        raise click.ClickException(str(error)) from None
    except PermissionError as error:
        raise click.ClickException(f"{error}: run as the user of the service") from None


@click.command()
@config_option
@click.option("--campaign", help="Only this campaign.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Only messages sent since this day (UTC), and the clicks on them.",
)
@format_options
def report(config: Config, campaign: str | None, since: datetime | None, form: str) -> None:
    """Print messages, recipients and clicks: in total, by campaign, by link.

    The click rate is the share of recipients with a copy of their own who clicked, machines apart.
    """
    since_s = None if since is None else since.replace(tzinfo=UTC).timestamp()
    with current_store(config) as db:
        answer = reports.report(db, campaign=campaign, since_s=since_s)
    match form:
        case "json":
            click.echo(json.dumps(answer.json(), indent=2, ensure_ascii=False))
        case "csv":
            _print_csv(_flat(answer))
        case _:
            _print_tables(answer, Console())


@click.command()
@click.argument("address")
@config_option
@format_options
def activity(config: Config, address: str, form: str) -> None:
    """Print what was sent to ADDRESS (or a person's own id) and what was clicked there."""
    with current_store(config) as db:
        _print_listing(reports.activity(db, address), form, f"Activity of {address}")


@click.command()
@click.argument("link")
@config_option
@format_options
def clickers(config: Config, link: str, form: str) -> None:
    """Print who clicked LINK, named as `waypost report` does: its group or URL."""
    with current_store(config) as db:
        _print_listing(reports.clickers(db, link), form, f"Clickers of {link}")


@click.command()
@config_option
@click.option("--csv", "form", flag_value="csv", help="Print CSV.")
@click.option("--json", "form", flag_value="json", default="json", help="Print JSON lines (as is).")
def export(config: Config, form: str) -> None:
    """Print every click that is kept, one a line."""
    with current_store(config) as db:
        rows = reports.clicks(db)
        if form == "csv":
            _print_csv(rows)
            return
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))


def print_report(config: Config, console: Console) -> None:
    """Print the tables of `waypost report`, for `waypost demo`."""
    with current_store(config) as db:
        _print_tables(reports.report(db), console)


def _print_listing(rows: Iterable[Json], form: str, title: str) -> None:
    match form:
        case "json":
            click.echo(json.dumps(list(rows), indent=2, ensure_ascii=False))
        case "csv":
            _print_csv(rows)
        case _:
            _print_table(rows, Console(), title)


def _print_csv(rows: Iterable[Json]) -> None:
    """Print rows with the names of the first as the head; nothing for none."""
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(sys.stdout, list(row))
            writer.writeheader()
        writer.writerow({name: _cell(value) for name, value in row.items()})


def _print_table(rows: Iterable[Json], console: Console, title: str) -> None:
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


def _flat(answer: Report) -> Iterator[Json]:
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


def _print_tables(answer: Report, console: Console) -> None:
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
