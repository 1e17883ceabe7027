"""`waypost report`, `activity`, `clickers` and `export`: what was sent and clicked.

Owns: the commands.
Does not own: the questions (`tracker.reports.clicks`, `tracker.reports.opens`), how answers are
printed (`printing`), or bringing the store up to date (`common`).
"""

import json
from datetime import datetime

import click

from config.cli.console import Console
from config.cli.listing import Form, export_form_option, form_option, print_csv
from config.cli.options import TEXT, config_option_without_files
from config.cli.output import echo
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
@click.option(
    "--opens", "of_opens", is_flag=True, help="Opens instead of clicks (`[tracking] opens`)."
)
@form_option
def report(
    config: Config, campaign: str | None, since: datetime | None, form: Form, *, of_opens: bool
) -> None:
    """Print messages, recipients and clicks: in total, by campaign, by link.

    The click rate is the share of recipients with a copy of their own who clicked, machines apart.
    """
    since_s = None if since is None else clicks.utc_seconds(since)
    ask = opens.report if of_opens else clicks.report
    with current_store(config) as db:
        answer = ask(db, campaign=campaign, since_s=since_s)
    printing.report(answer, form, Console())


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
@export_form_option
def export(config: Config, form: Form) -> None:
    """Print every click that is kept, one a line."""
    with current_store(config) as db:
        rows = clicks.clicks(db)
        if form != "json":
            print_csv(rows, form, clicks.CLICKS)
            return
        for row in rows:
            echo(json.dumps(row, ensure_ascii=False))
