"""The store in a file of SQLite: opened, created, checked.

Owns: connections and their settings, refusing what is no store of ours, and whether the file that is
open is still the one on disk.
Does not own: the files as files (`files`), a file that takes the store's place (`replacement`), tables
(`schema`), or when to try again (`tracker.ingest.ingester`).

Whoever opens the store for feeding holds the ingester's lock. Only then is a file created or
renamed here; everyone else reads, or changes what is there. Commits are synchronous (FULL), because
a segment is deleted once it was fed, and with NORMAL a power cut could undo the commit but not the
deletion.
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from config.files import durable
from config.files.store_header import APPLICATION_ID
from tracker.sql.db import Db
from tracker.sql.sqlite import SQLite
from tracker.store.file import files, moved, replacement
from tracker.store.file.replacement import Progress
from tracker.store.file.schema import migrations, step_names
from tracker.store.opened import Store, StoreError, cause_of

_STEPS_TABLE = "_sqlite_migrations"
_STEPS = f"SELECT name FROM {_STEPS_TABLE} WHERE migration_set = ?"  # noqa: S608 - a constant
_FIRST_TABLES = {"settings", "segments", "campaigns", "persons", "links", _STEPS_TABLE}
"""By which a store of ours is known that does not say so, as one made from `.dump`."""
BUSY_TIMEOUT_MS = 2000
READ_TIMEOUT_MS = 5000
CHANGE_TIMEOUT_MS = 30_000
"""How long a command waits for who is feeding the store."""
CACHE_KIB = 65536
WAL_LIMIT_OCTETS = 64 * 1024 * 1024
CHECKPOINT_PAGES = 4000
"""Pages (16 MB) in the write-ahead log after which they are written to the database, once each: feeding
changes many of them again and again. That is done after a commit, when others may write already."""

STATEMENTS = 500
"""Statements that a connection keeps parsed."""

_CONNECTING = threading.Lock()


class FileStore(Store):
    """A file, opened to be fed; by the holder of the ingester's lock, in one thread."""

    def __init__(self, path: Path, db: Db) -> None:
        super().__init__(db)
        self.path = path
        self.identity = files.file_id(path)
        self._log_id = files.file_id(files.beside(path)[0])

    @classmethod
    def open(cls, path: Path) -> "FileStore":
        """Open the store, making it where it is missing, with all migrations applied.

        Raises StoreError where it is a database of another program, sqlite3.Error and OSError.
        """
        if files.file_id(path) is None:
            _create(path)
        require_ours(path)
        with replacement.opening(path):
            return cls(path, _open_to_feed(path))

    def is_current(self) -> bool:
        """Return whether the open file is still on disk; SQLite would commit to a deleted one."""
        try:
            return self.identity is not None and files.file_id(self.path) == self.identity
        except OSError:
            return False

    def abandon(self) -> None:
        """Close a store whose file was replaced or removed; raises OSError.

        SQLite leaves its write-ahead log in its place then, and would play it into any other
        database there, a copy that was put back included.
        """
        self.close()
        if self._log_id is not None and files.file_id(files.beside(self.path)[0]) == self._log_id:
            files.set_aside(self.path, "orphan", database=False)


