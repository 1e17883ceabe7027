"""Events that are lost for good: counted one by one, logged now and then.

Owns: how often the log says so. Does not own: when an event is dropped (`writer`).
"""

import threading
import time

from config.telemetry import observe

TELL_S = 60.0
"""The log gets a line at the first drop, and then one in this time at most."""


class Drops:
    """The dropped events of one spool. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._untold = 0
        self._why = ""
        self._due_s = 0.0

    def add(self, events: int, why: str) -> None:
        """Count events that were dropped just now."""
        observe.SPOOL_DROPS.inc(events)
        with self._lock:
            self._untold += events
            self._why = why
            is_due = time.monotonic() >= self._due_s
        if is_due:
            self.tell()

    def tell(self) -> None:
        """Log how many events were dropped since the last line, if any were."""
        with self._lock:
            events, self._untold = self._untold, 0
            if events:
                self._due_s = time.monotonic() + TELL_S
        if events:
            observe.log(observe.SPOOL_DROPPED, events=events, why=self._why)
