"""`waypost purge`: old messages and clicks are deleted, the sums stay.

Owns: the command. Does not own: what is deleted (`tracker.retention.retention`), or when the clock is
believed (`tracker.retention.clock`).
"""

import time
from collections import deque

import click

from config.cli.options import config_option_without_files
from config.cli.output import echo
from config.schema import Config
from config.values import LONGEST_S, parse_duration
from tracker.cli.common import Waiting, log_errors_only, make_room
from tracker.details import expiry
from tracker.ingest import waiting
from tracker.ingest.catch_up import catch_up
from tracker.retention import clock, retention
from tracker.retention.retention import ClockNotBelieved
from tracker.sql.errors import DatabaseErrors
from tracker.store import database
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
@click.option("--insist", is_flag=True, help="The clock is right, however far ahead it seems.")
def purge(config: Config, age_s: float, *, insist: bool) -> None:
    """Delete messages older than this, with their recipients and clicks.

    Reports keep their totals, and links go on working; clicks on them count as "(purged)".
    """
    log_errors_only(config)
    now_s, told = time.time(), Waiting()
    try:
        waiting.for_replacement(config, told.say)
        make_room(config)
        catch_up(config, tell=told.say, through_upgrade=True)
        purged = retention.purge_file(
            *(config.store, age_s),
            clock_s=now_s,
            retention_s=config.privacy.retention,
            insist=insist,
            waiting=told.say,
        )
        _let_go_of_details(config, told)
    except ClockNotBelieved as error:
        raise click.ClickException(_doubted(error)) from None
    except (*DatabaseErrors, StoreError, OSError) as error:
        raise click.ClickException(
            f"{database.called(config.store)} cannot be purged: {error}"
        ) from None
    before = clock.written(now_s - age_s)
    echo(f"Purged {purged.messages} messages and {purged.clicks} clicks from before {before}.")


def _let_go_of_details(config: Config, told: Waiting) -> None:
    """Delete what is kept of single messages beside the figures, of all that is purged."""
    if database.exists(config.store):
        with database.changing(config.store, told.say) as opened:
            deque(expiry.expiring(opened, retention.purged_before_s(opened.db)), maxlen=0)


def _doubted(error: ClockNotBelieved) -> str:
    said, known = (clock.written(each) for each in (error.time.clock_s, error.time.known_s))
    return (
        f"nothing was purged: it is {said} by this machine's clock, and the latest that the store "
        f"knows of is {known}. If the clock is right, add --insist."
    )
