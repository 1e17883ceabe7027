"""Bringing the store up to what the spool holds now, before somebody reads figures from it.

Owns: feeding it where no service does, waiting for the one that does, and for how long.
Does not own: feeding itself (`ingester`).
"""

import contextlib
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.schema import Config
from tracker.ingest.ingester import Ingester
from tracker.spool import segments
from tracker.store import database
from tracker.store.database import StoreError

PATIENCE_S = 10.0
"""Of a command."""
BRIEF_S = 2.0
"""The patience of who asks over HTTP."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What of the spool is not in the store, and why; nothing is zero octets."""

    octets: int
    why: str


def catch_up(config: Config, patience_s: float = PATIENCE_S) -> Backlog:
    """Bring the store up to what the spool holds now, feeding it or waiting for who does.

    Raises StoreError where the store is malformed. Otherwise return what could not be fed in time.
    """
    wanted = _sizes(config.store.spool_dir)
    deadline_s = time.monotonic() + patience_s
    while left := _left(config, wanted):
        why = _feed_once(config)
        if why == "malformed":
            raise StoreError(f"{config.store.path} is malformed", why)
        if time.monotonic() > deadline_s:
            return Backlog(left, why)
        time.sleep(0.05)
    return Backlog(0, "")


def _feed_once(config: Config) -> str:
    """Feed the store if nobody else does; return what hindered it, empty for nothing."""
    ingester = Ingester(config)
    try:
        return "" if ingester.drain() else "another process is feeding the store"
    except (sqlite3.Error, OSError) as error:
        return database.cause_of(error)
    finally:
        ingester.close()


def _sizes(directory: Path) -> dict[Path, int]:
    sizes = {}
    for path in segments.listing(directory):
        with contextlib.suppress(FileNotFoundError):
            sizes[path] = path.stat().st_size
    return sizes


def _left(config: Config, wanted: Mapping[Path, int]) -> int:
    """Count the octets up to `wanted` that are not in the store."""
    there = {path: size for path, size in wanted.items() if path.exists()}
    if not there:
        return 0
    try:
        with database.reading(config.store.path) as db:
            fed = database.offsets(db)
    except StoreError:
        fed = {}
    return sum(max(0, size - fed.get(path.name, 0)) for path, size in there.items())
