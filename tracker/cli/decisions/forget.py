"""`waypost forget`: a person is erased, the figures stay.

Owns: the command. Does not own: forgetting, and what is waited for (`tracker.orders.forgetting`).
"""

import json
from collections.abc import Iterator
from dataclasses import asdict

import click

from config.cli.options import TEXT, config_option
from config.cli.output import echo
from config.schema import Config
from tracker.cli.common import Waiting, log_errors_only, make_room
from tracker.erasure.forget import Forgotten
from tracker.orders import forgetting
from tracker.orders.forgetting import NotNow
from tracker.sql.errors import DatabaseErrors
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
    try:
        make_room(config)
        done = forgetting.forget(config, address, Waiting().say)
    except NotNow as error:
        raise click.ClickException(str(error)) from None
    except (*DatabaseErrors, StoreError, OSError) as error:
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
    for name in done.nodes_left:
        yield f"Not done yet on {name}, which does it as soon as it can; see: waypost nodes"
    for path in done.set_aside:
        yield f"Set aside earlier, and not looked into: {path}"
