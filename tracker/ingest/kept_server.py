"""The store of an ingester on a server that nodes share, and what is done for it beside feeding.

Owns: connecting again once a connection is of no use any more, and having room vacuumed that tells of
somebody who was forgotten.
Does not own: how the store is opened (`tracker.store.server.server_store`), a store in a file
(`kept_store`, `rewriter`), or when that is tried again (`ingester`).
"""

import threading
import time
from collections.abc import Callable

from config.schema import StoreConfig
from config.telemetry import observe
from tracker.sql.errors import DatabaseErrors
from tracker.store import database
from tracker.store.database import Store, StoreError
from tracker.store.file import rewriting
from tracker.store.server import vacuuming

RETRY_S = 60.0
INTERRUPT_S = 0.2
"""How often a vacuum is told to stop, as it may begin another statement just then."""


class KeptServerStore:
    """A store on a server, opened when it is needed."""

    watch: object = None
    """Whoever would watch an upgrade sees none: its steps only add something, and are short."""

    def __init__(self, store: StoreConfig) -> None:
        self._config = store
        self._store: Store | None = None

    is_given_up = False
    """A database is not copied elsewhere by us."""

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
    """Has a store on a server vacuumed when that is wanted, so that deleted rows are really gone.

    A thread of its own does it, on a connection of its own: the store is fed meanwhile.
    """

    def __init__(self, store: StoreConfig) -> None:
        self._config = store
        self._due_s = 0.0
        self._failure = ""
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._opened: Store | None = None

    def attend(self, opened: Store, should_stop: Callable[[], bool]) -> bool:
        """Begin to vacuum the store if that is wanted; return False, as no other takes its place.

        What keeps it from being done is logged, and is no reason not to feed the store.
        """
        if self._thread is not None and self._thread.is_alive():
            return False
        if time.monotonic() < self._due_s or not rewriting.is_wanted(opened.db):
            return False
        self._thread = threading.Thread(
            target=self._run, args=(should_stop,), name="vacuum", daemon=True
        )
        self._thread.start()
        return False

    def rewrite(self, opened: Store, should_stop: Callable[[], bool]) -> None:
        """Vacuum the store; raises ServerError. Where another node does it, that is left to it for a while."""
        began_s = time.monotonic()
        since_s = rewriting.wanted_s(opened.db)
        if vacuuming.vacuum(opened.db, should_stop):
            rewriting.settle(opened, since_s)
            seconds = round(time.monotonic() - began_s, 3)
            observe.log(observe.STORE_VACUUMED, seconds=seconds)
        else:
            self._due_s = time.monotonic() + RETRY_S

    def close(self) -> None:
        """Stop vacuuming, wherever it is; what is left of it is for the next time."""
        self._closing.set()
        while self._thread is not None and self._thread.is_alive():
            if (opened := self._opened) is not None:  # the thread may end meanwhile
                opened.interrupt()
            self._thread.join(INTERRUPT_S)
        self._closing.clear()

    def _run(self, should_stop: Callable[[], bool]) -> None:
        def stops() -> bool:
            return should_stop() or self._closing.is_set()

        try:
            with database.changing(self._config) as self._opened:
                self.rewrite(self._opened, stops)
            self._failure = ""
        except (StoreError, *DatabaseErrors) as error:
            if not stops():
                self._failed(error)
        finally:
            self._opened = None

    def _failed(self, error: Exception) -> None:
        self._due_s = time.monotonic() + RETRY_S
        why = database.cause_of(error)
        if why != self._failure:
            self._failure = why
            observe.log(observe.STORE_NOT_VACUUMED, error=str(error))
