"""This process's spool: events become durable here before anything is answered.

Owns: the queue of events, the thread that writes them in groups (one write, one fdatasync), what
happens when the disk refuses, and when a new segment is begun.
Does not own: the form of segments (`segments`) or feeding them to the store
(`tracker.ingest.ingester`).

The rules:
- An event's future is resolved after the fdatasync that covers it, or fails with SpoolError as soon
  as its write has failed. A failed event is *kept*, in bounded memory, and tried again; the error
  only says that it is not durable yet. SpoolFull says that it was dropped, and counted.
- A segment is only ever appended to. On ENOSPC the writer goes on later where it stopped. After any
  other error, above all a failed fdatasync (which may have lost octets that a second one would
  call safe), the segment is given up and all that it did not make durable is written to a new one:
  events may be there twice, and the store counts them once by their ids.
"""

import errno
import os
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from config.telemetry import observe
from tracker.events import Event, encode
from tracker.records import durable
from tracker.spool import segments

MAX_WAITING_OCTETS = 64 * 1024 * 1024
"""Events held in memory while the disk refuses: about 150,000 clicks."""
MAX_GROUP_OCTETS = 1024 * 1024
"""One write. Bounds how long the first event of a group waits for the last."""
MAX_SEGMENT_OCTETS = 16 * 1024 * 1024
MAX_SEGMENT_AGE_S = 3600.0
"""A segment is finished after this, so that what it holds can be deleted once it is counted."""
RETRY_S = 0.5


class SpoolError(Exception):
    """The event is not durable (yet): it is kept in memory and tried again."""


class SpoolFull(SpoolError):
    """The event was dropped: memory for events that cannot be written is full."""


@dataclass(slots=True)
class _Waiting:
    """One framed event. Its future is None once the caller has been told of a failure."""

    record: bytes
    future: Future[None] | None


@dataclass(slots=True)
class _Segment:
    """The segment being written. `unwritten` is what is left of a group that did not fit."""

    descriptor: int
    begun_s: float
    size_octets: int = 0
    unwritten: bytes = b""


