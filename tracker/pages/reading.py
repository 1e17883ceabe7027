"""The store, as a page asks it.

Owns: that it is brought up to date first, and what figures lack nevertheless.
Does not own: questions (`tracker.reports`), or the store being locked or gone (`rendering`).
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from config.schema import Config
from tracker.ingest.catch_up import BRIEF_S, catch_up
from tracker.ingest.elsewhere import elsewhere
from tracker.sql.db import Db
from tracker.store import database


@dataclass(frozen=True, slots=True)
class Asked:
    """The store, and sentences without full stops that say what its figures lack."""

    db: Db
    not_counted: tuple[str, ...]


@contextlib.contextmanager
def asking(config: Config) -> Iterator[Asked]:
    """Open the store of a configuration to ask it; raises StoreError, also from within the block."""
    backlog = catch_up(config, BRIEF_S)
    with database.reading(config.store) as db:
        others = elsewhere(db, config.store)
        yield Asked(db, (*backlog.sentences(), *others.sentences))
