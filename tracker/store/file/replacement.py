"""A file that takes the place of the store: written beside it, and swapped in whole.

Owns: who may write such a file and what they tell of it, whether there is room, that nobody opens or
changes the store at the wrong moment, and the swap, which is taken up again where it was cut short.
Does not own: what is written to the file (`rewriting`, and who brings an earlier store up to date),
connections (`database`), or the ingester's lock, which whoever replaces a store holds.

SQLite keeps a write-ahead log and shared memory under names of their own beside a database, and would
play the log of one file into another that took its name. So:

1. The new file is written under a hidden name, while `.NAME.changing` is locked: commands wait before
   they change the store, and read in that file what they wait for. Reports go on.
2. It is complete once it is called `.NAME.instead-of-INODE`, after the file whose place it takes. From
   here on the swap is only ever finished, by whoever opens the store next.
3. While `.NAME.opening` is locked, nobody opens the store: log and memory of the old file go, and the
   new one gets its name. Who has the old file open reads on in it, with log and memory that have no
   name any more.
"""

import contextlib
import errno
import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from config.files import durable
from config.files.regular import open_regular
from tracker.store.file import files

Purpose = Literal["rewritten", "upgraded"]
"""What is done to the store; by it, the unfinished file is called."""

PATIENCE_S = 5.0
"""How long whoever wants to replace the store waits for commands that are changing it."""
POLL_S = 0.05
SPARE_OCTETS = 32 * 1024 * 1024
"""Left free on the disk beside a file that is written: mail and clicks go on."""
_TOLD_OCTETS = 4096
_BUSY_TIMEOUT_S = 30.0


class Busy(Exception):
    """Somebody is changing the store, or replacing it already."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the writing of a new file has come, in octets, or whatever `total` counts."""

    purpose: Purpose
    done: int = 0
    total: int = 0

    @property
    def percent(self) -> int:
        """Return how much of it is done, at most 99: when all is, nobody is told."""
        return min(99, 100 * self.done // self.total) if self.total else 0

    def __str__(self) -> str:
        """Return it in words."""
        verb = "written anew" if self.purpose == "rewritten" else "being upgraded"
        return f"the store is {verb}, {self.percent} %"


class Replacement:
    """The right to replace a store, as `replacing` gives it, and the file that is to take its place."""

    def __init__(self, path: Path, purpose: Purpose, descriptor: int) -> None:
        self.path = path
        self.file = path.with_name(f".{path.name}.{purpose}")
        self._purpose: Purpose = purpose
        self._descriptor = descriptor

    def tell(self, done: int, total: int) -> None:
        """Tell those who wait how far it has come; of use to people only."""
        octets = json.dumps(asdict(Progress(self._purpose, done, total))).encode()
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, octets.ljust(_TOLD_OCTETS), 0)

    def require_room(self, octets: int) -> None:
        """Raise OSError (ENOSPC) where the disk has no room for a file of this size."""
        require_room(self.path, octets - files.size_octets(self.file))

    def make(self) -> None:
        """Make the file, empty, for the owner of the store alone; what was left of it goes."""
        self.discard()
        descriptor = os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            durable.inherit_owner(descriptor, self.path.absolute().parent)
        finally:
            os.close(descriptor)

    def discard(self) -> None:
        """Delete the file, and what SQLite keeps beside it."""
        for each in (self.file, *files.beside(self.file)):
            each.unlink(missing_ok=True)

    def swap(self) -> None:
        """Put the file, to which nobody has a connection any more, in the place of the store.

        Raises sqlite3.Error and OSError; then it may be tried again.
        """
        _settle(self.file)
        with _locked(_opening(self.path), fcntl.LOCK_EX):
            self.file.rename(_instead(self.path))
            durable.sync_directory(self.path.absolute().parent)
            _finish(self.path)


def require_room(path: Path, octets: int) -> None:
    """Raise OSError (ENOSPC) where there is no room for so much beside the store; say how much is."""
    found = os.statvfs(path.absolute().parent)
    free = found.f_bavail * found.f_frsize
    if free < octets + SPARE_OCTETS:
        raise OSError(
            errno.ENOSPC,
            f"a second file needs {octets + SPARE_OCTETS} octets, and {free} are free",
            str(path.parent),
        )


