"""`waypost purge`: old messages and clicks are deleted, the sums stay.

Owns: the command. Does not own: what is deleted (`tracker.store.retention`).
"""

import sqlite3
import time
from datetime import UTC, datetime

import click

from config.cli.options import config_option_without_files
from config.schema import Config
from config.telemetry import observe
from config.values import LONGEST_S, parse_duration
from tracker.ingest.catch_up import catch_up
from tracker.store import database, retention


class Age(click.ParamType[float]):
    """A duration as people write it: "90d"."""

    name = "age"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Give seconds."""
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
    observe.configure("error", config.log.format)
    before_s = time.time() - age_s
    try:
        catch_up(config)
        gone = _purge(config, before_s)
    except (sqlite3.Error, database.StoreError, OSError) as error:
        raise click.ClickException(f"{config.store.path} cannot be purged: {error}") from None
    day = datetime.fromtimestamp(before_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
    click.echo(f"Purged {gone.messages} messages and {gone.clicks} clicks from before {day}.")


def _purge(config: Config, before_s: float) -> retention.Purged:
    if database.file_id(config.store.path) is None:
        return retention.Purged()
    with database.changing(config.store.path) as opened:
        return retention.purge(opened.db, before_s)
