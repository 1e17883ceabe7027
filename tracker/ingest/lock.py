"""Who may feed a store: one process at a time.

Owns: the lock file in the spool directory, in which its holder tells others of its trouble.
Does not own: what its holder does (`ingester`), or what is trouble (`trouble`).
"""

import contextlib
import fcntl
import os
from pathlib import Path

from config.files import durable
from config.files.regular import open_regular
from tracker.ingest.trouble import Trouble
from tracker.store.file import files

MAX_TOLD_OCTETS = 1024 * 1024


def lock_file(directory: Path) -> Path:
    """Return the file that whoever feeds the store holds a lock on; `directory` is the spool's."""
    return directory / "ingester.lock"


class Lock:
    """The right to feed a store: a lock that the kernel releases when its holder dies."""

    def __init__(self, directory: Path) -> None:
        self._path = lock_file(directory)
        self._descriptor: int | None = None
        self._told = b""

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

    def tell(self, trouble: Trouble) -> None:
        """Tell others what keeps us from feeding the store, if that is news.

        It is of use to people only: a disk that cannot hold it is no reason to stop.
        """
        octets = trouble.encode()
        if self._descriptor is not None and octets != self._told:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
                os.pwrite(self._descriptor, octets, 0)
                self._told = octets

    def told(self) -> Trouble:
        """Return what its holder tells; no trouble where nobody has it."""
        try:
            descriptor = open_regular(self._path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return Trouble()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return Trouble.decode(os.pread(descriptor, MAX_TOLD_OCTETS, 0))
        finally:
            os.close(descriptor)
        return Trouble()

    def _take(self) -> int | None:
        durable.make_directory(self._path.parent)
        descriptor = durable.open_or_make(self._path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._is_on_disk(descriptor):
                os.ftruncate(descriptor, 0)
                self._told = b""
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
        return files.file_id(self._path) == (held.st_dev, held.st_ino)
