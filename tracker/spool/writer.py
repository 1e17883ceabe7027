"""This process's spool: events become durable here before anything is answered.

Owns: the queue of events, the thread that writes them in groups (one write, one fdatasync), and
what becomes of events that the disk refuses.
Does not own: the segment that is written to (`open_segment`), how drops are told (`drops`), or
feeding the store (`tracker.ingest.ingester`).

The rules: - An event's future is resolved after the fdatasync that covers it (one of
`append_written` before it, once the event is written: the end of this process does not undo that, a
power loss may), or fails with SpoolError as soon as its write has failed. A failed event is *kept*,
in bounded memory, and tried again; the error only says that it is not durable yet. SpoolFull says
that it was dropped, and counted. - A segment that is given up is followed by a new one, with all
that it did not make durable: events may be there twice, and the store counts them once by their
ids. - Nothing but `close` ends the thread.
"""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from config.telemetry import observe
from tracker.events import Event, encode
from tracker.spool import segments
from tracker.spool.drops import Drops
from tracker.spool.link_sets import WrittenSet, taken_out
from tracker.spool.open_segment import OpenSegment

MAX_WAITING_OCTETS = 64 * 1024 * 1024
"""Events held in memory while the disk refuses: about 150,000 clicks."""
MAX_GROUP_OCTETS = 1024 * 1024
"""One write. Bounds how long the first event of a group waits for the last."""
RETRY_S = 0.5


class SpoolError(OSError):
    """The event is not durable (yet): it is kept in memory and tried again."""


class SpoolFull(SpoolError):
    """The event was dropped: memory for events that cannot be written is full."""


def framed(event: Event) -> bytes:
    """Return an event as `Spool.append_all` takes it."""
    return segments.frame(encode(event))