class Spool:
    """Appends events durably. Safe to use from any thread; not to be carried across a fork."""

    def __init__(self, directory: Path, role: str, max_waiting_octets: int) -> None:
        self._directory = directory
        self._role = role
        self._max_waiting_octets = max_waiting_octets
        self._waiting_gauge = observe.SPOOL_WAITING_OCTETS.labels(role)
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._queue: deque[_Waiting] = deque()
        self._waiting_octets = 0
        self._failure: str | None = None
        self._closing = False
        self._thread: threading.Thread | None = None
        self._segment: _Segment | None = None
        self._group: list[_Waiting] = []

    @classmethod
    def open(
        cls, directory: Path, role: str, *, max_waiting_octets: int = MAX_WAITING_OCTETS
    ) -> "Spool":
        """Prepare a spool. Its segment (and the directory) is made with the first event.

        `role` names the kind of process, in lower-case letters: "proxy", "tracker".
        """
        if not (role.isascii() and role.isalpha() and role.islower()):
            raise ValueError(f"role must be lower-case letters, not {role!r}")
        return cls(directory, role, max_waiting_octets)

    def append(self, event: Event) -> Future[None]:
        """Queue one event; never blocks. The future is resolved when the event is durable.

        It fails with SpoolError where the event is kept but not durable, at once while the disk
        refuses, and with SpoolFull where it was dropped.
        """
        if os.getpid() != self._pid:
            raise RuntimeError("a spool belongs to the process that opened it")
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()
        record = segments.frame(encode(event))
        with self._changed:
            refusal = self._refusal(len(record))
            if not isinstance(refusal, SpoolFull):
                self._take(_Waiting(record, None if refusal else future))
        if isinstance(refusal, SpoolFull):
            observe.SPOOL_DROPS.inc()
        if refusal:
            future.set_exception(refusal)
        return future

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what is waiting, and end. What cannot be written in time is counted as dropped."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        with self._changed:
            lost = [*self._group, *self._queue]
        if lost:
            observe.SPOOL_DROPS.inc(len(lost))
            observe.log(observe.SPOOL_DROPPED, events=len(lost), why="closed before it could write")
        for waiting in lost:
            _fail(waiting, SpoolFull("the spool was closed"))

    def _refusal(self, size_octets: int) -> SpoolError | None:
        """Return the error that an event of this size meets now; None where it will be written."""
        if self._closing:
            return SpoolFull("the spool is closed")
        if size_octets > segments.MAX_RECORD_OCTETS:
            return SpoolFull(f"an event of {size_octets} octets")
        if self._waiting_octets + size_octets > self._max_waiting_octets:
            return SpoolFull("too many events are waiting")
        return SpoolError(self._failure) if self._failure else None

    def _take(self, waiting: _Waiting) -> None:
        self._queue.append(waiting)
        self._waiting_octets += len(waiting.record)
        self._waiting_gauge.set(self._waiting_octets)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
            self._thread.start()
        self._changed.notify()

    # What follows runs in the writer thread.

    def _run(self) -> None:
        while self._next_group():
            last_try = self._closing
            try:
                self._write_group()
            except Exception as error:  # noqa: BLE001 - while this thread lives, nothing is lost
                self._failed(error)
                if last_try:
                    break
            else:
                self._succeeded()
        self._finish_segment()

    def _next_group(self) -> bool:
        """Wait for events and take them over; return False when the spool is to end."""
        with self._changed:
            while not (self._queue or self._group or self._closing):
                self._changed.wait(self._seconds_to_live())
                self._rotate()
            if self._failure:
                self._changed.wait_for(lambda: self._closing, RETRY_S)
            if not self._group:
                self._group = self._take_group()
            return bool(self._group)

    def _take_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size_octets = 0
        while self._queue and (not group or size_octets < MAX_GROUP_OCTETS):
            group.append(self._queue.popleft())
            size_octets += len(group[-1].record)
        return group

    def _write_group(self) -> None:
        """Make the group durable; raises OSError, leaving what is needed to try again."""
        self._rotate()
        segment = self._segment
        if segment is None:
            _, descriptor = segments.create(self._directory, self._role)
            segment = self._segment = _Segment(descriptor, time.monotonic())
        if not segment.unwritten:
            segment.unwritten = b"".join(waiting.record for waiting in self._group)
        with observe.SPOOL_SYNC_SECONDS.time():
            self._append(segment)
            self._sync(segment)

    def _append(self, segment: _Segment) -> None:
        """Write what is unwritten, remembering how far it came; raises OSError."""
        while segment.unwritten:
            written = os.write(segment.descriptor, segment.unwritten)
            segment.unwritten = segment.unwritten[written:]
            segment.size_octets += written

    def _sync(self, segment: _Segment) -> None:
        """Make what was written durable; raises OSError, the segment then being given up."""
        try:
            os.fdatasync(segment.descriptor)
            if _was_deleted(segment):
                raise FileNotFoundError(errno.ENOENT, "the segment was deleted while in use")
        except OSError:
            self._finish_segment()
            raise

    def _succeeded(self) -> None:
        done, self._group = self._group, []
        with self._changed:
            recovered, self._failure = self._failure, None
            self._waiting_octets -= sum(len(waiting.record) for waiting in done)
            self._waiting_gauge.set(self._waiting_octets)
        observe.SPOOL_EVENTS.inc(len(done))
        if recovered:
            observe.log(observe.SPOOL_RECOVERED, events=len(done))
        for waiting in done:
            if waiting.future is not None:
                waiting.future.set_result(None)

    def _failed(self, error: Exception) -> None:
        """Fail all futures, and keep the events. Only after a full disk is the segment used on."""
        observe.SPOOL_FAILURES.inc()
        if not (isinstance(error, OSError) and error.errno in durable.FULL):
            self._finish_segment()
        with self._changed:
            first = self._failure is None
            self._failure = f"cannot write: {error}"
            waiting_events = [*self._group, *self._queue]
        if first:
            observe.log(
                observe.SPOOL_WRITE_FAILED, error=str(error), directory=str(self._directory)
            )
        for waiting in waiting_events:
            _fail(waiting, SpoolError(str(error)))

    def _seconds_to_live(self) -> float | None:
        """Return the seconds until the segment is too old; None without one."""
        if self._segment is None:
            return None
        return max(0.0, self._segment.begun_s + MAX_SEGMENT_AGE_S - time.monotonic())

    def _rotate(self) -> None:
        """Finish a segment that is large, old or deleted, unless it has half a group in it."""
        segment = self._segment
        if segment is None:
            return
        full = segment.size_octets >= MAX_SEGMENT_OCTETS or self._seconds_to_live() == 0
        if (full and not segment.unwritten) or _was_deleted(segment):
            self._finish_segment()

    def _finish_segment(self) -> None:
        if self._segment is not None:
            os.close(self._segment.descriptor)
            self._segment = None


def _was_deleted(segment: _Segment) -> bool:
    return os.fstat(segment.descriptor).st_nlink == 0


def _fail(waiting: _Waiting, error: SpoolError) -> None:
    if waiting.future is not None:
        waiting.future.set_exception(error)
        waiting.future = None
