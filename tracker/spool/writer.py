"""This process's spool: events become durable here before anything is answered.

Owns: the queue of events, the thread that writes them in groups (one write, one fdatasync), and
what becomes of events that the disk refuses.
Does not own: the events and who is told of them (`parcel`), those of an event loop (`turns`), the
segment that is written to (`open_segment`), how drops are told (`drops`), or feeding the store
(`tracker.ingest.ingester`).

The rules:

- Whoever gave an event is told after the fdatasync that covers it, or with SpoolError as soon as its
  write has failed. A failed event is *kept*, in bounded memory, and tried again; the error only says
  that it is not durable yet. SpoolFull says that it was dropped, and counted.
- Whoever asked only for an event to be written (`early`) is told before the fdatasync: the end of this
  process does not undo that, a power loss may. Where nobody waits for one, it comes within
  `SYNC_LATER_S`, for all that was written by then.
- Such events are written in their giver's own thread while the spool's has nothing to do: to wake it
  takes many times as long as a write into the kernel's memory does.
- A segment that is given up is followed by a new one, with all that it did not make durable: events may
  be there twice, and the store counts them once by their ids.
- Nothing but `close` ends the thread.
"""

import contextlib
import math
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

from config.telemetry import observe
from tracker.events import Event
from tracker.spool import segments
from tracker.spool.drops import Drops
from tracker.spool.link_sets import LinksApart
from tracker.spool.open_segment import OpenSegment
from tracker.spool.parcel import Parcel, SpoolError, SpoolFull, Told, framed_apart

MAX_WAITING_OCTETS = 64 * 1024 * 1024
"""Events held in memory while the disk refuses: about 150,000 clicks."""
MAX_GROUP_OCTETS = 1024 * 1024
"""One write. Bounds how long the first event of a group waits for the last."""
MAIL_ROOM_OCTETS = 2 * 1024 * 1024
"""Room for the events of some hundreds of messages, each of which waits for the disk."""
MAX_HERE_OCTETS = 64 * 1024
"""Written in the thread that they come from."""
RETRY_S = 0.5
SYNC_LATER_S = 0.05
"""How long what was written may wait for its fdatasync, where nobody waits for that: the next event of
a busy proxy brings one along."""


