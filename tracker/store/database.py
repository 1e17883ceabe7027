"""The store of a configuration: which engine holds it, and opening it.

Owns: choosing the engine, to read, to change and to feed; and watermarks.
Does not own: a file of SQLite (`file.file_store`), a server's database (`server.server_store`), rows
(`tracker.counting.batch`), questions (`tracker.reports.clicks`), or when to try again
(`tracker.ingest.ingester`).
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeGuard

from config.schema import StoreConfig
from config.store_url import masked
from tracker.sql.db import Db
from tracker.store.file import file_store, files
from tracker.store.file.file_store import FileStore
from tracker.store.file.replacement import Progress
from tracker.store.opened import Store, StoreError, cause_of, describe, offsets
from tracker.store.server.kept_readers import READERS

__all__ = ["Store", "StoreError", "cause_of", "describe", "offsets"]

Place = StoreConfig | Path
"""Where a store is: as a configuration says, or in a file of SQLite."""

Watermark = Literal[
    "purged_before_s",
    "unlisted_before_day",
    "known_time_s",
    "rewrite_begun_s",
    "rewrite_wanted_s",
    "identify_secret",
    "identified_up_to",
    "clicks_settled_before_s",
    "clicks_settled_up_to",
    "clicks_settled_next",
    "clicks_settled_noted_s",
]
"""A value that only rises, unless a wrong clock raised it: what lies below it has been purged, or
looked at, or has passed."""


@contextlib.contextmanager
def reading(place: Place) -> Iterator[Db]:
    """Open a store to ask questions; an empty one stands in where there is no file.

    All answers are of one moment. Raises StoreError where it cannot be read, also from within the block.
    """
    if _is_on_server(place):
        from tracker.store.server import server_store  # noqa: PLC0415 - its library is an extra

        with server_store.reading(place) as db:
            yield db
    else:
        with file_store.reading(_path(place)) as db:
            yield db


def connections_kept() -> contextlib.AbstractContextManager[None]:
    """Have those who read a store on a server use connections again, as long as a block runs; for a service."""
    return READERS.keeping()


@contextlib.contextmanager
def changing(place: Place, waiting: Callable[[Progress], None] | None = None) -> Iterator[Store]:
    """Open an existing store to change it while others may be feeding it.

    `waiting` is called again and again while the store is being replaced. Raises StoreError and
    DatabaseErrors.
    """
    opened = open_to_change(place, waiting)
    try:
        yield opened
    finally:
        opened.close()


def open_to_change(place: Place, waiting: Callable[[Progress], None] | None = None) -> Store:
    """Open an existing store as `changing` does; whoever called has to close it."""
    if _is_on_server(place):
        from tracker.store.server.server_store import ServerStore  # noqa: PLC0415 - as above

        return ServerStore.to_change(place)
    return file_store.ChangedFile(_path(place), waiting)


def open_to_feed(place: Place) -> Store:
    """Open a store, making it where it is missing, with all migrations applied.

    Raises StoreError where it is a database of another program, DatabaseErrors and OSError.
    """
    if _is_on_server(place):
        from tracker.store.server.server_store import ServerStore  # noqa: PLC0415 - as above

        return ServerStore.to_feed(place)
    return FileStore.open(_path(place))


def exists(place: Place) -> bool:
    """Return whether there is a store: with SQLite there is none before the first event."""
    return _is_on_server(place) or files.file_id(_path(place)) is not None


def fed(place: Place, db: Db) -> dict[str, int]:
    """Return how many octets of each segment of this node are in a store that is open."""
    if _is_on_server(place):
        from tracker.store.server.server_store import node_of  # noqa: PLC0415 - as above

        return offsets(db, node_of(place))
    return offsets(db)


def called(place: Place) -> str:
    """Return what a store is called to people: its file, or its URL without a password."""
    return masked(place.url) if _is_on_server(place) else str(_path(place))


def _is_on_server(place: Place) -> TypeGuard[StoreConfig]:
    return isinstance(place, StoreConfig) and place.engine == "postgresql"


def _path(place: Place) -> Path:
    return place.path if isinstance(place, StoreConfig) else place


def watermark(db: Db, name: Watermark) -> float:
    """Return a watermark; 0 where it was never raised."""
    row = db.execute("SELECT value FROM settings WHERE name = ?", [name]).fetchone()
    return float(row[0]) if row else 0.0


def raise_watermark(db: Db, name: Watermark, value: float) -> None:
    """Raise a watermark, within the open transaction; one that is higher stays where it is."""
    db.execute(
        """INSERT INTO settings (name, value) VALUES (?, ?)
           ON CONFLICT (name) DO UPDATE SET value = excluded.value
           WHERE excluded.value > settings.value""",
        [name, value],
    )


def set_watermark(db: Db, name: Watermark, value: float) -> None:
    """Set a watermark that a wrong clock had raised, within the open transaction."""
    db.execute(
        """INSERT INTO settings (name, value) VALUES (?, ?)
           ON CONFLICT (name) DO UPDATE SET value = excluded.value""",
        [name, value],
    )
