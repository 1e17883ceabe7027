"""The store's file: opened, created, checked, set aside.

Owns: connections and their settings, whether the file that is open is still the one on disk, what
SQLite's errors mean to us, how far each spool segment has been fed, and watermarks.
Does not own: tables (`schema`), rows (`tracker.ingest.batch`), questions
(`tracker.reports.clicks`), or when to try again (`tracker.ingest.ingester`).

Whoever opens the store for feeding holds the ingester's lock. Only then is a file created or
renamed here; everyone else reads, or changes what is there. Commits are synchronous (FULL), because
a segment is deleted once it was fed, and with NORMAL a power cut could undo the commit but not the
deletion.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from sqlite_utils import Database

from tracker.records import durable
from tracker.store.schema import migrations

Watermark = Literal["purged_before_s", "unlisted_before_day", "known_time_s"]
"""A value that only rises, unless a wrong clock raised it: what lies below it has been purged, or
looked at, or has passed."""

APPLICATION_ID = 0x57617970
"""Says in the file's header that it is a store of ours ("Wayp"), for file(1) and for `is_ours`."""
BUSY_TIMEOUT_MS = 2000
READ_TIMEOUT_MS = 5000
CHANGE_TIMEOUT_MS = 30_000
"""How long a command waits for who is feeding the store."""
CACHE_KIB = 65536
WAL_LIMIT_OCTETS = 64 * 1024 * 1024

_CAUSES = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_CORRUPT: "malformed",
    sqlite3.SQLITE_NOTADB: "malformed",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_PERM: "read-only",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
}
_HEADER = b"SQLite format 3\0"
_APPLICATION_ID_AT = 68


class StoreError(Exception):
    """The store cannot be used now. `cause` names why, in a word or two."""

    def __init__(self, message: str, cause: str) -> None:
        super().__init__(message)
        self.cause = cause


def cause_of(error: Exception) -> str:
    """Return what an error of SQLite or of the disk means, as "locked", "full" or "malformed"."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return _CAUSES.get(code & 0xFF, "failing")
    return "full" if isinstance(error, OSError) and error.errno in durable.FULL else "failing"


class Store:
    """The database, opened to be fed; by the holder of the ingester's lock, in one thread."""

    def __init__(self, path: Path, db: Database) -> None:
        self.path = path
        self.db = db
        self.identity = file_id(path)

    @classmethod
    def open(cls, path: Path) -> "Store":
        """Open the store, making it where it is missing, with all migrations applied.

        Raises sqlite3.Error and OSError.
        """
        if file_id(path) is None:
            _create(path)
        return cls(path, _open_to_feed(path))

    def is_current(self) -> bool:
        """Return whether the open file is still on disk; SQLite would commit to a deleted one."""
        return self.identity is not None and file_id(self.path) == self.identity

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing: where the block raises, all is rolled back."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.conn.commit()
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self.db.conn.rollback()
            raise

    def offset(self, segment: str) -> int:
        """Return how many octets of a segment are in the store."""
        row = self.db.execute("SELECT offset FROM segments WHERE name = ?", [segment]).fetchone()
        return int(row[0]) if row else 0

    def set_offset(self, segment: str, offset: int) -> None:
        """Record how many octets of a segment are in, in the transaction that put them there."""
        self.db.execute(
            "INSERT OR REPLACE INTO segments (name, offset) VALUES (?, ?)", [segment, offset]
        )

    def offsets(self) -> dict[str, int]:
        """Return how many octets of each segment are in the store."""
        return offsets(self.db)

    def forget_segments(self, names: set[str]) -> None:
        """Forget segments that are gone from the disk."""
        with self.transaction():
            self.db.conn.executemany(
                "DELETE FROM segments WHERE name = ?", [(name,) for name in names]
            )

    def close(self) -> None:
        """Close it; never raises."""
        with contextlib.suppress(sqlite3.Error):
            self.db.close()


def offsets(db: Database) -> dict[str, int]:
    """Return how many octets of each segment are in a store."""
    return dict(db.execute("SELECT name, offset FROM segments").fetchall())


@contextlib.contextmanager
def reading(path: Path) -> Iterator[Database]:
    """Open the store to ask questions; an empty one stands in where there is none.

    Raises StoreError where it cannot be read, also from within the block.
    """
    try:
        with contextlib.closing(_open_to_read(path)) as conn:
            db = Database(conn, execute_plugins=False)
            require_current(db, path)
            conn.execute("PRAGMA query_only = ON")
            conn.execute("BEGIN")
            yield db
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be read: {error}", cause_of(error)) from error


