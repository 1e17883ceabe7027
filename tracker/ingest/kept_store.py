"""The store of an ingester, whatever becomes of its file.

Owns: noticing that the file was replaced, removed or emptied, setting aside one that is of no use, and
having one of an earlier version upgraded before it is opened.
Does not own: how a store is opened (`tracker.store.database`) or upgraded (`tracker.first_form`),
files beside it (`tracker.store.file.files`), or when that is tried again (`ingester`).

Whoever uses it holds the ingester's lock.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from config.telemetry import observe
from tracker.first_form import upgrade
from tracker.store.database import Store, StoreError
from tracker.store.file import file_store, files, moved
from tracker.store.file.file_store import FileStore
from tracker.store.file.replacement import Progress

EMPTIED_S = 0.1
"""A database that stays empty for this is not one that is just being written by somebody."""


@dataclass(slots=True)
class LoggedUpgrade:
    """Tells the log how far an upgrade has come, every ten percent."""

    percent: int = 0

    def tell(self, progress: Progress) -> None:
        """Tell it, if that is news."""
        tens = progress.percent // 10 * 10
        if tens != self.percent:
            observe.log(observe.STORE_UPGRADING, percent=tens)
        self.percent = tens


class KeptStore:
    """The store at `path`, opened when it is needed."""

    def __init__(self, path: Path) -> None:
        self.watch: upgrade.Watch | None = None
        """Who watches the upgrade of an earlier version's store; where nobody does, there is none."""
        self._path = path
        self._store: Store | None = None
        self._known: tuple[int, int] | None = None

    def open(self) -> Store:
        """Return the store, opened again where the file on disk is another than the open one.

        One of an earlier version is upgraded first. Raises Stopped where that is to stop, StoreError,
        sqlite3.Error and OSError.
        """
        self.set_aside_if_emptied()
        if self._store is not None and not self._store.is_current():
            observe.STORES_LOST.labels("replaced").inc()
            observe.log(observe.STORE_REPLACED, store=str(self._path))
            abandoned, self._store = self._store, None
            abandoned.abandon()
        if self._store is None:
            self._upgrade()
            self._store = FileStore.open(self._path)
            self._known = self._store.identity
        return self._store

    @property
    def is_given_up(self) -> bool:
        """Whether the store is copied elsewhere, or was: nothing more is counted into it."""
        return moved.find(self._path) is not None

    def _upgrade(self) -> None:
        if not upgrade.is_due(self._path):
            return
        if self.watch is None:
            raise StoreError(f"{self._path} is of an earlier version", "outdated")
        begun_s = time.monotonic()
        octets = files.size_octets(self._path)
        observe.log(observe.STORE_UPGRADE_STARTED, store=str(self._path), octets=octets)
        upgrade.run(self._path, self.watch)
        took_s = round(time.monotonic() - begun_s, 1)
        observe.log(
            observe.STORE_UPGRADED,
            store=str(self._path),
            octets=files.size_octets(self._path),
            took_s=took_s,
        )

    def close(self) -> None:
        """Close it, until it is needed again; never raises."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def set_aside_if_emptied(self) -> bool:
        """Set the database aside if it has no octet left, now and a moment later.

        Return whether it was; raises OSError.
        """
        if not files.is_empty(self._path):
            return False
        time.sleep(EMPTIED_S)
        if not files.is_empty(self._path):
            return False
        # While it is open: SQLite writes nothing to a database that is not in its place.
        name = files.set_aside(self._path, "emptied")
        observe.STORES_LOST.labels("emptied").inc()
        observe.log(observe.STORE_EMPTIED, store=str(self._path), name=str(name))
        self.close()
        return True

    def set_aside_if_malformed(self) -> None:
        """Set our database aside where SQLite finds it malformed; leave any other file alone.

        Raises OSError.
        """
        ours = files.file_id(self._path) == self._known or files.is_ours(self._path)
        if ours and file_store.is_malformed(self._path):
            name = files.set_aside(self._path, "corrupt")
            observe.STORES_SET_ASIDE.inc()
            observe.log(observe.STORE_SET_ASIDE, name=str(name))
