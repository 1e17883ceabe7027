"""`waypost report`, `activity`, `clickers` and `export`: what was sent and clicked.

Owns: the commands.
Does not own: the questions (`tracker.reports.clicks`), how answers are printed (`printing`), or bringing the store up
to date (`tracker.ingest.catch_up`).
"""

import json
from datetime import UTC, datetime

import click
from rich.console import Console

from config.cli.listing import Form, form_option
from config.cli.options import TEXT, config_option_without_files
from config.schema import Config
from tracker.cli import printing
from tracker.cli.common import current_store
from tracker.reports import clicks, opens


@click.command()
@config_option_without_files
@click.option("--campaign", type=TEXT, help="Only this campaign.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Only messages sent since this day (UTC), and the clicks on them.",
)
@click.option("--opens", is_flag=True, help="Opens instead of clicks (`[tracking] opens`).")
@form_option
def report(
    config: Config, campaign: str | None, since: datetime | None, form: Form, *, opens: bool
) -> None:
    """Print messages, recipients and clicks: in total, by campaign, by link.

    The click rate is the share of recipients with a copy of their own who clicked, machines apart.
    """
    since_s = None if since is None else since.replace(tzinfo=UTC).timestamp()
    if opens:
        _report_opens(config, campaign, since_s or 0.0, form)
        return
    with current_store(config) as db:
        answer = clicks.report(db, campaign=campaign, since_s=since_s)
    match form:
        case "json":
            click.echo(json.dumps(answer.json(), indent=2, ensure_ascii=False))
        case "csv":
            printing.csv_rows(printing.flat(answer), printing.COLUMNS)
        case _:
            printing.tables(answer, Console())


def _report_opens(config: Config, campaign: str | None, since_s: float, form: Form) -> None:
    with current_store(config) as db:
        answer = opens.report(db, campaign=campaign, since_s=since_s)
    match form:
        case "json":
            click.echo(json.dumps(answer.json(), indent=2, ensure_ascii=False))
        case "csv":
            printing.csv_rows(answer.rows(), opens.COLUMNS)
        case _:
            printing.opens_table(answer, Console())


@click.command()
@click.argument("address", type=TEXT)
@config_option_without_files
@form_option
def activity(config: Config, address: str, form: Form) -> None:
    """Print what was sent to ADDRESS (or a person's own id) and what was clicked there."""
    with current_store(config) as db:
        rows = clicks.activity(db, address)
        printing.listing(rows, form, f"Activity of {address}", clicks.ACTIVITY)


@click.command()
@click.argument("link", type=TEXT)
@config_option_without_files
@form_option
def clickers(config: Config, link: str, form: Form) -> None:
    """Print who clicked LINK, named as `waypost report` does: its group or URL."""
    with current_store(config) as db:
        rows = clicks.clickers(db, link)
        printing.listing(rows, form, f"Clickers of {link}", clicks.CLICKERS)


@click.command()
@config_option_without_files
@click.option("--csv", "form", flag_value="csv", help="Print CSV.")
@click.option(
    "--json", "form", flag_value="json", default="json", help="Print lines of JSON (the default)."
)
def export(config: Config, form: Form) -> None:
    """Print every click that is kept, one a line."""
    with current_store(config) as db:
        rows = clicks.clicks(db)
        if form == "csv":
            printing.csv_rows(rows, clicks.CLICKS)
            return
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))


def print_report(config: Config, console: Console) -> None:
    """Print the tables of `waypost report`, for `waypost demo`."""
    with current_store(config) as db:
        printing.tables(clicks.report(db), console)
