"""Forgetting a person everywhere: rows, spool, consents.

Owns: the order of the steps, which can be repeated from any point, and that no octet of what was
deleted stays in the store's files.
Does not own: each step (`rows`, `spool`, `consents`), or how it is asked for
(`tracker.cli.forget`).
"""

from dataclasses import dataclass, field, replace

from sqlite_utils import Database

from config.schema import Config
from tracker.erasure import consents, rows, spool
from tracker.erasure.patterns import PersonPatterns
from tracker.erasure.rows import Erased, Person
from tracker.erasure.spool import Traces
from tracker.persons import normal_address
from tracker.store import database, files, queries
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


def erase(config: Config, name: str) -> Forgotten:
    """Erase a person everywhere; raises StoreError, sqlite3.Error and OSError.

    The rows by which they are found go last, with the commit: until then, all may be done again.
    """
    identifier = Identifier.of(config)
    path = config.store.path
    if files.file_id(path) is None:
        return _erase_files(config, _Found(Person({name, normal_address(name)})), identifier)
    with database.changing(path) as opened:
        with opened.transaction():
            person = rows.find(opened.db, name)
            copies = _message_ids(opened.db, person)
            erased = rows.forget(opened.db, person, identifier)
            done = _erase_files(
                config, _Found(person, erased, copies, opened.offsets()), identifier
            )
        return replace(done, log_left=not _overwrite_deleted(opened.db))


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found in the store; `fed` is how much of each segment was there by then."""

    person: Person
    erased: Erased = field(default_factory=Erased)
    copies: frozenset[tuple[str, int]] = frozenset()
    fed: dict[str, int] = field(default_factory=dict)


def _erase_files(config: Config, found: _Found, identifier: Identifier) -> Forgotten:
    """Erase in spool and consents what the rows led to."""
    path, erased = config.store.path, found.erased
    patterns = PersonPatterns.of(found.person.names, identifier)
    traces = Traces(found.person.names, patterns, found.copies, erased.campaigns)
    records, left = spool.redact(config.store.spool_dir, found.fed, traces)
    return Forgotten(
        persons=erased.persons,
        deliveries=erased.deliveries,
        clicks=erased.clicks,
        urls=erased.urls,
        campaigns=len(erased.campaigns),
        spool_records=records,
        spool_records_left=left,
        consents=consents.forget(path, found.person.names),
        set_aside=tuple(sorted(map(str, path.parent.glob(f"{path.name}.*-*Z*")))),
    )


def _overwrite_deleted(db: Database) -> bool:
    """Leave nothing of what was deleted, now or earlier, in unused places of the store's files.

    Return False where somebody reads what the write-ahead log holds.
    """
    db.execute("VACUUM")
    busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _message_ids(db: Database, person: Person) -> frozenset[tuple[str, int]]:
    """Return the copies of a person by message id and recipient number, as events name them."""
    sql = "SELECT id, message_id FROM messages WHERE id IN (:values)"
    ids = dict(queries.rows_in(db, sql, {message for message, _ in person.copies}))
    return frozenset((ids[message], number) for message, number in person.copies)
