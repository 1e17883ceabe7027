"""A bell beside the spool: whoever waits for figures rings it, and who feeds the store counts at once.

Owns: the pipe with a name that it is, hanging it up, waiting for it and ringing it.
Does not own: when what is in the spool is counted else (`ingester`), or who waits (`catch_up`, `waiting`,
`tracker.moving.source`).

Without one, as where the spool lies on a file system that has no pipes, nobody can ring: then the store is fed as
often as if somebody did.
"""

import contextlib
import os
import select
import stat
from pathlib import Path

from config.files import durable
from tracker.spool import segments

_RING = b"!"
_MOST_OCTETS = 4096


def _file(directory: Path) -> Path:
    # Hidden: whoever reads a pipe, as by `grep` over the folder, waits for ever.
    return directory / ".ingester.bell"


def ring(directory: Path) -> None:
    """Have whoever feeds the store of this spool count now, if somebody does; never raises."""
    with contextlib.suppress(OSError):
        descriptor = os.open(_file(directory), os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                os.write(descriptor, _RING)
        finally:
            os.close(descriptor)


class Bell:
    """The bell of the one who feeds the store; used by one thread."""

    def __init__(self, directory: Path) -> None:
        self._path = _file(directory)
        self._descriptor: int | None = None

    def hang(self) -> bool:
        """See to it that it hangs in its place; return whether it does. Never raises."""
        with contextlib.suppress(OSError):
            if self._descriptor is not None and segments.is_in_place(self._path, self._descriptor):
                return True
            self.close()
            self._descriptor = _open_or_make(self._path)
        return self._descriptor is not None

    def wait(self, most_s: float) -> None:
        """Wait until somebody rings, or has rung since the last time; no longer than that."""
        if self._descriptor is None:
            return
        rung = select.poll()
        rung.register(self._descriptor, select.POLLIN)
        if rung.poll(most_s * 1000):
            with contextlib.suppress(OSError):
                os.read(self._descriptor, _MOST_OCTETS)

    def close(self) -> None:
        """Hear nobody any more; the pipe stays in its place."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _open_or_make(path: Path) -> int | None:
    """Return the pipe at a path, open; None where something else is there. Raises OSError."""
    made = False
    with contextlib.suppress(FileExistsError):
        os.mkfifo(path, 0o600)
        made = True
    # Open for writing as well, it is never at its end.
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        if made and is_pipe:
            durable.inherit_owner(descriptor, path.parent)
    except OSError:
        os.close(descriptor)
        raise
    if not is_pipe:
        os.close(descriptor)
    return descriptor if is_pipe else None
