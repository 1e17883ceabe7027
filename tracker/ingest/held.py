"""Segments that were counted, and are kept for a second reader: the stream, or `waypost export --follow`.

Owns: how long, and how much of the disk, they are kept for those; what is said of events that the stream
loses by that.
Does not own: counting (`ingester`), sending (`tracker.stream.sender`), or how far that is
(`tracker.spool.stream_offset`).

Whoever counts goes by the file that tells how far the stream is, also where no stream runs in the same
process: a report that drains the spool while services are stopped deletes nothing that is still to be
sent.
"""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from config.schema import StreamConfig
from config.telemetry import observe
from tracker.spool.stream_offset import StreamOffset

LOOK_S = 1.0
"""How old what is known of the stream may be."""


class Held:
    """Says of which counted segments in a spool somebody still needs the octets. For one thread."""

    def __init__(self, directory: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._clock = clock
        self._stream = StreamConfig()
        self._since_s: dict[str, float] = {}
        self._octets: dict[str, int] = {}
        self._offset = StreamOffset()
        self._looked_s = float("-inf")

    def configure(self, stream: StreamConfig) -> None:
        """Go by another configuration from now on."""
        self._stream = stream

    def is_needed(self, name: str, octets: int) -> bool:
        """Return whether a segment that is finished, and was counted as a whole, has to stay for now.

        Asked of the older ones first; how long it was there is counted from the first such question. Where it is not needed only because
        it waited too long, or takes too much room, that is logged.
        """
        if not self._stream.is_read:
            return False
        since_s = self._since_s.setdefault(name, self._clock())
        self._octets[name] = octets
        waited_s = self._clock() - since_s
        missing = max(0, octets - self._sent(name)) if self._stream.url else 0
        fits = self._octets_from(name) <= self._stream.room
        is_kept = waited_s < self._stream.keep
        if fits and (is_kept or (missing and waited_s < self._stream.hold)):
            return True
        if missing:
            observe.STREAM_LOST_OCTETS.inc(missing)
            observe.log(observe.STREAM_LOST, file=str(self._directory / name), octets=missing)
        return False

    def forget(self, name: str) -> None:
        """Forget a segment that was deleted."""
        self._since_s.pop(name, None)
        self._octets.pop(name, None)

    def _octets_from(self, name: str) -> int:
        """Return the octets of a segment, and of all that are younger: beyond the room, the oldest goes."""
        names = list(self._octets)
        return sum(map(self._octets.__getitem__, names[names.index(name) :]))

    def _sent(self, name: str) -> int:
        """Return the octets of a segment that the receiver of the stream has, as far as that is known."""
        if self._clock() >= self._looked_s + LOOK_S:
            self._looked_s = self._clock()
            with contextlib.suppress(OSError):
                self._offset = StreamOffset.load(self._directory)
        return self._offset.sent.get(name, 0)