class ChangedFile(FileStore):
    """A store that a command changes, while another process may be feeding it, or replace its file.

    Each transaction is on the file that is in place by then, so `db` may be another in the next one. A store that
    is copied elsewhere is not changed any more (`moved`).
    """

    def __init__(self, path: Path, waiting: Callable[[Progress], None] | None = None) -> None:
        moved.refuse(path)
        with replacement.opening(path):
            super().__init__(path, _open_to_change(path))
        self._waiting = waiting

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing, in the store that is in place; wait while it is being replaced.

        Raises StoreError where it was given up for another.
        """
        with replacement.changing(self.path, self._waiting):
            moved.refuse(self.path)
            if not self.is_current():
                self.close()
                super().__init__(self.path, _open_to_change(self.path))
            with super().transaction():
                yield


@contextlib.contextmanager
def reading(path: Path) -> Iterator[Db]:
    """Open the store to ask questions; an empty one stands in where there is none.

    Raises StoreError where it cannot be read, also from within the block.
    """
    try:
        with contextlib.closing(_open_to_read(path)) as conn:
            db = SQLite(conn)
            require_current(db, path)
            conn.execute("PRAGMA query_only = ON")
            conn.execute("BEGIN")
            yield db
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be read: {error}", cause_of(error)) from error


@contextlib.contextmanager
def changing(
    path: Path, waiting: Callable[[Progress], None] | None = None
) -> Iterator[ChangedFile]:
    """Open an existing store to change it while another process may be feeding it.

    `waiting` is called again and again while the store is being replaced. What is deleted is overwritten.
    Raises StoreError and sqlite3.Error.
    """
    opened = ChangedFile(path, waiting)
    try:
        yield opened
    finally:
        opened.close()


@contextlib.contextmanager
def unchanged(path: Path) -> Iterator[SQLite]:
    """Open a store that nobody feeds, and leave it and what is beside it as they are.

    All answers are of one moment. Raises StoreError where there is none of this version, and sqlite3.Error.
    """
    if files.file_id(path) is None:
        raise StoreError(f"{path} is not there", "not there")
    require_ours(path)
    with contextlib.closing(_look_at(path)) as conn:
        db = SQLite(conn)
        require_current(db, path)
        conn.execute("BEGIN")
        yield db


def settle(path: Path) -> None:
    """Have all that is in a store stand in its file, so that whoever reads it next changes nothing there.

    Wait for a moment where somebody reads. Raises StoreError where it is not ours, and sqlite3.Error.
    """
    require_ours(path)
    with contextlib.closing(connect(path, READ_TIMEOUT_MS)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _open_to_change(path: Path) -> SQLite:
    require_ours(path)
    db = SQLite(connect(path, CHANGE_TIMEOUT_MS))
    try:
        require_current(db, path)
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA temp_store = MEMORY")  # which needs no room on a full disk
        db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    except BaseException:
        db.close()
        raise
    return db


def require_current(db: SQLite, path: Path) -> None:
    """Raise StoreError where the tables are not those of this version."""
    if migrations.pending(db):
        upgrading = replacement.in_progress(path)
        what = upgrading or "it is of an earlier version; start `waypost tracker` once"
        raise StoreError(f"{path} cannot be read yet: {what}", "outdated")


def require_ours(path: Path) -> None:
    """Raise StoreError where an existing file is of another program, or a later version; touch nothing.

    Raises sqlite3.Error where that cannot be told.
    """
    with (
        replacement.opening(path),
        _CONNECTING,
        _saying_why(path),
        contextlib.closing(_look_at(path)) as conn,
    ):
        application_id = conn.execute("PRAGMA application_id").fetchone()[0]
        tables = {name for (name,) in conn.execute("SELECT name FROM sqlite_master")}
        steps = set(conn.execute(_STEPS, [migrations.name])) if _STEPS_TABLE in tables else set()
    if application_id != APPLICATION_ID and (application_id or not tables >= _FIRST_TABLES):
        raise StoreError(
            f"{path} is a database of another program and is left alone: name another file in"
            " [store] url, or move that one away",
            "foreign",
        )
    if not {name for (name,) in steps} <= step_names():
        raise StoreError(
            f"{path} is of a later version of Waypost and is left alone: install that version again, or"
            " put back a copy of before",
            "foreign",
        )


def _look_at(path: Path) -> sqlite3.Connection:
    """Open a database without writing to it, or beside it.

    To read a database that has a write-ahead log, SQLite makes one where there is none, unless told
    that the file does not change. Then it takes no locks, but closing the file would end those of
    another connection of this process, were there one (fcntl(2)): hence `_CONNECTING`.
    """
    in_use = any(each.exists() for each in files.beside(path))
    return _connection(path, "mode=ro" if in_use else "mode=ro&immutable=1", READ_TIMEOUT_MS)


def _open_to_read(path: Path) -> sqlite3.Connection:
    if files.file_id(path) is not None and not files.is_empty(path):
        require_ours(path)
        return connect(path, READ_TIMEOUT_MS)
    conn = sqlite3.connect(":memory:")
    migrations.apply(SQLite(conn))
    return conn


def connect(path: Path, busy_timeout_ms: int) -> sqlite3.Connection:
    """Open the store where there is one; never makes one. Raises sqlite3.Error."""
    with replacement.opening(path), _CONNECTING, _saying_why(path):
        conn = _connection(path, "mode=rw", busy_timeout_ms)
        try:
            conn.execute("PRAGMA schema_version").fetchone()  # locks it, and has files beside it
        except BaseException:
            conn.close()
            raise
        return conn


@contextlib.contextmanager
def _saying_why(path: Path) -> Iterator[None]:
    """Add to SQLite's "unable to open database file" what is wrong with which file."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if why := files.why_unusable(path):
            error.args = (f"{error}: {why}",)
        raise


def _connection(path: Path, how: str, busy_timeout_ms: int) -> sqlite3.Connection:
    timeout_s = busy_timeout_ms / 1000
    return sqlite3.connect(uri(path, how), timeout_s, uri=True, cached_statements=STATEMENTS)


def uri(path: Path, how: str) -> str:
    """Return what SQLite calls a database of ours; `how` it is opened, as `mode=ro`."""
    return f"file:{quote(str(path.absolute()))}?{how}"


def _create(path: Path) -> None:
    """Make an empty store, for its owner alone, which nobody sees before it is complete.

    What an earlier one left beside it is set aside.
    """
    durable.make_directory(path.absolute().parent)
    unnamed = path.with_name(f".{path.name}.new")
    for leftover in (unnamed, *files.beside(unnamed)):
        leftover.unlink(missing_ok=True)
    descriptor = os.open(unnamed, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        durable.inherit_owner(descriptor, path.absolute().parent)
    finally:
        os.close(descriptor)
    _open_to_feed(unnamed).close()
    files.set_aside(path, "orphan")
    unnamed.rename(path)
    durable.sync_directory(path.absolute().parent)


def _open_to_feed(path: Path) -> SQLite:
    db = SQLite(connect(path, BUSY_TIMEOUT_MS))
    try:
        _set_up(db)
        migrations.apply(db)
    except BaseException:
        db.close()
        raise
    return db


def _set_up(db: SQLite) -> None:
    db.enable_wal()
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    db.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_OCTETS}")
    for mark, value in files.MARKS.items():
        if db.execute(f"PRAGMA {mark}").fetchone()[0] != value:
            db.execute(f"PRAGMA {mark} = {value}")


def is_malformed(path: Path) -> bool:
    """Return whether SQLite, on a connection of its own, finds a database damaged."""
    try:
        with contextlib.closing(connect(path, BUSY_TIMEOUT_MS)) as conn:
            verdict = conn.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return cause_of(error) == "malformed"
    return bool(verdict[0] != "ok")
