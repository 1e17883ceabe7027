"""Writing the store anew after somebody was forgotten: when, and trying again where it cannot be done.

Owns: the ingester's part in it, and waiting for that.
Does not own: how it is done (`tracker.store.file.rewriting`), or what is forgotten (`tracker.erasure.forget`).

Meanwhile nothing is fed: clicks and mail wait in the spool, and reports read the file that is there.
"""

import time
from collections.abc import Callable
from pathlib import Path

from config.telemetry import observe
from tracker.sql.errors import DatabaseErrors
from tracker.store import database
from tracker.store.database import Store
from tracker.store.file import files, rewriting
from tracker.store.file.replacement import Busy

RETRY_S = 60.0


class Rewriter:
    """Writes the store at `path` anew when it is wanted; for the holder of the ingester's lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._due_s = 0.0
        self._failure = ""

    def attend(self, opened: Store, should_stop: Callable[[], bool]) -> bool:
        """Write the store anew if that is wanted and can be done; return whether another is in place.

        What keeps it from being done is logged, and is no reason not to feed the store.
        """
        if time.monotonic() < self._due_s or not rewriting.is_wanted(opened.db):
            return False
        began_s, octets = time.monotonic(), files.size_octets(self._path)
        try:
            self.rewrite(opened, should_stop)
        except Busy:
            return False
        except (OSError, *DatabaseErrors) as error:
            if not should_stop():
                self._failed(error)
            return False
        self._failure = ""
        observe.log(
            observe.STORE_REWRITTEN,
            store=str(self._path),
            octets_before=octets,
            octets=files.size_octets(self._path),
            seconds=round(time.monotonic() - began_s, 3),
        )
        return True

    def rewrite(self, _: Store, should_stop: Callable[[], bool]) -> None:
        """Write the store anew; raises Busy, DatabaseErrors and OSError."""
        rewriting.rewrite(self._path, should_stop)

    def close(self) -> None:
        """Do nothing: no part of it goes on by itself."""

    def _failed(self, error: Exception) -> None:
        self._due_s = time.monotonic() + RETRY_S
        why = database.cause_of(error)
        if why != self._failure:
            self._failure = why
            observe.log(observe.STORE_NOT_REWRITTEN, store=str(self._path), error=str(error))
