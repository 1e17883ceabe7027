"""What of the spool is not in the store: how much, and which segments are a problem of their own.

Owns: segments that cannot be read, and when they are tried again; segments that vanished before they
were fed; telling of both in log and metrics.
Does not own: reading and feeding them (`ingester`), or telling other processes (`trouble`, `lock`).

A segment that cannot be read stays where it is, as its writer may have it open, and nothing is lost
that way: it is tried again now and then, and as soon as somebody has seen to it.
"""

import contextlib
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.telemetry import observe
from tracker.ingest.trouble import Trouble
from tracker.spool import segments

FIRST_RETRY_S = 1.0
MAX_RETRY_S = 30.0
"""A dying disk may take seconds to say that it cannot be read."""
GRACE_S = 5.0
"""Who had a segment open that was moved away puts it back within this."""
TOLD_S = 86400.0
"""Reports tell for this long what vanished."""


@dataclass(slots=True)
class _Unreadable:
    """A segment that could not be read. `seen` is what differs once somebody has seen to it."""

    why: str
    seen: object
    retry_s: float
    due_s: float


@dataclass(slots=True)
class _Gone:
    """A segment that vanished before it was fed."""

    octets: int
    since_s: float
    is_told: bool = False


class Backlog:
    """What waits in the spool of one ingester."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._unreadable: dict[str, _Unreadable] = {}
        self._waiting: dict[str, int] = {}
        self._gone: dict[str, _Gone] = {}

    def is_due(self, path: Path) -> bool:
        """Return whether a segment is to be read now; one that could not be, only now and then."""
        found = self._unreadable.get(path.name)
        return found is None or time.monotonic() >= found.due_s or _looks(path) != found.seen

    def cannot_be_read(self, path: Path, error: OSError) -> None:
        """Leave a segment where it is, for a while; that is told once for each cause."""
        before, why = self._unreadable.get(path.name), error.strerror or str(error)
        retry_s = FIRST_RETRY_S if before is None else min(2 * before.retry_s, MAX_RETRY_S)
        self._unreadable[path.name] = _Unreadable(
            why, _looks(path), retry_s, time.monotonic() + retry_s
        )
        if before is None or before.why != why:
            observe.log(observe.SEGMENT_UNREADABLE, file=str(path), why=why)
        self._gauge()

    def was_read(self, path: Path, *, deleted: bool) -> None:
        """Note that a segment was fed as far as it goes; `deleted` if that was the end of it."""
        if deleted:
            self._waiting.pop(path.name, None)
        self._gone.pop(path.name, None)
        if self._unreadable.pop(path.name, None) is not None:
            observe.log(observe.SEGMENT_READ_AGAIN, file=str(path))
            self._gauge()

    def measure(self, fed: Mapping[str, int], *, is_ours: bool) -> None:
        """Tell how much waits, and what vanished. `fed` are the octets of each that the store has.

        Unless it `is_ours` to feed, segments come and go without our knowing.
        """
        with contextlib.suppress(OSError):
            listed = segments.listing(self._directory)
            waiting = {
                path.name: waiting_octets(path, fed.get(path.name, 0)) or 0 for path in listed
            }
            observe.SPOOL_BACKLOG_OCTETS.set(sum(waiting.values()))
            self._find_vanished(self._waiting if is_ours else {}, waiting)
            self._waiting = waiting
            self._unreadable = {n: each for n, each in self._unreadable.items() if n in waiting}
            self._gauge()

    def trouble(self, failing: str) -> Trouble:
        """Return what keeps events from being counted; `failing` is why nothing can be fed."""
        return Trouble(
            failing,
            {name: each.why for name, each in sorted(self._unreadable.items())},
            sum(each.octets for each in self._gone.values() if each.is_told),
        )

    def _find_vanished(self, before: Mapping[str, int], sizes: Mapping[str, int]) -> None:
        """Compare what waited before with what is there now, and tell of what stays away."""
        now_s = time.monotonic()
        for name, octets in before.items():
            if octets and name not in sizes:
                self._gone.setdefault(name, _Gone(octets, now_s))
        for name, each in list(self._gone.items()):
            if name in sizes or now_s > each.since_s + TOLD_S:
                del self._gone[name]
            elif not each.is_told and now_s >= each.since_s + GRACE_S:
                each.is_told = True
                observe.SPOOL_VANISHED_OCTETS.inc(each.octets)
                observe.log(
                    observe.SEGMENT_VANISHED,
                    file=str(self._directory / name),
                    octets=each.octets,
                )

    def _gauge(self) -> None:
        observe.SPOOL_UNREADABLE_SEGMENTS.set(len(self._unreadable))


def waiting_octets(path: Path, fed: int = 0) -> int | None:
    """Return how much a segment holds behind what was fed of it; None for what is no file, or cannot be looked at.

    Of one that cannot be read it is what its size tells. Raises FileNotFoundError.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        raise
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    with contextlib.suppress(OSError):
        return segments.unread_octets(path, fed)
    return max(0, found.st_size - fed)


def _looks(path: Path) -> object:
    """Return what differs once a segment was replaced, or given back to us."""
    with contextlib.suppress(OSError):
        found = path.lstat()
        return found.st_dev, found.st_ino, found.st_mode, found.st_uid, found.st_gid
    return None
