"""The store that is copied: opened for reading alone, while nobody feeds it.

Owns: that nobody feeds it, by what it is known whether it was changed since, and what keeps a store from
being moved.
Does not own: opening the file (`tracker.store.file_store`), or its tables (`tables`).
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tracker.ingest.lock import Lock
from tracker.sql.db import Db
from tracker.store import file_store, files


class CannotMove(Exception):
    """The store cannot be copied; the text says why, and the cure."""


@dataclass(frozen=True, slots=True)
class Source:
    """A store in a file, open. `state` is what the file was like when it was opened."""

    path: Path
    db: Db
    state: str

    def is_as_it_was(self) -> bool:
        """Return whether nobody has written to the file since; raises OSError."""
        return _state(self.path) == self.state


@contextlib.contextmanager
def opened(path: Path, spool: Path) -> Iterator[Source]:
    """Open a store; nobody feeds it until the block ends. Raises CannotMove, StoreError and OSError."""
    with _unfed(path, spool):
        state = _state(path)
        with file_store.unchanged(path) as db:
            yield Source(path, db, state)


@contextlib.contextmanager
def _unfed(path: Path, spool: Path) -> Iterator[None]:
    """Hold the lock of who feeds a store; without a spool there is nobody to feed it."""
    if not spool.is_dir():
        yield
        return
    lock = Lock(spool)
    if not lock.acquire():
        raise CannotMove(
            f"{path} is in use: a tracker feeds it (waypost tracker, serve or feed); stop that, and copy again"
        )
    try:
        yield
    finally:
        lock.release()


def _state(path: Path) -> str:
    """Return what a store is like on disk, as octets and times; its write-ahead log is part of it."""
    seen = []
    for each in (path, files.beside(path)[0]):
        with contextlib.suppress(FileNotFoundError):
            found = each.stat()
            if found.st_size:
                seen.append(f"{found.st_size}:{found.st_mtime_ns}")
    return " ".join(seen)
