"""A store of the first form becomes one of the second, in a new file beside it.

Owns: seeing that a store is of the first form, the order of the steps, that each may be cut short at any
moment and is taken up again, and how far it has come.
Does not own: the rows (`copy`), the last state of the first form (`schema`), the swap and who waits for it
(`tracker.store.file.replacement`), or when it is done (`tracker.ingest.ingester`).

Whoever runs it holds the ingester's lock. The earlier store stays as it is until the new one is complete;
mail, links and the spool go on meanwhile. Its write lock is held, so that no program of an earlier version
changes what was copied already; where one did while nobody held it, the copy begins anew.

Chunks are not waited for until they are on the disk, which takes as long as copying them; the new file is,
once, before it takes its place. So a copy is taken up again by what this run of the machine has written, and
begins anew after a crash of the machine.
"""

import contextlib
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tracker.first_form import copy
from tracker.first_form.copy import STAGES
from tracker.first_form.schema import migrations as steps
from tracker.sql.sqlite import SQLite
from tracker.store.database import StoreError
from tracker.store.file import file_store, files, replacement
from tracker.store.file.replacement import Busy, Progress, Replacement
from tracker.store.file.schema import migrations

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
_LACKING = """
    CREATE TABLE lacking AS               -- indexes that are made when all rows are there
    SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL
"""
_CHECK = "PRAGMA main.quick_check(1)"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Stopped(Exception):
    """The upgrade was to stop before it was done; it goes on from there the next time."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who watches an upgrade: whether it should stop, and whom it tells how far it has come."""

    should_stop: Callable[[], bool] = lambda: False
    tell: Callable[[Progress], object] = lambda _: None


NOBODY = Watch()


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
    file_store.require_ours(path)
    with contextlib.closing(file_store.connect(path, file_store.READ_TIMEOUT_MS)) as conn:
        db = SQLite(conn)
        return bool(steps.applied(db)) and not migrations.applied(db)


def run(path: Path, watch: Watch = NOBODY) -> None:
    """Have a store of the second form take the place of one of the first.

    Raises Stopped, StoreError, sqlite3.Error and OSError: the earlier store is in its place then.
    """
    try:
        with replacement.replacing(path, "upgraded") as begun:
            with _earlier(path, begun) as earlier:
                _write(path, begun, earlier, watch)
            begun.swap()
    except Busy:
        raise StoreError(f"{path} is being changed by a command", "locked") from None


@contextlib.contextmanager
def _earlier(path: Path, begun: Replacement) -> Iterator[str]:
    """Bring a store to the last state of the first form, and keep it so.

    Yield what tells it from any other, and from what anybody makes of it.
    """
    with contextlib.closing(file_store.connect(path, file_store.CHANGE_TIMEOUT_MS)) as conn:
        db = SQLite(conn)
        _require_room(path, begun, steps_due=bool(steps.pending(db)))
        db.enable_wal()
        steps.apply(db)
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        conn.execute("BEGIN IMMEDIATE")
        yield _seen(path)
        conn.rollback()


def _require_room(path: Path, begun: Replacement, *, steps_due: bool) -> None:
    """Raise StoreError where the disk has no room for the new store, which is not the larger one.

    To bring the earlier one to its last state may write all of it once more, to its write-ahead log.
    """
    octets = files.size_octets(path) + files.size_octets(files.beside(path)[0])
    try:
        begun.require_room(octets * 2 if steps_due else octets)
    except OSError as error:
        why = f"{path} cannot be upgraded: {error.strerror} in {path.absolute().parent}"
        raise StoreError(why, "full") from error


def _seen(path: Path) -> str:
    seen = [_run_of_the_machine()]
    for each in (path, files.beside(path)[0]):
        if files.size_octets(each):
            found = each.stat()
            seen.append(f"{found.st_ino} {found.st_size} {found.st_mtime_ns}")
    return ", ".join(seen)


