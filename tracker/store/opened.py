"""A store that is open, whatever holds it, and what may go wrong with it.

Owns: how far each spool segment has been fed, transactions, and what the errors of engines and disks mean to
us.
Does not own: opening a file (`file.file_store`) or a server's database (`server.server_store`), and which of the
two it is (`database`).
"""

import contextlib
import sqlite3
from collections.abc import Iterator

from config.files import durable
from tracker.sql.db import Db
from tracker.sql.errors import DatabaseErrors, ServerError

_PUT_OFFSET = """
    INSERT INTO segments (name, "offset") VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET "offset" = excluded."offset"
"""
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
_OF_SERVERS = {
    "08": "unreachable",
    "25006": "read-only",
    "28": "not allowed",
    "3D": "not there",
    "40": "locked",
    "42501": "not allowed",
    "53100": "full",
    "53": "busy",
    "55P03": "locked",
    "57": "unreachable",
}
"""By SQLSTATE, or its class (PostgreSQL's manual, appendix A)."""


class StoreError(Exception):
    """The store cannot be used now. `cause` names why, in a word or two."""

    def __init__(self, message: str, cause: str) -> None:
        super().__init__(message)
        self.cause = cause


def cause_of(error: Exception) -> str:
    """Return what an error of an engine or of the disk means, as "locked", "full" or "malformed"."""
    if isinstance(error, StoreError):
        return error.cause
    if isinstance(error, ServerError):
        return _cause_at_server(error.sqlstate)
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return _CAUSES.get(code & 0xFF, "failing")
    return "full" if isinstance(error, OSError) and error.errno in durable.FULL else "failing"


def describe(error: Exception) -> str:
    """Return what an error of an engine or of the disk means, with its own words."""
    cause, text = cause_of(error), str(error)
    return text if cause == "foreign" else f"{cause}: {text}"


def _cause_at_server(sqlstate: str) -> str:
    if not sqlstate:  # it says nothing any more
        return "unreachable"
    known = (_OF_SERVERS.get(sqlstate[:length]) for length in (5, 2))
    return next(filter(None, known), "failing")


class Store:
    """A database, opened to be fed or changed, in one thread.

    `node` is told before the names of segments where several nodes have theirs in one database.
    """

    def __init__(self, db: Db, node: str = "") -> None:
        self.db = db
        self._node = node

    def is_current(self) -> bool:
        """Return whether what is open is still the store, and can be used."""
        return True

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing: where the block raises, all is rolled back."""
        with self.db.transaction():
            yield

    def offset(self, segment: str) -> int:
        """Return how many octets of a segment are in the store."""
        row = self.db.execute(
            'SELECT "offset" FROM segments WHERE name = ?', [self._named(segment)]
        ).fetchone()
        return int(row[0]) if row else 0

    def set_offset(self, segment: str, offset: int) -> None:
        """Record how many octets of a segment are in, in the transaction that put them there."""
        self.db.execute(_PUT_OFFSET, [self._named(segment), offset])

    def offsets(self) -> dict[str, int]:
        """Return how many octets of each segment of this node are in the store."""
        return offsets(self.db, self._node)

    def has_somebody_to_forget(self, _segment: str) -> bool:
        """Return whether somebody has to be erased from a segment before more of it is counted."""
        return False

    def forget_segments(self, names: set[str]) -> None:
        """Forget segments that are gone from the disk."""
        gone = [(self._named(name),) for name in names]
        with self.transaction():
            self.db.executemany("DELETE FROM segments WHERE name = ?", gone)

    def keep_house(self, before_s: float) -> None:
        """Do what an engine needs done every few hours; all that was sent before a moment may be gone."""

    def interrupt(self) -> None:
        """Have the server end the statement that another thread waits for, if it is one of a server's; never raises."""

    def close(self) -> None:
        """Close it; never raises."""
        with contextlib.suppress(*DatabaseErrors):
            self.db.close()

    def abandon(self) -> None:
        """Close what is not the store any more; raises OSError."""
        self.close()

    def _named(self, segment: str) -> str:
        return f"{self._node}{segment}"


def offsets(db: Db, node: str = "") -> dict[str, int]:
    """Return how many octets of each segment of a node are in a store; without one, of all."""
    rows = db.execute('SELECT name, "offset" FROM segments').fetchall()
    return {name.removeprefix(node): at for name, at in rows if name.startswith(node)}