@dataclass(slots=True)
class _Waiting:
    """Framed events. Their future is None once the caller has been told.

    `early`: the caller is told when they are written, not when they are durable. `link_set` has to
    stand in the segment before them.
    """

    records: bytes
    count: int
    future: Future[None] | None
    early: bool
    link_set: WrittenSet | None = None

    @property
    def size_octets(self) -> int:
        """Return how much memory they take, and their set, which others may share."""
        return len(self.records) + (len(self.link_set.record) if self.link_set else 0)


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
        self._segment: OpenSegment | None = None
        self._void: Path | None = None
        self._sets_written: set[str] = set()
        self._group: list[_Waiting] = []
        self._drops = Drops()

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
        return self._append(event, early=False)

    def append_written(self, event: Event) -> Future[None]:
        """Queue one event, as `append` does, with a future that is resolved when it is written."""
        return self._append(event, early=True)

    def append_all(self, records: Sequence[bytes]) -> Future[None]:
        """Queue `framed` events that came at one time; what `append` says holds for all of them.

        They are no events of messages, whose links stand apart (`tracker.spool.link_sets`).
        """
        return self._append_records(records, early=False)

    def _append(self, event: Event, *, early: bool) -> Future[None]:
        event, link_set = taken_out(event)
        return self._append_records((framed(event),), early=early, link_set=link_set)

    def _append_records(
        self, records: Sequence[bytes], *, early: bool, link_set: WrittenSet | None = None
    ) -> Future[None]:
        if os.getpid() != self._pid:
            raise RuntimeError("a spool belongs to the process that opened it")
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()
        waiting = _Waiting(b"".join(records), len(records), future, early, link_set)
        longest_octets = max(len(each) for each in (*records, link_set.record if link_set else b""))
        with self._changed:
            refusal = self._refusal(waiting, longest_octets) or self._take(waiting)
            if refusal:
                waiting.future = None
        if isinstance(refusal, SpoolFull):
            self._drops.add(waiting.count, str(refusal))
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
            self._drops.add(_count(lost), "closed before it could write")
        self._drops.tell()
        for waiting in lost:
            _fail(waiting, SpoolFull("the spool was closed"))

    def _refusal(self, waiting: _Waiting, longest_octets: int) -> SpoolError | None:
        """Return why events cannot be kept; `longest_octets` is the size of their longest record."""
        if self._closing:
            return SpoolFull("the spool is closed")
        if longest_octets > segments.MAX_RECORD_OCTETS:
            return SpoolFull(f"an event of {longest_octets} octets")
        if self._waiting_octets + waiting.size_octets > self._max_waiting_octets:
            return SpoolFull("too many events are waiting")
        return None

    def _take(self, waiting: _Waiting) -> SpoolError | None:
        """Queue events; return why they cannot be promised to be durable soon."""
        self._queue.append(waiting)
        self._waiting_octets += waiting.size_octets
        self._waiting_gauge.set(self._waiting_octets)
        try:
            self._ensure_thread()
        except RuntimeError as error:
            return SpoolError(str(error))
        self._changed.notify()
        return SpoolError(self._failure) if self._failure else None

    def _ensure_thread(self) -> None:
        """Start the writer thread with the first event; RuntimeError: there is none to be had."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="spool", daemon=True)
            thread.start()
            self._thread = thread

    # What follows runs in the writer thread.

    def _run(self) -> None:
        while self._turn():
            pass
        if self._segment is not None:
            self._segment.close()

    def _turn(self) -> bool:
        """Write what waits, and look after the segment; return False when the spool is to end."""
        last_try = False
        try:
            self._wait()
            last_try = self._closing
            if self._segment is not None and (self._segment.is_full or not self._group):
                self._look_after(self._segment)
            if self._group:
                self._write_group()
            self._succeeded()
        except BaseException as error:  # noqa: BLE001 - while this thread lives, nothing is lost
            with contextlib.suppress(Exception):
                self._failed(error)
            return not last_try
        return bool(self._queue) or not last_try

    def _wait(self) -> None:
        """Wait for events, or until the segment wants to be looked after; take events over."""
        with self._changed:
            if self._failure:
                self._changed.wait_for(lambda: self._closing, RETRY_S)
            elif not (self._queue or self._group or self._closing):
                self._changed.wait(self._segment.patience_s if self._segment else None)
            if not self._group:
                self._group = self._take_group()

    def _take_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size_octets = 0
        while self._queue and (not group or size_octets < MAX_GROUP_OCTETS):
            group.append(self._queue.popleft())
            size_octets += group[-1].size_octets
        return group

    def _look_after(self, segment: OpenSegment) -> None:
        """Raise OSError where the segment was moved away, and cannot be put back now."""
        segment.look_after()
        self._forget_closed(segment)

    def _write_group(self) -> None:
        """Make the group durable; raises OSError, leaving what is needed to try again."""
        segment = self._segment
        if segment is None:
            segment = OpenSegment.create(self._directory, self._role, self._void)
            self._segment, self._void = segment, None
            self._sets_written.clear()
        try:
            with observe.SPOOL_SYNC_SECONDS.time():
                segment.write(b"".join(self._records()), self._written)
        finally:
            self._forget_closed(segment)

    def _records(self) -> Iterator[bytes]:
        """Yield the records of the group, and before them the sets that its segment lacks.

        What a segment did not take at once it still has to take (`OpenSegment.is_partial`), so
        those sets are in it.
        """
        for waiting in self._group:
            link_set = waiting.link_set
            if link_set is not None and link_set.name not in self._sets_written:
                self._sets_written.add(link_set.name)
                yield link_set.record
            yield waiting.records

    def _written(self) -> None:
        """Tell who waits for no more than that."""
        for waiting in self._group:
            if waiting.early:
                _succeed(waiting)

    def _forget_closed(self, segment: OpenSegment) -> None:
        if segment.is_closed:
            self._segment = None
            self._void = segment.path if segment.is_void else None

    def _succeeded(self) -> None:
        done, self._group = self._group, []
        with self._changed:
            recovered, self._failure = self._failure, None
            self._waiting_octets -= sum(waiting.size_octets for waiting in done)
            self._waiting_gauge.set(self._waiting_octets)
        observe.SPOOL_EVENTS.inc(_count(done))
        if recovered:
            observe.log(observe.SPOOL_RECOVERED, events=_count(done))
            self._drops.tell()
        for waiting in done:
            _succeed(waiting)

    def _failed(self, error: BaseException) -> None:
        """Tell all who wait, and keep the events."""
        with self._changed:
            first = self._failure is None
            self._failure = f"cannot write: {error}"
            waiting_events = [*self._group, *self._queue]
        observe.SPOOL_FAILURES.inc()
        if first:
            observe.log(
                observe.SPOOL_WRITE_FAILED, error=str(error), directory=str(self._directory)
            )
        for waiting in waiting_events:
            _fail(waiting, SpoolError(str(error)))


def _count(waiting: Iterable[_Waiting]) -> int:
    return sum(each.count for each in waiting)


def _succeed(waiting: _Waiting) -> None:
    if waiting.future is not None:
        waiting.future.set_result(None)
        waiting.future = None


def _fail(waiting: _Waiting, error: SpoolError) -> None:
    if waiting.future is not None:
        waiting.future.set_exception(error)
        waiting.future = None
