"""The segment that a process is writing: appended to, made durable, kept in its place.

Owns: what becomes of it when the disk refuses, or when somebody moves it away.
Does not own: the files themselves (`segments`), or which events are written, and when (`writer`).

- After a full disk, the segment goes on where it stopped. After any other error it is given up,
  above all after a failed fdatasync: it may have lost octets that a second one would call safe.
- A segment that was given up before anything in it was durable is begun again under its name, so
  that a disk which refuses for long is not filled with copies of what it refuses.
- Behind its records there may be room for the next, blanks that are on the disk already: what is written over them is
  durable without a commit of the file system's journal, which others' commits hold up (ADR 0044). Where there
  is none to be had, a segment is appended to all the same. A segment that is finished has none.
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
LITTLE_ROOM = 8
"""Where less than such a part of the room is left, there is more made."""
LOOK_S = 1.0
"""A segment that was moved away is missed after this, though nothing is written."""


class OpenSegment:
    """A segment that this process holds; used by one thread at a time."""

    def __init__(self, path: Path, descriptor: int, room_octets: int = 0) -> None:
        self.path = path
        self._descriptor: int | None = descriptor
        self._identity = segments.identity(descriptor)  # once: each call gives up the interpreter
        self._is_durable = False
        self._begun_s = time.monotonic()
        self._size_octets = 0
        self._room_end = 0
        """Where the file ends, as far as that is known; beyond its records it is blank."""
        self._room_octets = room_octets
        self._unwritten = b""

    @classmethod
    def create(
        cls, directory: Path, role: str, void: Path | None = None, room_octets: int = 0
    ) -> "OpenSegment":
        """Begin a segment in a folder, which is made where it is missing; raises OSError.

        It takes the place of `void`, if there is one that has no use any more. `room_octets` is how much room
        is made for records at a time.
        """
        made = segments.create_again(void) if void else segments.create(directory, role)
        return cls(*made, room_octets)

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

    def make_room(self) -> None:
        """Make room for the next records where there is little; raises OSError.

        To be called when all that was written is durable: where the disk fails, the segment is given up.
        """
        start = max(self._size_octets, self._room_end)
        end = min(self._size_octets + self._room_octets, MAX_OCTETS)
        if start >= end or start - self._size_octets > self._room_octets // LITTLE_ROOM:
            return
        try:
            segments.fill(self._open(), start, end)
        except OSError:  # there is none to be had
            self._room_octets = 0
            os.ftruncate(self._open(), start)
            return
        self._room_end = end
        try:
            os.fsync(self._open())  # its size and place, too
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Finish it, or give it up; never raises."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            if self._room_end > self._size_octets:
                with contextlib.suppress(OSError):  # blanks at its end do no harm
                    os.ftruncate(descriptor, self._size_octets)
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
        if segments.is_at(self.path, self._identity):
            return
        moved_to = segments.place_of(moved)
        self.path, self._descriptor = segments.restore(self.path, moved)
        self._identity = segments.identity(self._descriptor)
        os.lseek(self._descriptor, self._size_octets, os.SEEK_SET)
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