@contextlib.contextmanager
def replacing(path: Path, purpose: Purpose) -> Iterator[Replacement]:
    """Keep others from changing the store while a file is written that takes its place.

    For the holder of the ingester's lock. Raises Busy where somebody is changing it for long.
    """
    with _locked(_opening(path), fcntl.LOCK_SH):
        pass  # it is there now
    with _locked(_changing(path), fcntl.LOCK_EX, PATIENCE_S) as descriptor:
        replacement = Replacement(path, purpose, descriptor)
        replacement.tell(0, 0)
        try:
            yield replacement
        finally:
            os.ftruncate(descriptor, 0)


@contextlib.contextmanager
def changing(path: Path, waiting: Callable[[Progress], None] | None = None) -> Iterator[None]:
    """Keep the store from being replaced while it is changed; wait while it is being replaced.

    `waiting` is called again and again meanwhile. Raises OSError.
    """
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(_locked(_changing(path), fcntl.LOCK_SH, POLL_S))
                break
            except Busy:
                if waiting is not None and (progress := in_progress(path)):
                    waiting(progress)
        yield


def wait_for_changes(path: Path) -> None:
    """Return once whoever was changing the store has ended their transaction; raises OSError."""
    with _locked(_changing(path), fcntl.LOCK_EX):
        pass


@contextlib.contextmanager
def opening(path: Path) -> Iterator[None]:
    """Keep the store from being swapped while somebody opens it; finish a swap that was cut short.

    Raises sqlite3.Error and OSError where that cannot be finished.
    """
    with contextlib.ExitStack() as stack:
        # Who wants to replace the store makes the file long before the swap. Until then nothing is left
        # beside a database, which may be another program's.
        with contextlib.suppress(OSError):
            stack.enter_context(_locked(_opening(path), fcntl.LOCK_SH, make=False))
        if _is_cut_short(path):
            stack.close()
            with _locked(_opening(path), fcntl.LOCK_EX):
                _finish(path)
            stack.enter_context(_locked(_opening(path), fcntl.LOCK_SH))
        yield


def in_progress(path: Path) -> Progress | None:
    """Return how far somebody is with a new file; None where nobody writes one."""
    try:
        descriptor = open_regular(_changing(path), os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _decoded(os.pread(descriptor, _TOLD_OCTETS, 0))
    finally:
        os.close(descriptor)
    return None


def _decoded(octets: bytes) -> Progress | None:
    try:
        told = json.loads(octets)
        return Progress(told["purpose"], int(told["done"]), int(told["total"]))
    except (ValueError, TypeError, LookupError):
        return None


def _changing(path: Path) -> Path:
    return path.with_name(f".{path.name}.changing")


def _opening(path: Path) -> Path:
    return path.with_name(f".{path.name}.opening")


def _instead(path: Path) -> Path:
    """Return what a complete file is called that takes the place of the one that is there now."""
    return path.with_name(f".{path.name}.instead-of-{path.stat().st_ino}")


def _is_cut_short(path: Path) -> bool:
    try:
        return _instead(path).exists()
    except OSError:
        return False


def _finish(path: Path) -> None:
    """Put a complete file in its place, while `.NAME.opening` is locked."""
    if not _is_cut_short(path):
        return
    complete = _instead(path)
    # As long as this is open, no other connection takes itself for the last one of the old file, which
    # deletes the log: by then that would be the new one's.
    with contextlib.closing(_connect(path)):
        for each in files.beside(path):
            each.unlink(missing_ok=True)
        complete.replace(path)
    durable.sync_directory(path.absolute().parent)


def _settle(path: Path) -> None:
    """Make a database one whole and durable file, which is known to have a write-ahead log."""
    with contextlib.closing(_connect(path)) as conn:
        conn.execute("PRAGMA journal_mode = WAL").fetchone()
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    for each in files.beside(path):
        each.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _connect(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode=rw"
    conn = sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S)
    try:
        conn.execute("PRAGMA schema_version").fetchone()
    except BaseException:
        conn.close()
        raise
    return conn


@contextlib.contextmanager
def _locked(
    path: Path, how: int, patience_s: float | None = None, *, make: bool = True
) -> Iterator[int]:
    """Lock a file, which is made where it is missing unless told otherwise; yield its descriptor.

    Raises Busy where another has it for longer than `patience_s`; None: it is waited for.
    """
    flags = os.O_RDWR | os.O_NOFOLLOW
    descriptor = durable.open_or_make(path, flags) if make else open_regular(path, flags)
    try:
        _lock(descriptor, how, patience_s)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, how: int, patience_s: float | None) -> None:
    if patience_s is None:
        fcntl.flock(descriptor, how)
        return
    deadline_s = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline_s:
                raise Busy from None
            time.sleep(POLL_S)
        else:
            return
