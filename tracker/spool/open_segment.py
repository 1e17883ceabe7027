"""The segment that a process is writing: appended to, made durable, kept in its place.

Owns: what becomes of it when the disk refuses, or when somebody moves it away.
Does not own: the files themselves (`segments`), or which events are written, and when (`writer`).

- After a full disk, the segment goes on where it stopped. After any other error it is given up,
  above all after a failed fdatasync: it may have lost octets that a second one would call safe.
- A segment that was given up before anything in it was durable is begun again under its name, so
  that a disk which refuses for long is not filled with copies of what it refuses.
- A segment that was renamed or deleted, alone or with its folder, is where no ingester looks. It is
  made anew in its place, under its name and with all that it holds. A new name would do as well,
  but in the new place the same octets have the same offsets: nothing is fed twice.
"""

import contextlib
import os
import time
from pathlib import Path

from config.files import durable
from config.telemetry import observe
from tracker.spool import segments

MAX_OCTETS = 16 * 1024 * 1024
MAX_AGE_S = 3600.0
"""A segment is finished after this, so that what it holds can be deleted once it is counted."""
LOOK_S = 1.0
"""A segment that was moved away is missed after this, though nothing is written."""


class OpenSegment:
    """A segment that this process holds; used by one thread."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor
        self._is_durable = False
        self._begun_s = time.monotonic()
        self._size_octets = 0
        self._unwritten = b""

    @classmethod
    def create(cls, directory: Path, role: str, void: Path | None = None) -> "OpenSegment":
        """Begin a segment in a folder, which is made where it is missing; raises OSError.

        It takes the place of `void`, if there is one that has no use any more.
        """
        return cls(*(segments.create_again(void) if void else segments.create(directory, role)))

    @property
    def is_closed(self) -> bool:
        """Return whether it was finished, or given up."""
        return self._descriptor is None

    @property
    def is_void(self) -> bool:
        """Return whether nothing in it was ever durable: whoever appended it has it still."""
        return not self._is_durable

    @property
    def is_partial(self) -> bool:
        """Return whether there was no room for the rest of what is being written."""
        return bool(self._unwritten)

    @property
    def is_full(self) -> bool:
        """Return whether it is large or old enough, and no half of anything is in it."""
        is_large = self._size_octets >= MAX_OCTETS
        return not self._unwritten and (is_large or not self._left_s())

    @property
    def patience_s(self) -> float:
        """Return how long it may be left alone."""
        return min(LOOK_S, self._left_s())

    def look_after(self) -> None:
        """Put it back if it was moved away; finish it if it is large or old. Raises OSError."""
        self._put_back()
        if self.is_full:
            self.close()

    def write(self, octets: bytes) -> None:
        """Append octets; raises OSError.

        If it `is_partial` then, the next call goes on with what is left, whatever it is given.
        """
        self._unwritten = self._unwritten or octets
        try:
            self._append()
        except BaseException as error:
            if not (isinstance(error, OSError) and error.errno in durable.FULL):
                self.close()
            raise

    def sync(self) -> None:
        """Make durable what was written; raises OSError."""
        try:
            os.fdatasync(self._open())
        except BaseException:
            self.close()
            raise
        self._put_back()
        self._is_durable = True

    def close(self) -> None:
        """Finish it, or give it up; never raises."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            _close(descriptor)

    def _open(self) -> int:
        if self._descriptor is None:
            raise ValueError("the segment is closed")
        return self._descriptor

    def _append(self) -> None:
        """Write what is unwritten, remembering how far it came; raises OSError."""
        while self._unwritten:
            written = os.write(self._open(), self._unwritten)
            self._unwritten = self._unwritten[written:]
            self._size_octets += written

    def _put_back(self) -> None:
        """Make it anew in its place, if it is no longer there.

        Raises OSError; then it is open still, wherever it is, and this is to be tried again.
        """
        moved = self._open()
        if segments.is_in_place(self.path, moved):
            return
        moved_to = segments.place_of(moved)
        self.path, self._descriptor = segments.restore(self.path, moved)
        _close(moved)
        observe.SPOOL_MOVED_SEGMENTS.inc()
        observe.log(observe.SPOOL_MOVED, segment=str(self.path), moved_to=moved_to)

    def _left_s(self) -> float:
        """Return the time until it is too old; 0 when it is."""
        return max(0.0, self._begun_s + MAX_AGE_S - time.monotonic())


def _close(descriptor: int) -> None:
    """Close a descriptor. It is free even where that fails, and must not be closed again.

    Nothing is in doubt then: what it was written through is durable, or is written again.
    """
    with contextlib.suppress(OSError):
        os.close(descriptor)
