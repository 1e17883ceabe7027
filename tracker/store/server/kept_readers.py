"""Connections of who reads, kept for whoever reads next.

Owns: how many are kept and for how long, in a process that asks for it; commands, which read once, keep none.
Does not own: connecting, or what becomes of one that is of no use any more (`server_store`).
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # its library is an extra of the installation
    from tracker.sql.postgresql import PostgreSQL

MOST = 4
"""Connections that wait to be used, of all threads of a process."""
IDLE_S = 60.0
"""How long one waits: a server has better uses for what it takes there."""


class _Waiting(NamedTuple):
    purpose: str
    since_s: float
    db: "PostgreSQL"


class KeptReaders:
    """Connections that wait to be used again; for any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._keepers = 0
        self._waiting: list[_Waiting] = []

    @contextlib.contextmanager
    def keeping(self) -> Iterator[None]:
        """Keep connections as long as the block runs."""
        with self._lock:
            self._keepers += 1
        try:
            yield
        finally:
            with self._lock:
                self._keepers -= 1
            if not self._keepers:
                self._close_since(float("inf"))

    def take(self, purpose: str) -> "PostgreSQL | None":
        """Return a connection that was made for a purpose, the last that was used; None where there is none."""
        self._close_since(self._clock() - IDLE_S)
        with self._lock:
            for each in reversed(self._waiting):
                if each.purpose == purpose:
                    self._waiting.remove(each)
                    return each.db
        return None

    def give_back(self, purpose: str, db: "PostgreSQL") -> None:
        """Keep a connection for the next, or close it."""
        self._close_since(self._clock() - IDLE_S)
        with self._lock:
            if self._keepers and len(self._waiting) < MOST and not db.is_closed:
                self._waiting.append(_Waiting(purpose, self._clock(), db))
                return
        db.close()

    def _close_since(self, before_s: float) -> None:
        """Close those that have waited since before a moment."""
        with self._lock:
            aged = [each for each in self._waiting if each.since_s < before_s]
            self._waiting = [each for each in self._waiting if each.since_s >= before_s]
        for each in aged:
            each.db.close()


READERS = KeptReaders()
"""Those of this process."""
