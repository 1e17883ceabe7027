"""The store written anew: one file with what it holds, and nothing of what it ever held besides.

Owns: that this was asked for, and doing it, with SQLite's `VACUUM INTO`.
Does not own: how the new file takes the store's place (`replacement`), who is forgotten
(`tracker.erasure.forget`), or when it is done (`tracker.ingest.ingester`).

Rows that are deleted leave octets in pages that were split or joined, in the write-ahead log, and in
what SQLite keeps of the file for later. A file that was written from the rows that are left has none.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from tracker.sql.db import Db
from tracker.sql.sqlite import SQLite
from tracker.store import database
from tracker.store.chunks import Changeable, writing
from tracker.store.database import Place, Watermark
from tracker.store.file import file_store, files, replacement
from tracker.store.file.replacement import Replacement

_BEGUN: Watermark = "rewrite_begun_s"
"""When somebody began to delete what the file must not tell of; by the end of that it is `_WANTED`."""
_WANTED: Watermark = "rewrite_wanted_s"
"""Since when the file may tell of what was deleted; in no file that was written since."""
_FORGET_IT = "DELETE FROM settings WHERE name = ?"
_TELL_EACH_STEPS = 200_000
"""Of SQLite's virtual machine: some milliseconds."""


def begin(opened: Changeable, now_s: float) -> bool:
    """Note that something is being deleted that the file must not tell of.

    Return whether that was noted before: then somebody died on the way, or is still on it.
    """
    with writing(opened) as db:
        begun = database.watermark(db, _BEGUN) > 0
        database.raise_watermark(db, _BEGUN, now_s)
    return begun


def end(opened: Changeable, now_s: float, *, wanted: bool) -> None:
    """Note that it is deleted, and whether it is `wanted` that the store be written anew."""
    with writing(opened) as db:
        db.execute(_FORGET_IT, [_BEGUN])
        if wanted:
            database.raise_watermark(db, _WANTED, now_s)


def wanted_s(db: Db) -> float:
    """Return since when the store may tell of what was deleted; 0 where it cannot."""
    return database.watermark(db, _WANTED)


def settle(opened: Changeable, since_s: float) -> None:
    """Note that nothing tells any more of what was deleted up to a moment."""
    with writing(opened) as db:
        db.execute(f"{_FORGET_IT} AND value <= ?", [_WANTED, since_s])


def is_wanted(db: Db) -> bool:
    """Return whether this store may tell of what was deleted."""
    return wanted_s(db) > 0


def is_wanted_at(place: Place) -> bool:
    """Return whether the store that is there now may. Raises StoreError."""
    with database.reading(place) as db:
        return is_wanted(db)


def require_room(path: Path) -> None:
    """Raise OSError where the disk has no room for a second store."""
    replacement.require_room(path, files.size_octets(path))


def rewrite(path: Path, should_stop: Callable[[], bool] = lambda: False) -> None:
    """Write the store anew and put the new file in its place; by the holder of the ingester's lock.

    Who has it open for feeding opens it again. Raises Busy, sqlite3.Error (interrupted, where it
    should stop) and OSError: the store is as it was then.
    """
    with replacement.replacing(path, "rewritten") as begun:
        begun.make()
        try:
            begun.require_room(files.size_octets(path))
            _copy(path, begun, should_stop)
            begun.swap()
        except BaseException:
            begun.discard()
            raise


def _copy(path: Path, begun: Replacement, should_stop: Callable[[], bool]) -> None:
    total = files.size_octets(path)

    def tell() -> bool:
        begun.tell(files.size_octets(begun.file), total)
        return should_stop()

    with contextlib.closing(file_store.connect(path, file_store.CHANGE_TIMEOUT_MS)) as conn:
        conn.set_progress_handler(tell, _TELL_EACH_STEPS)
        conn.execute("VACUUM INTO ?", [os.fspath(begun.file)])
    with _opened(begun.file) as db:
        db.execute(_FORGET_IT, [_WANTED])


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[SQLite]:
    with contextlib.closing(file_store.connect(path, file_store.BUSY_TIMEOUT_MS)) as conn, conn:
        yield SQLite(conn)
