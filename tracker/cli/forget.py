"""`waypost forget`: a person is erased, the figures stay.

Owns: the command. Does not own: what is forgotten, and in which order (`tracker.erasure.forget`).
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict

import click

from config.cli.options import TEXT, config_option
from config.cli.output import echo
from config.schema import Config
from tracker.cli.common import Waiting, log_errors_only
from tracker.erasure.forget import Forgotten, erase
from tracker.ingest import waiting
from tracker.ingest.catch_up import catch_up
from tracker.store.database import StoreError


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("address", type=TEXT)
def forget(config: Config, address: str, *, as_json: bool) -> None:
    """Erase who is known by ADDRESS (or by your own id): names, addresses, and URLs with them.

    Figures stay. Links in delivered mail go on working, and count as nobody's. What the person
    agreed to stays in force, under a hash. At the end the store is written anew, which is waited for;
    mail, links and reports go on. It may be stopped at any time and be run again.
    """
    if not address.strip():
        raise click.UsageError("ADDRESS is empty")
    log_errors_only(config)
    told = Waiting()
    try:
        waiting.for_replacement(config, told.say)
        backlog = catch_up(config, tell=told.say, through_upgrade=True)
        if backlog.why:
            raise click.ClickException(f"nothing is erased yet, try again: {backlog.why}")
        done = erase(config, address, told.say)
        if config.store.path.exists():
            waiting.for_rewriting(config, told.say)
    except (sqlite3.Error, StoreError, OSError) as error:
        raise click.ClickException(f"not everything is erased, try again: {error}") from None
    echo(*([json.dumps(asdict(done))] if as_json else _lines(address, done)))


def _lines(address: str, done: Forgotten) -> Iterator[str]:
    counts = {
        "persons": done.persons,
        "copies of mail": done.deliveries,
        "clicks": done.clicks,
        "URLs": done.urls,
        "details of messages": done.details,
        "names of campaigns": done.campaigns,
        "records of the spool": done.spool_records,
        "lines about consent": done.consents,
    }
    found = ", ".join(f"{what} {count}" for what, count in counts.items() if count)
    yield f"Erased of {address}: {found}." if found else f"Nothing of {address} is kept."
    if done.spool_records_left:
        yield f"Records of the spool that go within the hour: {done.spool_records_left}."
    for path in done.set_aside:
        yield f"Set aside earlier, and not looked into: {path}"
