"""A store of the first form becomes one of the second, in a new file beside it.

Owns: seeing that a store is of the first form, the order of the steps, that each may be cut short at any
moment and is taken up again, and how far it has come.
Does not own: the rows (`copy`), the last state of the first form (`schema`), or the swap and who waits
for it (`tracker.store.replacement`).

Whoever runs it holds the ingester's lock. The earlier store stays as it is until the new one is complete;
mail, links and the spool go on meanwhile. Its write lock is held, so that no program of an earlier version
changes what was copied already; where one did while nobody held it, the copy begins anew.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from sqlite_utils import Database

from tracker.store import database, files, replacement
from tracker.store.database import StoreError
from tracker.store.first_form import copy
from tracker.store.first_form.copy import STAGES
from tracker.store.first_form.schema import migrations as steps
from tracker.store.replacement import Busy, Replacement
from tracker.store.schema import migrations

_CACHE_KIB = 65536
_STANDS = """
    CREATE TABLE upgrade (                -- how far it has come; gone once it is done
        earlier TEXT NOT NULL,            -- what is copied
        stage INTEGER NOT NULL,
        after INTEGER NOT NULL,           -- where in it the next chunk begins
        done INTEGER NOT NULL,            -- rows
        total INTEGER NOT NULL
    )
"""


class _Stand(NamedTuple):
    """How far the copy of a store has come: the stage, where in it, and how many rows are done."""

    earlier: str
    stage: int
    after: int
    done: int
    total: int


def is_due(path: Path) -> bool:
    """Return whether there is a store of the first form; raises StoreError and sqlite3.Error."""
    if files.file_id(path) is None or files.is_empty(path):
        return False
    database.require_ours(path)
    with contextlib.closing(database.connect(path, database.READ_TIMEOUT_MS)) as conn:
        return is_first_form(conn)


def is_first_form(conn: sqlite3.Connection) -> bool:
    """Return whether a database of ours is of the first form."""
    sets = {name for (name,) in conn.execute("SELECT migration_set FROM _sqlite_migrations")}
    return steps.name in sets and migrations.name not in sets


def run(path: Path, should_stop: Callable[[], bool] = lambda: False) -> bool:
    """Have a store of the second form take the place of one of the first.

    Return False where it was to stop before it was done; then it goes on from there the next time. Raises
    StoreError, sqlite3.Error and OSError: the earlier store is in its place then.
    """
    try:
        with replacement.replacing(path, "upgraded") as begun:
            with _earlier(path, begun) as earlier:
                if not _write(path, begun, earlier, should_stop):
                    return False
            begun.swap()
    except Busy:
        raise StoreError(f"{path} is being changed by a command", "locked") from None
    return True


@contextlib.contextmanager
def _earlier(path: Path, begun: Replacement) -> Iterator[str]:
    """Bring a store to the last state of the first form, and keep it there; yield what tells it from others."""
    octets = files.size_octets(path) + files.size_octets(files.beside(path)[0])
    with contextlib.closing(database.connect(path, database.CHANGE_TIMEOUT_MS)) as conn:
        db = Database(conn, execute_plugins=False)
        due = bool(steps.pending(db))
        begun.require_room(octets * (2 if due else 1))
        db.enable_wal()
        steps.apply(db)
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        conn.execute("BEGIN IMMEDIATE")
        yield _seen(path)
        conn.rollback()


def _seen(path: Path) -> str:
    """Return what tells a file, as it stands, from any other and from what anybody makes of it."""
    seen = []
    for each in (path, files.beside(path)[0]):
        with contextlib.suppress(FileNotFoundError):
            found = each.stat()
            if found.st_size:
                seen.append(f"{found.st_ino} {found.st_size} {found.st_mtime_ns}")
    return ", ".join(seen)


def _write(path: Path, begun: Replacement, earlier: str, should_stop: Callable[[], bool]) -> bool:
    """Write the new file, going on where it stands; return False where it was to stop before."""
    db = _opened(path, begun, earlier)
    with contextlib.closing(db.conn):
        stand = _read_stand(db)
        while stand.stage < len(STAGES):
            begun.tell(stand.done, stand.total)
            if should_stop():
                return False
            stand = _advance(db, stand)
        with database.transaction(db):
            db.execute("DROP TABLE upgrade")
    return True


def _advance(db: Database, stand: _Stand) -> _Stand:
    """Copy one chunk, in a transaction with where it ended."""
    with database.transaction(db):
        copied = copy.copy_chunk(db, STAGES[stand.stage], stand.after)
        if copied is None:
            stand = stand._replace(stage=stand.stage + 1, after=copy.BEGINNING)
        else:
            stand = stand._replace(after=copied.upto, done=stand.done + copied.rows)
        db.execute(
            "UPDATE upgrade SET stage = :stage, after = :after, done = :done", stand._asdict()
        )
    return stand


def _opened(path: Path, begun: Replacement, earlier: str) -> Database:
    """Open the new file with the earlier store attached; make it, unless there is one of this store."""
    if files.file_id(begun.file) is not None:
        with contextlib.suppress(sqlite3.DatabaseError):
            db = _attached(path, begun.file)
            if _read_stand(db).earlier == earlier:
                return db
            db.close()
    begun.make()
    db = _attached(path, begun.file)
    db.execute(f"PRAGMA application_id = {files.APPLICATION_ID}")
    migrations.apply(db)
    with database.transaction(db):
        db.execute(_STANDS)
        row = _Stand(earlier, 0, copy.BEGINNING, 0, copy.work(db))
        db.execute(
            "INSERT INTO upgrade VALUES (:earlier, :stage, :after, :done, :total)", row._asdict()
        )
    return db


def _attached(path: Path, file: Path) -> Database:
    conn = sqlite3.connect(database.uri(file, "mode=rw"), uri=True)
    db = Database(conn, execute_plugins=False)
    try:
        # Pages that are new are written once so; with a write-ahead log it would be twice.
        conn.execute("PRAGMA journal_mode = TRUNCATE").fetchone()
        conn.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        conn.execute("ATTACH ? AS first", [database.uri(path, "mode=ro")])
        conn.execute(f"PRAGMA first.cache_size = -{_CACHE_KIB}")
        copy.prepare(db)
    except BaseException:
        conn.close()
        raise
    return db


def _read_stand(db: Database) -> _Stand:
    return _Stand(*db.execute("SELECT earlier, stage, after, done, total FROM upgrade").fetchone())
