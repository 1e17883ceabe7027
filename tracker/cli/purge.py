"""`waypost purge`: old messages and clicks are deleted, the sums stay.

Owns: the command. Does not own: what is deleted (`tracker.store.retention`).
"""

import sqlite3
import time
from datetime import UTC, datetime

import click

from config.cli.options import config_option_without_files
from config.schema import Config
from config.values import LONGEST_S, parse_duration
from tracker.cli.common import log_errors_only
from tracker.ingest.catch_up import catch_up
from tracker.store import retention
from tracker.store.database import StoreError


class Age(click.ParamType[float]):
    """A duration as people write it: "90d"."""

    name = "age"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return seconds."""
        try:
            seconds = parse_duration(str(value))
        except ValueError:
            self.fail(f'{value!r} is not a duration, like "90d"', param, ctx)
        if seconds > LONGEST_S:
            self.fail(f"{value!r} is more than a hundred years", param, ctx)
        return seconds


@click.command()
@config_option_without_files
@click.option("--older-than", "age_s", type=Age(), required=True, help='For example "90d".')
def purge(config: Config, age_s: float) -> None:
    """Delete messages older than this, with their recipients and clicks.

    Reports keep their totals, and links go on working; clicks on them count as "(purged)".
    """
    log_errors_only(config)
    before_s = time.time() - age_s
    try:
        catch_up(config)
        purged = retention.purge_file(config.store.path, before_s)
    except (sqlite3.Error, StoreError, OSError) as error:
        raise click.ClickException(f"{config.store.path} cannot be purged: {error}") from None
    day = datetime.fromtimestamp(before_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
    click.echo(f"Purged {purged.messages} messages and {purged.clicks} clicks from before {day}.")
