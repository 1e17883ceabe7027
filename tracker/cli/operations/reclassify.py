"""`waypost reclassify`: the clicks that are kept are judged anew.

Owns: the command, and how it tells what changed.
Does not own: judging anew (`tracker.counting.reclassify`), or the rules (`tracker.judging.rules`).
"""

from collections import deque
from datetime import datetime
from typing import Any

import click
from rich.table import Table

from config.cli.console import Console, cell
from config.cli.listing import print_json
from config.cli.options import config_option_without_files
from config.cli.output import echo
from config.schema import Config
from tracker.cli.common import Waiting, log_errors_only
from tracker.counting.reclassify import Reclassified
from tracker.counting.reclassify import reclassify as judge_anew
from tracker.ingest import waiting
from tracker.ingest.catch_up import catch_up
from tracker.judging.rules import Settings
from tracker.outbox.subscriptions import Subscriptions
from tracker.reports import names, summary
from tracker.sql.errors import DatabaseErrors
from tracker.store import database
from tracker.store.database import StoreError


@click.command()
@config_option_without_files
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Only clicks on messages sent since this day (UTC).",
)
@click.option("--dry-run", is_flag=True, help="Change nothing; print what would change.")
@click.option("--notify", is_flag=True, help="Tell webhooks of clicks whose label changes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def reclassify(
    config: Config, since: datetime | None, *, dry_run: bool, notify: bool, as_json: bool
) -> None:
    """Judge all clicks that are kept anew: people's, doubtful, or machines'.

    For when the points of [clicks] have changed, or the rules with a new version. Mail, links and reports
    go on meanwhile. It may be stopped at any time, and be run again.
    """
    log_errors_only(config)
    told = Waiting()
    try:
        waiting.for_replacement(config, told.say)
        catch_up(config, tell=told.say, through_upgrade=True)
        done, campaigns = _run(config, since, told, dry_run=dry_run, notify=notify)
    except (*DatabaseErrors, StoreError, OSError) as error:
        raise click.ClickException(
            f"{database.called(config.store)} cannot be changed: {error}"
        ) from None
    if as_json:
        print_json(_json(done, campaigns))
    else:
        _print(Console(), done, campaigns, dry_run=dry_run)


def _run(
    config: Config, since: datetime | None, told: Waiting, *, dry_run: bool, notify: bool
) -> tuple[Reclassified, dict[str, int]]:
    """Return what changed, and by how much human clicks did, by campaign."""
    if not database.exists(config.store):
        return Reclassified(), {}
    since_s = 0.0 if since is None else summary.utc_seconds(since)
    webhooks = Subscriptions.of(config) if notify else Subscriptions()
    with database.changing(config.store, told.say) as opened:
        chunks = deque(
            judge_anew(
                opened, Settings.of(config), since_s=since_s, dry_run=dry_run, notify=webhooks
            ),
            maxlen=1,
        )
        named = names.campaigns(opened.db)
    done = chunks.pop() if chunks else Reclassified()
    return done, {named[row].for_people: count for row, count in done.human.items() if count}


def _json(done: Reclassified, campaigns: dict[str, int]) -> dict[str, Any]:
    return {
        "clicks": done.clicks,
        "changed": done.changed,
        "rules": {
            rule: {"gained": done.gained[rule], "lost": done.lost[rule]} for rule in _rules(done)
        },
        "campaigns": campaigns,
    }


def _rules(done: Reclassified) -> list[str]:
    return sorted(done.gained.keys() | done.lost.keys())


def _print(
    console: Console, done: Reclassified, campaigns: dict[str, int], *, dry_run: bool
) -> None:
    verb = "would be" if dry_run else "were"
    echo(f"{done.clicks} clicks were judged anew; {done.changed} {verb} changed.")
    if _rules(done):
        rules = Table("Rule", "Clicks that it now sees", "no longer sees")
        for rule in _rules(done):
            rules.add_row(cell(rule), str(done.gained[rule]), str(done.lost[rule]))
        console.print(rules)
    if campaigns:
        table = Table("Campaign", "Human clicks")
        for name, count in sorted(campaigns.items(), key=lambda each: (-abs(each[1]), each[0])):
            table.add_row(cell(name), f"{count:+}")
        console.print(table)
