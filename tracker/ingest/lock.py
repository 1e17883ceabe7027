"""Who may feed a store: one process at a time.

Owns: the lock file in the spool directory. Does not own: what its holder does (`ingester`).
"""

import fcntl
import os
from pathlib import Path

from tracker.records import durable
from tracker.store import database


class Lock:
    """The right to feed a store: a lock that the kernel releases when its holder dies."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "ingester.lock"
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock, or make sure that it is still held; False while another has it."""
        if self._descriptor is not None and not self._is_on_disk(self._descriptor):
            self.release()
        if self._descriptor is None:
            self._descriptor = self._take()
        return self._descriptor is not None

    @property
    def is_held(self) -> bool:
        """Return whether this process had the lock when it last looked."""
        return self._descriptor is not None

    def release(self) -> None:
        """Let another have it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self) -> int | None:
        durable.make_directory(self._path.parent)
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            durable.inherit_owner(self._path)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._is_on_disk(descriptor):
                return descriptor
        except BlockingIOError:
            pass
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _is_on_disk(self, descriptor: int) -> bool:
        held = os.fstat(descriptor)
        return database.file_id(self._path) == (held.st_dev, held.st_ino)