class Spool:
    """Appends events durably. Safe to use from any thread; not to be carried across a fork."""

    def __init__(
        self, directory: Path, role: str, max_waiting_octets: int, room_octets: int = 0
    ) -> None:
        self._directory = directory
        self._room_octets = room_octets
        self._role = role
        self._max_waiting_octets = max_waiting_octets
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        """Wakes the thread. For anything else the lock is taken by itself: without two calls of Python's."""
        self._queue: deque[Parcel] = deque()
        self._waiting_octets = 0
        observe.SPOOL_WAITING_OCTETS.labels(role).set_function(lambda: self._waiting_octets)
        self._failure: str | None = None
        self._closing = False
        self._thread: threading.Thread | None = None
        self._segment: OpenSegment | None = None
        self._void: Path | None = None
        self.links_apart = LinksApart()
        """Which links stand apart from the events of those who give them here."""
        self._sets_written: set[str] = set()
        self._group: list[Parcel] = []
        self._unsynced: list[Parcel] = []
        self._sync_due_s = 0.0
        self._synced_s = 0.0
        self._idle_until_s: float | None = None
        """When the thread wakes by itself; None while it is not waiting for events."""
        self._drops = Drops()

    @classmethod
    def open(
        cls,
        directory: Path,
        role: str,
        *,
        max_waiting_octets: int = MAX_WAITING_OCTETS,
        room_octets: int = 0,
    ) -> "Spool":
        """Prepare a spool. Its segment (and the directory) is made with the first event.

        `role` names the kind of process, in lower-case letters: "proxy", "tracker". `room_octets` is how much room
        there is made in a segment ahead of its records; without, each sync is a commit of the file system's journal.
        """
        if not (role.isascii() and role.isalpha() and role.islower()):
            raise ValueError(f"role must be lower-case letters, not {role!r}")
        return cls(directory, role, max_waiting_octets, room_octets)

    def append(self, event: Event) -> Future[None]:
        """Queue one event; never blocks. The future is resolved when the event is durable.

        It fails with SpoolError where the event is kept but not durable, at once while the disk
        refuses, and with SpoolFull where it was dropped.
        """
        return self._append(event, early=False)

    def append_written(self, event: Event) -> Future[None]:
        """Queue one event, as `append` does, with a future that is resolved when it is written."""
        return self._append(event, early=True)

    def hand_over(self, parcels: Sequence[Parcel]) -> None:
        """Queue what came at one time; waits for no disk. The thread is woken at most once for all of it.

        Each parcel's giver is told, in this thread or in the spool's, what `append` says of its future.
        """
        if os.getpid() != self._pid:
            raise RuntimeError("a spool belongs to the process that opened it")
        with self._lock:
            refused = [(each, why) for each in parcels if (why := self._refused(each)) is not None]
            written = self._write_here() if self._may_write_here() else ()
            if self._has_to_wake():
                self._changed.notify()
        for parcel, (told, error) in refused:
            if isinstance(error, SpoolFull):
                self._drops.add(len(parcel.records), str(error))
            if told is not None:
                told(error)
        _tell_written(written)

    @property
    def idle(self) -> bool:
        """Return whether what is to be written, and no more than that, is written as soon as it is given."""
        return self._idle_until_s is not None and not self._queue

    def _may_write_here(self) -> bool:
        """Return whether what is queued can be written in this thread: the spool's is at rest, and nobody waits."""
        if self._idle_until_s is None or any(each.waits for each in self._queue):
            return False
        segment = self._segment
        return (
            not (self._failure or self._closing or self._group)
            and segment is not None
            and not (segment.is_full or segment.is_partial)
            and sum([each.size_octets for each in self._queue]) <= MAX_HERE_OCTETS
        )

    def _write_here(self) -> Sequence[Parcel]:
        """Write what is queued; return it. What fails is left to the spool's thread, as if that had tried."""
        segment, self._group = self._segment, self._take_group()
        if segment is None or not self._group:
            return ()
        try:
            return self._append_group(segment)
        except Exception as error:  # noqa: BLE001 - in the spool's thread it would end nothing, either
            self._forget_closed(segment)
            self._failed(error)
            return ()

    def _has_to_wake(self) -> bool:
        """Return whether the thread has something to do before it wakes by itself."""
        if self._queue or self._group or self._idle_until_s is None:
            return True
        return bool(self._unsynced) and self._idle_until_s > self._sync_due_s

    def _append(self, event: Event, *, early: bool) -> Future[None]:
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()

        def told(error: SpoolError | None) -> None:
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        record, link_set = framed_apart(event, self.links_apart)
        link_sets = (link_set,) if link_set else ()
        self.hand_over((Parcel((record,), told, early=early, link_sets=link_sets),))
        return future

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what is waiting, and end. What cannot be written in time is counted as dropped."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        with self._lock:
            lost = [*self._unsynced, *self._group, *self._queue]
        if lost:
            self._drops.add(_count(lost), "closed before it could write")
        self._drops.tell()
        for parcel in lost:
            parcel.tell(SpoolFull("the spool was closed"))

    def _refused(self, parcel: Parcel) -> tuple[Told | None, SpoolError] | None:
        """Queue a parcel; return who has to be told why it cannot be promised to be durable soon."""
        error = self._refusal(parcel)
        if error is None:
            error = self._take(parcel)
        if error is None:
            return None
        told, parcel.told = parcel.told, None
        return told, error

    def _refusal(self, parcel: Parcel) -> SpoolError | None:
        """Return why events cannot be kept."""
        if self._closing:
            return SpoolFull("the spool is closed")
        most_octets = segments.MAX_RECORD_OCTETS
        if parcel.size_octets > most_octets and parcel.longest_octets > most_octets:
            return SpoolFull(f"an event of {parcel.longest_octets} octets")
        if self._waiting_octets + parcel.size_octets > self._max_waiting_octets:
            return SpoolFull("too many events are waiting")
        return None

    def _take(self, parcel: Parcel) -> SpoolError | None:
        """Queue events; return why they cannot be promised to be durable soon."""
        self._queue.append(parcel)
        self._waiting_octets += parcel.size_octets
        try:
            self._ensure_thread()
        except RuntimeError as error:
            return SpoolError(str(error))
        return SpoolError(self._failure) if self._failure else None

    def _ensure_thread(self) -> None:
        """Start the writer thread with the first event; RuntimeError: there is none to be had."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="spool", daemon=True)
            thread.start()
            self._thread = thread

    # What follows runs in the writer thread; what `_write_here` calls of it in a giver's, too, under the lock.

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
            if not self._unsynced:
                self._recovered(())
        except BaseException as error:  # noqa: BLE001 - while this thread lives, nothing is lost
            with contextlib.suppress(Exception):
                self._failed(error)
            return not last_try
        return bool(self._queue) or not last_try

    def _wait(self) -> None:
        """Wait for events, or until the segment wants to be looked after; take events over."""
        with self._lock:
            if self._failure:
                self._changed.wait_for(lambda: self._closing, RETRY_S)
            else:
                self._rest()
            if not self._group:
                self._group = self._take_group()

    def _rest(self) -> None:
        """Wait until there is something to do; others may write meanwhile."""
        while not (self._queue or self._group or self._closing):
            now_s, patience_s = time.monotonic(), self._patience_s()
            self._idle_until_s = math.inf if patience_s is None else now_s + patience_s
            try:
                if not self._changed.wait(patience_s):
                    return
            finally:
                self._idle_until_s = None

    def _take_group(self) -> list[Parcel]:
        group: list[Parcel] = []
        size_octets = 0
        while self._queue and (not group or size_octets < MAX_GROUP_OCTETS):
            group.append(self._queue.popleft())
            size_octets += group[-1].size_octets
        return group

    def _patience_s(self) -> float | None:
        """Return how long nothing has to be done where nothing comes; None: for ever."""
        if self._segment is None:
            return None
        if self._unsynced:
            return max(0.0, self._sync_due_s - time.monotonic())
        is_busy = time.monotonic() - self._synced_s < SYNC_LATER_S
        # What others write soon has to be made durable soon, for which nobody need wake us then.
        return SYNC_LATER_S if is_busy else self._segment.patience_s

    def _look_after(self, segment: OpenSegment) -> None:
        """Raise OSError where the segment was moved away, and cannot be put back now."""
        try:
            if self._unsynced:
                self._sync(segment)
            segment.look_after()
        finally:
            self._forget_closed(segment)

    def _write_group(self) -> None:
        """Write the group, and make it durable where that is due; raises OSError.

        Then what is needed to try again is left.
        """
        segment = self._segment
        if segment is None:
            about = (self._directory, self._role, self._void, self._room_octets)
            segment = OpenSegment.create(*about)
            self._segment, self._void = segment, None
            self._sets_written.clear()
        waited_for = self._closing or self._failure or any(each.waits for each in self._group)
        try:
            _tell_written(self._append_group(segment))
            if waited_for or time.monotonic() >= self._sync_due_s:
                self._sync(segment)
        finally:
            self._forget_closed(segment)

    def _records(self) -> Iterator[bytes]:
        """Yield the records of the group, and before them the sets that its segment lacks.

        What a segment did not take at once it still has to take (`OpenSegment.is_partial`), so
        those sets are in it.
        """
        for parcel in self._group:
            for link_set in parcel.link_sets:
                if link_set.name not in self._sets_written:
                    self._sets_written.add(link_set.name)
                    yield link_set.record
            yield from parcel.records

    def _append_group(self, segment: OpenSegment) -> Sequence[Parcel]:
        """Write the group, and return it: the rest of its way is the fdatasync. Raises OSError."""
        segment.write(b"".join(self._records()))
        if not self._unsynced:
            self._sync_due_s = time.monotonic() + SYNC_LATER_S
        with self._lock:
            self._unsynced += self._group
            written, self._group = self._group, []
        return written

    def _sync(self, segment: OpenSegment) -> None:
        """Make durable what was written, and tell of it; raises OSError."""
        begun_s = time.monotonic()
        segment.sync()
        self._synced_s = time.monotonic()
        observe.SPOOL_SYNC_SECONDS.observe(self._synced_s - begun_s)
        with self._lock:
            done, self._unsynced = self._unsynced, []
            self._waiting_octets -= sum(parcel.size_octets for parcel in done)
        observe.SPOOL_EVENTS.inc(_count(done))
        self._recovered(done)
        for parcel in done:
            parcel.tell(None)
        try:
            segment.make_room()
        except OSError:
            self._room_octets = 0  # it would be the end of the next segment, too
            raise

    def _forget_closed(self, segment: OpenSegment) -> None:
        """Where a segment was given up, have what it did not make durable written to another."""
        if segment.is_closed:
            with self._lock:
                self._group, self._unsynced = [*self._unsynced, *self._group], []
            self._segment = None
            self._void = segment.path if segment.is_void else None

    def _recovered(self, done: Sequence[Parcel]) -> None:
        """Note that the disk obeys, and say so where it did not before."""
        if not self._failure:
            return
        with self._lock:
            self._failure = None
        observe.log(observe.SPOOL_RECOVERED, events=_count(done))
        self._drops.tell()

    def _failed(self, error: BaseException) -> None:
        """Tell all who wait, and keep the events."""
        with self._lock:
            first = self._failure is None
            self._failure = f"cannot write: {error}"
            waiting = [*self._unsynced, *self._group, *self._queue]
        observe.SPOOL_FAILURES.inc()
        if first:
            observe.log(
                observe.SPOOL_WRITE_FAILED, error=str(error), directory=str(self._directory)
            )
        for parcel in waiting:
            parcel.tell(SpoolError(str(error)))


def _tell_written(parcels: Iterable[Parcel]) -> None:
    """Tell who waits for no more than that."""
    for parcel in parcels:
        if parcel.early:
            parcel.tell(None)


def _count(parcels: Iterable[Parcel]) -> int:
    return sum(len(each.records) for each in parcels)
