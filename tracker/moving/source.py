"""The store that is copied: opened for reading alone, while nobody feeds or changes it.

Owns: that whoever feeds it gives way, by what it is known whether it was changed since, and what keeps a store
from being moved.
Does not own: opening the file (`tracker.store.file.file_store`), that it was given up (`tracker.store.file.moved`), or its
tables (`tables`).
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tracker.ingest import bell
from tracker.ingest.lock import Lock
from tracker.sql.db import Db
from tracker.store.file import file_store, files, moved, replacement

PATIENCE_S = 300.0
"""How long is waited for who feeds it to give way: it ends what it has begun."""
POLL_S = 0.1
EVERY_S = 5.0
"""How often it is said that this is waited for."""
Say = Callable[[str], object]


class CannotMove(Exception):
    """The store cannot be copied; the text says why, and the cure."""


@dataclass(slots=True)
class Source:
    """A store in a file, open. `state` is what the file was like when it was opened.

    `is_begun` is set once something of it was copied: from then on, it is given up.
    """

    path: Path
    db: Db
    state: str
    is_begun: bool = False

    def is_as_it_was(self) -> bool:
        """Return whether nobody has written to the file since; raises OSError."""
        return _state(self.path) == self.state


@contextlib.contextmanager
def opened(path: Path, spool: Path, target: str, say: Say) -> Iterator[Source]:
    """Open a store to copy it to what is called `target`; nobody feeds or changes it until the block ends.

    With a spool, services may run: the store is given up, and used again where nothing was copied. `say` hears what
    is waited for. Raises CannotMove, StoreError, sqlite3.Error and OSError.
    """
    if not spool.is_dir():
        with file_store.unchanged(path) as db:
            yield Source(path, db, _state(path))
        return
    file_store.require_ours(path)
    was_in_use, is_begun = moved.give_up(path, target), False
    try:
        with _unfed(path, spool, say), file_store.unchanged(path) as db:
            source = Source(path, db, _state(path))
            try:
                yield source
            finally:
                is_begun = source.is_begun
    finally:
        if was_in_use and not is_begun:
            moved.take_back(path)


@contextlib.contextmanager
def _unfed(path: Path, spool: Path, say: Say) -> Iterator[None]:
    """Hold the lock of who feeds a store, once they have given way, and nobody changes it any more."""
    lock = Lock(spool)
    _wait_for(lock, path, spool, say)
    try:
        replacement.wait_for_changes(path)
        file_store.settle(path)
        yield
    finally:
        lock.release()


def _wait_for(lock: Lock, path: Path, spool: Path, say: Say) -> None:
    """Take a lock; raise CannotMove where whoever has it does not give way."""
    deadline_s, due_s = time.monotonic() + PATIENCE_S, time.monotonic() + POLL_S
    while not lock.acquire():
        if time.monotonic() > deadline_s:
            raise CannotMove(
                f"{path} is in use: what feeds it (waypost tracker, serve or feed) does not give way, as one of an"
                " earlier version would not; stop that, and copy again"
            )
        if time.monotonic() > due_s:
            say(f"Waiting: what feeds {path} ends what it has begun.")
            due_s = time.monotonic() + EVERY_S
        bell.ring(spool)
        time.sleep(POLL_S)


def _state(path: Path) -> str:
    """Return what a store is like on disk, as octets and times; its write-ahead log is part of it."""
    seen = []
    for each in (path, files.beside(path)[0]):
        with contextlib.suppress(FileNotFoundError):
            found = each.stat()
            if found.st_size:
                seen.append(f"{found.st_size}:{found.st_mtime_ns}")
    return " ".join(seen)
