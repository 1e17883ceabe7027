"""The store as senders use it: kept open, and opened again where another file is in its place.

Owns: the connection of this thread, and giving up where it is to stop while the store is replaced.
Does not own: how a store is changed while another feeds it (`tracker.store.database`).
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tracker.sql.db import Db
from tracker.store import files
from tracker.store.database import ChangedStore
from tracker.store.replacement import Progress


class HeldStore:
    """The store at `path`; one that is not there, or of an earlier version, cannot be used yet."""

    def __init__(self, path: Path, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Wait for a store that is being replaced, unless it `should_stop`."""
        self._path = path
        self._should_stop = should_stop
        self._store: ChangedStore | None = None

    @property
    def is_there(self) -> bool:
        """Whether there is a file: before the first event there is none."""
        return files.file_id(self._path) is not None

    def db(self) -> Db:
        """Return the database, to ask it; raises StoreError, sqlite3.Error and OSError."""
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

    def _opened(self) -> ChangedStore:
        if self._store is not None and not self._store.is_current():
            self.close()
        if self._store is None:
            self._store = ChangedStore(self._path, self._wait)
        return self._store

    def _wait(self, progress: Progress) -> None:
        if self._should_stop():
            raise InterruptedError(str(progress))