def _run_of_the_machine() -> str:
    """Return what tells the time since the machine was started from any other; see random(4)."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return secrets.token_hex()


def _write(path: Path, begun: Replacement, earlier: str, watch: Watch) -> None:
    """Write the new file, going on where it stands; raises Stopped."""
    db = _resumed(path, begun, earlier) or _begun(path, begun, earlier)
    with contextlib.closing(db.conn):
        stand = _read_stand(db)
        while stand.stage < len(STAGES):
            begun.tell(stand.done, stand.total)
            watch.tell(Progress("upgraded", stand.done, stand.total))
            if watch.should_stop():
                raise Stopped
            stand = _advance(db, stand)
        while _make_index(db):
            if watch.should_stop():
                raise Stopped
        with db.transaction():
            db.execute("DROP TABLE lacking")
            db.execute("DROP TABLE upgrade")


def _advance(db: SQLite, stand: _Stand) -> _Stand:
    """Copy one chunk, in a transaction with where it ended."""
    with db.transaction():
        copied = copy.copy_chunk(db, STAGES[stand.stage], stand.after)
        if copied is None:
            stand = stand._replace(stage=stand.stage + 1, after=copy.BEGINNING)
        else:
            stand = stand._replace(after=copied.upto, done=stand.done + copied.rows)
        sql = "UPDATE upgrade SET stage = :stage, after = :after, done = :done"
        db.execute(sql, stand._asdict())
    return stand


def _make_index(db: SQLite) -> bool:
    """Make one of the indexes that are lacking; return False where none is.

    Rows come in the order of their tables, which is any order to an index: to keep it meanwhile would write
    most of its pages with every chunk.
    """
    row = db.execute("SELECT name, sql FROM lacking LIMIT 1").fetchone()
    if row is None:
        return False
    with db.transaction():
        db.execute(row[1])
        db.execute("DELETE FROM lacking WHERE name = ?", [row[0]])
    return True


def _resumed(path: Path, begun: Replacement, earlier: str) -> SQLite | None:
    """Open the new file where one was begun from the same earlier store, and is sound."""
    if files.file_id(begun.file) is None:
        return None
    try:
        db = _attached(path, begun.file)
    except sqlite3.Error:
        return None
    try:
        if _read_stand(db).earlier == earlier and db.execute(_CHECK).fetchone() == ("ok",):
            return db
    except (sqlite3.Error, TypeError):
        pass  # it was cut short before anything was copied, or is damaged
    db.close()
    return None


def _begun(path: Path, begun: Replacement, earlier: str) -> SQLite:
    """Make the new file."""
    begun.make()
    db = _attached(path, begun.file)
    try:
        for mark, value in files.MARKS.items():
            db.execute(f"PRAGMA {mark} = {value}")
        migrations.apply(db)
        row = _Stand(earlier, 0, copy.BEGINNING, 0, copy.work(db))
        with db.transaction():
            db.execute(_STANDS)
            db.execute(_LACKING)
            for (name,) in db.execute("SELECT name FROM lacking").fetchall():
                db.execute(f"DROP INDEX {name}")
            sql = "INSERT INTO upgrade VALUES (:earlier, :stage, :after, :done, :total)"
            db.execute(sql, row._asdict())
    except BaseException:
        db.close()
        raise
    return db


def _attached(path: Path, file: Path) -> SQLite:
    """Open the new file, with the earlier store attached."""
    conn = sqlite3.connect(file_store.uri(file, "mode=rw"), uri=True)
    db = SQLite(conn)
    try:
        # Nearly all pages are new, and are written once so; with a write-ahead log, twice.
        conn.execute("PRAGMA journal_mode = TRUNCATE").fetchone()
        conn.execute("PRAGMA synchronous = OFF")
        conn.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        conn.execute("ATTACH ? AS first", [file_store.uri(path, "mode=ro")])
        conn.execute(f"PRAGMA first.cache_size = -{_CACHE_KIB}")
        copy.prepare(db)
    except BaseException:
        conn.close()
        raise
    return db


def _read_stand(db: SQLite) -> _Stand:
    return _Stand(*db.execute("SELECT earlier, stage, after, done, total FROM upgrade").fetchone())
