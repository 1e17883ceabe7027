"""The store of an ingester on a server that nodes share, and what is done for it beside feeding.

Owns: connecting again once a connection is of no use any more, and having room vacuumed that tells of
somebody who was forgotten.
Does not own: how the store is opened (`tracker.store.server.server_store`), a store in a file
(`kept_store`, `rewriter`), or when that is tried again (`ingester`).
"""

import time
from collections.abc import Callable

from config.schema import StoreConfig
from config.telemetry import observe
from tracker.sql.errors import DatabaseErrors
from tracker.store import database, rewriting
from tracker.store.database import Store
from tracker.store.server import vacuuming

RETRY_S = 60.0


class KeptServerStore:
    """A store on a server, opened when it is needed."""

    watch: object = None
    """Whoever would watch an upgrade sees none: its steps only add something, and are short."""

    def __init__(self, store: StoreConfig) -> None:
        self._config = store
        self._store: Store | None = None

    def open(self) -> Store:
        """Return the store, connected to again where that is needed. Raises StoreError and ServerError."""
        if self._store is not None and not self._store.is_current():
            self.close()
        if self._store is None:
            self._store = database.open_to_feed(self._config)
        return self._store

    def close(self) -> None:
        """Close it, until it is needed again; never raises."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def set_aside_if_emptied(self) -> bool:
        """Return False: nobody empties it behind the server's back."""
        return False

    def set_aside_if_malformed(self) -> None:
        """Do nothing: a server tells its operator, who has copies."""


class Vacuumer:
    """Has a store on a server vacuumed when that is wanted, so that deleted rows are really gone."""

    def __init__(self) -> None:
        self._due_s = 0.0
        self._failure = ""

    def attend(self, opened: Store, should_stop: Callable[[], bool]) -> bool:
        """Vacuum the store if that is wanted; return False, as no other takes its place.

        What keeps it from being done is logged, and is no reason not to feed the store.
        """
        if time.monotonic() < self._due_s or not rewriting.is_wanted(opened.db):
            return False
        try:
            self.rewrite(opened, should_stop)
            self._failure = ""
        except DatabaseErrors as error:
            self._failed(error)
        return False

    def rewrite(self, opened: Store, should_stop: Callable[[], bool]) -> None:
        """Vacuum the store; raises ServerError."""
        began_s = time.monotonic()
        since_s = rewriting.wanted_s(opened.db)
        if vacuuming.vacuum(opened.db, should_stop):
            rewriting.settle(opened, since_s)
            seconds = round(time.monotonic() - began_s, 3)
            observe.log(observe.STORE_VACUUMED, seconds=seconds)

    def _failed(self, error: Exception) -> None:
        self._due_s = time.monotonic() + RETRY_S
        why = database.cause_of(error)
        if why != self._failure:
            self._failure = why
            observe.log(observe.STORE_NOT_VACUUMED, error=str(error))
