"""What the log is told where a bound of the HTTP server is reached.

Owns: one line for each kind, and how often at most.
Does not own: the bounds (`limits`), what becomes of a connection then (`admission`, `connection`), or
how often in all (metrics).

No line names a reader: what is kept of their addresses is for `[privacy] ip` to say.
"""

import time
from collections import Counter

from config.telemetry import observe

EVERY_S = 60.0
"""So often at most there is a line about each bound: whoever floods us must not fill the log."""


class BoundLog:
    """The lines about one listener."""

    def __init__(self, listener: str) -> None:
        self._listener = listener
        self._untold: Counter[str] = Counter()
        self._due_s: dict[str, float] = {}

    def reached(self, bound: str) -> None:
        """Note that a bound was reached; tell the log, unless it was told of that one lately."""
        self._untold[bound] += 1
        now_s = time.monotonic()
        if now_s >= self._due_s.get(bound, now_s):
            self._due_s[bound] = now_s + EVERY_S
            times = self._untold.pop(bound)
            observe.log(
                observe.HTTP_BOUND_REACHED, listener=self._listener, bound=bound, times=times
            )
