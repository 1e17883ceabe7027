"""The store on a server: opened to be fed, changed or read.

Owns: connections for each of these, that it is a store of this version, and whether a connection is of use
still.
Does not own: the engine (`tracker.sql.postgresql`), the tables (`schema`), the password
(`config.keys.pgpass`), or when to try again (`tracker.ingest.ingester`).
"""

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Self

from config.keys.pgpass import readable_passfile
from config.keys.secret_files import KeyFileError
from config.schema import StoreConfig
from config.store_url import masked
from tracker.sql import postgresql
from tracker.sql.errors import ServerError
from tracker.sql.postgresql import PostgreSQL
from tracker.store.opened import Store, StoreError, cause_of
from tracker.store.server import lineage, partitions, schema, unfinished
from tracker.store.server.kept_readers import READERS
from tracker.store.server.node_tables import FORGET

POOLED = "it shares sessions between transactions, as PgBouncer does with pool_mode = transaction"
OLDEST = 15
"""The first version of PostgreSQL that has what is used here."""
PATIENCE_MS = 2000
"""How long is waited for who reads, before months are made or dropped: all who feed wait so long."""
_LOCKED = "55P03"
"""lock_not_available (PostgreSQL's manual, appendix A)."""
_FORGETS_FIRST = """
    SELECT EXISTS (SELECT 1 FROM tasks WHERE node = :node AND kind = :kind AND coalesce(
        CAST(about AS jsonb) -> 'files' @> to_jsonb(CAST(:segment AS text)), true))
"""


class ServerStore(Store):
    """A database on a server, opened to be fed or changed, in one thread."""

    def __init__(self, db: PostgreSQL, node: str) -> None:
        super().__init__(db, node)
        self._server = db

    @classmethod
    def to_feed(cls, store: StoreConfig) -> Self:
        """Open it, with all steps of its schema taken. Raises StoreError and ServerError."""
        db = _connected(store, by_index=True)
        try:
            require_usable(db, store)
            _require_own_session(db, store)
            unfinished.refuse(db, masked(store.url))
            schema.apply(db)
            lineage.attend(db)
        except BaseException:
            db.close()
            raise
        return cls(db, node_of(store))

    @classmethod
    def to_change(cls, store: StoreConfig) -> Self:
        """Open one that is there. Raises StoreError and ServerError."""
        db = _connected(store, by_index=True)
        try:
            _require_current(db, store)
            _require_own_session(db, store)
        except BaseException:
            db.close()
            raise
        return cls(db, node_of(store))

    def has_somebody_to_forget(self, segment: str) -> bool:
        """Return whether another node, or this one, has told us to (`tracker.erasure.tasks`)."""
        about = {"node": self._node.removesuffix("/"), "kind": FORGET, "segment": segment}
        return bool(self.db.execute(_FORGETS_FIRST, about).fetchone()[0])

    def keep_house(self, before_s: float) -> None:
        """Make the months that are due, and drop those of which nothing is left.

        Who reads for long would keep everybody from feeding meanwhile; so that is for the next time, then.
        """
        for table in partitions.PARTED:
            try:
                with self.transaction():
                    self.db.execute(f"SET LOCAL lock_timeout = {PATIENCE_MS}")
                    partitions.make_ahead(self.db, table, time.time())
                    partitions.drop_empty(self.db, table, before_s)
            except ServerError as error:
                if error.sqlstate != _LOCKED:
                    raise

    def is_current(self) -> bool:
        """Return whether the connection is of use still."""
        return not self._server.is_closed

    def interrupt(self) -> None:
        """Have the server end the statement that another thread waits for; never raises."""
        self._server.interrupt()


@contextlib.contextmanager
def reading(store: StoreConfig) -> Iterator[PostgreSQL]:
    """Connect to ask questions, all answers to which are of one moment; raises StoreError.

    In a service, connections are kept for that (`kept_readers`).
    """
    purpose = f"{store.url} {store.passfile}"
    try:
        db, snapshot = _asked(store, purpose)
        try:
            with snapshot:
                yield db
        finally:
            READERS.give_back(purpose, db)
    except ServerError as error:
        raise StoreError(f"{masked(store.url)} cannot be read: {error}", cause_of(error)) from error


def _asked(store: StoreConfig, purpose: str) -> tuple[PostgreSQL, contextlib.ExitStack]:
    """Return a connection and the snapshot that it is in; a kept one, where that is of use still."""
    if kept := READERS.take(purpose):
        with contextlib.suppress(ServerError):
            return kept, _snapshot(kept)
        kept.close()
    db = _connected(store, by_index=False)
    try:
        _require_current(db, store)
        return db, _snapshot(db)
    except BaseException:
        db.close()
        raise


def _snapshot(db: PostgreSQL) -> contextlib.ExitStack:
    begun = contextlib.ExitStack()
    begun.enter_context(db.snapshot())
    return begun


@contextlib.contextmanager
def filling(store: StoreConfig) -> Iterator[PostgreSQL]:
    """Connect to have a store copied into the database, with all tables made. Raises StoreError and ServerError.

    Whoever copies looks whether it is empty, or an unfinished copy.
    """
    with contextlib.closing(_connected(store, by_index=False)) as db:
        require_usable(db, store)
        _require_own_session(db, store)
        if later := schema.later(db):
            raise StoreError(
                f"{masked(store.url)} is of a later version, which knows {later[0]}: use that version",
                "outdated",
            )
        schema.apply(db)
        yield db


def node_of(store: StoreConfig) -> str:
    """Return what stands before the names of this node's segments."""
    return f"{store.node or socket.gethostname()}/"


def _connected(store: StoreConfig, *, by_index: bool) -> PostgreSQL:
    try:
        with readable_passfile(store.passfile) as passfile:
            return postgresql.connect(
                store.url, by_index=by_index, passfile=str(passfile) if passfile else None
            )
    except KeyFileError as error:
        raise StoreError(str(error), "not allowed") from error


def require_usable(db: PostgreSQL, store: StoreConfig) -> None:
    """Raise StoreError where no store of ours can be in a database, whatever is in it yet."""
    if db.version < OLDEST:
        raise StoreError(
            f"{masked(store.url)} is PostgreSQL {db.version}; {OLDEST} or newer is needed",
            "outdated",
        )
    encoding = db.execute("SELECT current_setting('server_encoding')").fetchone()[0]
    if encoding != "UTF8":
        raise StoreError(
            f"{masked(store.url)} is in {encoding}: create the database with ENCODING 'UTF8'",
            "outdated",
        )


def _require_own_session(db: PostgreSQL, store: StoreConfig) -> None:
    """Raise StoreError where who writes would share a session with others (`postgresql.shares_session`)."""
    if postgresql.shares_session(db, lambda: _connected(store, by_index=True)):
        raise StoreError(f"{masked(store.url)} is behind a pooler: {POOLED}", "shared")


def _require_current(db: PostgreSQL, store: StoreConfig) -> None:
    """Raise StoreError where the tables are not those of this version."""
    require_usable(db, store)
    unfinished.refuse(db, masked(store.url))
    if schema.pending(db):
        what = "it is of an earlier version, or has no tables; start `waypost tracker` once"
        raise StoreError(f"{masked(store.url)} cannot be read yet: {what}", "outdated")
