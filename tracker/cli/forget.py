"""`waypost forget`: a person is erased, the figures stay.

Owns: the command, and the order of its steps. Does not own: each step (`erasure`, `redaction`,
`consents`).
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace

import click
from sqlite_utils import Database

from config.cli.options import TEXT, config_option
from config.schema import Config
from config.telemetry import observe
from tracker.decisions import consents
from tracker.erasure import rows, spool
from tracker.erasure.patterns import Needles
from tracker.erasure.rows import Erased, Person
from tracker.erasure.spool import Traces
from tracker.ingest.catch_up import catch_up
from tracker.store import database, named_rows
from tracker.store.named_rows import normal_address
from tracker.urls.reader_id import Identifier


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is gone, and what may still tell of the person: former stores that were set aside.

    With `log_left`, the store's write-ahead log does, as somebody was reading it.
    """

    persons: int = 0
    deliveries: int = 0
    clicks: int = 0
    urls: int = 0
    campaigns: int = 0
    spool_records: int = 0
    spool_records_left: int = 0
    consents: int = 0
    set_aside: tuple[str, ...] = ()
    log_left: bool = False


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("address", type=TEXT)
def forget(config: Config, address: str, *, as_json: bool) -> None:
    """Erase who is known by ADDRESS (or by your own id): names, addresses, and URLs with them.

    Figures stay. Links in delivered mail go on working, and count as nobody's. What the person
    agreed to stays in force, under a hash. It may be run again, and then finds nothing.
    """
    if not address.strip():
        raise click.UsageError("ADDRESS is empty")
    observe.configure("error", config.log.format)
    try:
        backlog = catch_up(config)
        if backlog.octets:
            raise click.ClickException(f"nothing is erased yet, try again: {backlog.why}")
        done = erase(config, address)
    except (sqlite3.Error, database.StoreError, OSError) as error:
        raise click.ClickException(f"not everything is erased, try again: {error}") from None
    for line in [json.dumps(asdict(done))] if as_json else _told(address, done):
        click.echo(line)
    if done.log_left:
        raise click.ClickException(
            f"a program that reads the store kept its log from being emptied: when it is done,"
            f" run this again ({config.store.path}-wal)"
        )


def erase(config: Config, name: str) -> Forgotten:
    """Erase a person everywhere; raises StoreError, sqlite3.Error and OSError.

    The rows by which they are found go last, with the commit: until then, all may be done again.
    """
    identifier = Identifier.of(config)
    path = config.store.path
    if database.identity(path) is None:
        return _beside(config, _Rows(Person({name, normal_address(name)})), identifier)
    with database.changing(path) as opened:
        with opened.transaction():
            person = rows.find(opened.db, name)
            copies = _message_ids(opened.db, person)
            erased = rows.forget(opened.db, person, identifier)
            done = _beside(config, _Rows(person, erased, copies, opened.offsets()), identifier)
        return replace(done, log_left=not _overwrite(opened.db))


@dataclass(frozen=True, slots=True)
class _Rows:
    """What was found in the store; `fed` is how much of each segment was there by then."""

    person: Person
    erased: Erased = field(default_factory=Erased)
    copies: frozenset[tuple[str, int]] = frozenset()
    fed: dict[str, int] = field(default_factory=dict)


def _beside(config: Config, rows: _Rows, identifier: Identifier) -> Forgotten:
    """Erase in the files beside the store what the rows led to."""
    path, erased = config.store.path, rows.erased
    needles = Needles.of(rows.person.names, identifier)
    traces = Traces(rows.person.names, needles, rows.copies, erased.campaigns)
    records, left = spool.redact(config.store.spool_dir, rows.fed, traces)
    return Forgotten(
        persons=erased.persons,
        deliveries=erased.deliveries,
        clicks=erased.clicks,
        urls=erased.urls,
        campaigns=len(erased.campaigns),
        spool_records=records,
        spool_records_left=left,
        consents=consents.forget(path, rows.person.names),
        set_aside=tuple(sorted(map(str, path.parent.glob(f"{path.name}.*-*Z*")))),
    )


def _overwrite(db: Database) -> bool:
    """Leave nothing of what was deleted, now or earlier, in unused places of the store's files.

    False where somebody reads what the write-ahead log holds.
    """
    db.execute("VACUUM")
    busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _message_ids(db: Database, person: Person) -> frozenset[tuple[str, int]]:
    sql = "SELECT id, message_id FROM messages WHERE id IN (:values)"
    ids = dict(named_rows.rows_in(db, sql, {message for message, _ in person.copies}))
    return frozenset((ids[message], number) for message, number in person.copies)


def _told(address: str, done: Forgotten) -> Iterator[str]:
    counts = {
        "persons": done.persons,
        "copies of mail": done.deliveries,
        "clicks": done.clicks,
        "URLs": done.urls,
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
