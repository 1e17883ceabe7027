"""Changing much of the store bit by bit, so that nobody waits for long.

Owns: transactions of those who change a store that others feed, and how much is done in one.
Does not own: what is done in it, or that it can be taken up again after any of them (whoever does it).
"""

import contextlib
import time
from collections.abc import Iterator

from tracker.sql.db import Db
from tracker.store.file.file_store import ChangedFile
from tracker.store.opened import Store

TARGET_S = 0.05
"""How long one transaction should take: so long others wait who want to write, and must not feel it."""

Changeable = Store | Db
"""A store; or a database that nobody else feeds."""


def db_of(opened: Changeable) -> Db:
    """Return the database to read from, outside of a transaction: maybe a file that was replaced."""
    return opened.db if isinstance(opened, Store) else opened


@contextlib.contextmanager
def writing(opened: Changeable) -> Iterator[Db]:
    """Yield the database within a transaction: all or nothing."""
    if isinstance(opened, Store):
        with opened.transaction():
            yield opened.db
    else:
        with opened.atomic():
            yield opened


class Pace:
    """How much to do in the next transaction: more or less, by how long the last one took.

    A command leaves others as much time as it took itself: SQLite keeps no queue of who waits, as a
    server does, and the ingester, which asks ten times a second, would hardly ever find a gap.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.size = max(1, most // 8)

    @contextlib.contextmanager
    def writing(self, opened: Changeable) -> Iterator[Db]:
        """Yield the database within a transaction that is timed, without waiting for it to begin."""
        with writing(opened) as db:
            began_s = time.monotonic()
            yield db
        took_s = max(time.monotonic() - began_s, TARGET_S / 1000)
        if isinstance(opened, ChangedFile):
            time.sleep(min(took_s, TARGET_S))
        wanted = int(self.size * min(2.0, max(0.25, TARGET_S / took_s)))
        self.size = min(self._most, max(1, wanted))
