"""The store as senders use it: kept open, and opened again where another file is in its place.

Owns: the connection of this thread, and giving up where it is to stop while the store is replaced.
Does not own: how a store is changed while another feeds it (`tracker.store.database`).
"""

import contextlib
from collections.abc import Callable, Iterator

from tracker.sql.db import Db
from tracker.store import database
from tracker.store.database import Place, Store
from tracker.store.file.replacement import Progress


class HeldStore:
    """The store at `place`; one that is not there, or of an earlier version, cannot be used yet."""

    def __init__(self, place: Place, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Wait for a store that is being replaced, unless it `should_stop`."""
        self._place = place
        self._should_stop = should_stop
        self._store: Store | None = None

    @property
    def is_there(self) -> bool:
        """Whether there is a file: before the first event there is none."""
        return database.exists(self._place)

    def db(self) -> Db:
        """Return the database, to ask it; raises StoreError, DatabaseErrors and OSError."""
        return self._opened().db

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Db]:
        """Yield the database, to change it: all or nothing. Raises as `db` does."""
        store = self._opened()
        with store.transaction():
            yield store.db

    def close(self) -> None:
        """Close it, until it is needed again."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _opened(self) -> Store:
        if self._store is not None and not self._store.is_current():
            self.close()
        if self._store is None:
            self._store = database.open_to_change(self._place, self._wait)
        return self._store

    def _wait(self, progress: Progress) -> None:
        if self._should_stop():
            raise InterruptedError(str(progress))