@contextlib.contextmanager
def changing(path: Path) -> Iterator[Store]:
    """Open an existing store to change it while another process may be feeding it.

    Raises StoreError and sqlite3.Error.
    """
    with contextlib.closing(connect(path, CHANGE_TIMEOUT_MS)) as conn:
        opened = Store(path, Database(conn, execute_plugins=False))
        require_current(opened.db, path)
        yield opened


def require_current(db: Database, path: Path) -> None:
    """Raise StoreError where the tables are not those of this version."""
    if migrations.pending(db):
        raise StoreError(
            f"{path} is no store of this version; start `waypost tracker` once", "outdated"
        )


def _open_to_read(path: Path) -> sqlite3.Connection:
    if file_id(path) is not None and path.stat().st_size:
        return connect(path, READ_TIMEOUT_MS)
    conn = sqlite3.connect(":memory:")
    migrations.apply(Database(conn, execute_plugins=False))
    return conn


def connect(path: Path, busy_timeout_ms: int) -> sqlite3.Connection:
    """Open an existing database; never makes one. Raises sqlite3.Error."""
    uri = f"file:{quote(str(path.absolute()))}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=busy_timeout_ms / 1000)


def _create(path: Path) -> None:
    """Make an empty store, for its owner alone, which nobody sees before it is complete.

    What an earlier one left beside it is set aside.
    """
    durable.make_directory(path.absolute().parent)
    unnamed = path.with_name(f".{path.name}.new")
    for leftover in (unnamed, *_beside(unnamed)):
        leftover.unlink(missing_ok=True)
    os.close(os.open(unnamed, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    durable.inherit_owner(unnamed)
    _open_to_feed(unnamed).close()
    set_aside(path, "orphan")
    unnamed.rename(path)
    durable.sync_directory(path.absolute().parent)


def _open_to_feed(path: Path) -> Database:
    db = Database(connect(path, BUSY_TIMEOUT_MS), execute_plugins=False)
    try:
        _set_up(db)
        migrations.apply(db)
    except BaseException:
        db.close()
        raise
    return db


def _set_up(db: Database) -> None:
    db.enable_wal()
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    db.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_OCTETS}")
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def file_id(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another that takes its place; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def is_ours(path: Path) -> bool:
    """Return whether a file's header claims to be a store of Waypost, whatever the rest is like."""
    with path.open("rb") as file:
        header = file.read(_APPLICATION_ID_AT + 4)
    return header.startswith(_HEADER) and header.endswith(APPLICATION_ID.to_bytes(4, "big"))


def is_malformed(path: Path) -> bool:
    """Return whether SQLite, on a connection of its own, finds a database damaged."""
    try:
        with contextlib.closing(connect(path, BUSY_TIMEOUT_MS)) as conn:
            verdict = conn.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return cause_of(error) == "malformed"
    return bool(verdict[0] != "ok")


def set_aside(path: Path, why: str) -> Path:
    """Rename a database, and what SQLite keeps beside it; nothing is ever deleted.

    The shared memory file alone is removed: it holds no data, and a new database must not use it.
    """
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.name}.{why}-{moment}")
    log, memory = _beside(path)
    memory.unlink(missing_ok=True)
    for old, new in ((log, _beside(aside)[0]), (path, aside)):
        with contextlib.suppress(FileNotFoundError):
            old.rename(new)
    durable.sync_directory(path.absolute().parent)
    return aside


def _beside(path: Path) -> tuple[Path, Path]:
    """Return what SQLite keeps beside a database: its write-ahead log, and shared memory."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def watermark(db: Database, name: Watermark) -> float:
    """Return a watermark; 0 where it was never raised."""
    row = db.execute("SELECT value FROM settings WHERE name = ?", [name]).fetchone()
    return float(row[0]) if row else 0.0


def raise_watermark(db: Database, name: Watermark, value: float) -> None:
    """Raise a watermark, within the open transaction; one that is higher stays where it is."""
    db.execute(
        """INSERT INTO settings (name, value) VALUES (?, ?)
           ON CONFLICT DO UPDATE SET value = max(value, excluded.value)""",
        [name, value],
    )


def set_watermark(db: Database, name: Watermark, value: float) -> None:
    """Set a watermark that a wrong clock had raised, within the open transaction."""
    db.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", [name, value])
