"""The one ingester of a store: what the spool holds is fed to the database, exactly once.

Owns: how far each segment was fed, what becomes of damaged records and of finished segments, and
trying again while the store cannot take anything.
Does not own: who may feed (`lock`), the form of segments (`tracker.spool.segments`), those that
cannot be read or vanished (`backlog`), those that are kept for others once they were fed (`held`), a
database that is missing, emptied or malformed (`kept_store`), when the store is written anew
(`rewriter`), room for a full disk (`reserving`), rows (`tracker.counting.batch`), waiting for figures that are
up to date (`catch_up`), or how who waits is heard (`bell`).

Exactly once: the offset up to which a segment was fed is written in the transaction that holds what
its events did, and read again in the next one, so that `kill -9` at any instant leaves both or
neither. Events that are in the spool twice are told by their ids. A segment is deleted only when
its writer is gone, all of it was fed, the database on disk is the one that it was fed to, and nobody
else needs it.
"""

import contextlib
import os
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from config.files import durable
from config.files.regular import opener_without_links
from config.schema import Config
from config.service.gc_tuning import collecting_later
from config.telemetry import observe
from config.values import format_duration
from tracker.counting.feeder import Feeder
from tracker.counting.links.moved_clicks import has_moves
from tracker.details import expiry
from tracker.details.settling import Age, leaving, settling
from tracker.first_form.upgrade import Stopped, Watch
from tracker.ingest import bell
from tracker.ingest.backlog import Backlog
from tracker.ingest.bell import Bell
from tracker.ingest.chunk import Chunk, Line
from tracker.ingest.held import Held
from tracker.ingest.kept_server import KeptServerStore, Vacuumer
from tracker.ingest.kept_store import KeptStore, LoggedUpgrade
from tracker.ingest.lock import Lock
from tracker.ingest.reserving import Reserving
from tracker.ingest.rewriter import Rewriter
from tracker.ingest.trouble import Trouble
from tracker.retention import clock
from tracker.retention.clock import Time
from tracker.retention.retention import (
    expiring,
    is_time_settled,
    lower_horizon,
    purging,
    read_clock,
)
from tracker.spool import segments
from tracker.spool.link_sets import LinkSets
from tracker.spool.overwrite import erase_clicks
from tracker.spool.segments import Record
from tracker.sql.errors import BadValues, DatabaseErrors
from tracker.store import database
from tracker.store.database import Store

INTERVAL_S = 0.25
QUIET_S = 1.0
"""How long the spool is left alone that nobody asks about, who could: a turn costs as much as ten small messages, and
holds up the disk."""
MAX_BACKOFF_S = 10.0
CHUNK_OCTETS = 1024 * 1024
"""One transaction: about 2,500 clicks."""
HOUSEKEEPING_S = 6 * 3600.0
HOUSEKEEPING_ROUND_S = 0.25
"""How long old rows are deleted before the spool is fed again."""
LEFTOVER_S = 3600.0
PENDING_S = 7 * 86400.0
"""A message that the relay neither took nor refused in this time is taken for not sent."""

FORGETS_FIRST = (
    "this node has somebody to forget first, which its service does: waypost tracker, serve or feed"
)
_POISON = (
    *BadValues,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
)
"""What an event, not the store, is to blame for."""


def _kept(config: Config) -> tuple[KeptStore | KeptServerStore, Rewriter | Vacuumer]:
    if config.store.engine == "postgresql":
        return KeptServerStore(config.store), Vacuumer(config.store)
    return KeptStore(config.store.path), Rewriter(config.store.path)


class _ForgetsFirst(Exception):
    """Somebody is to be forgotten in a segment: else what of it is not counted would bring them back."""


class Ingester:
    """Feeds the store of `config` from its spool. All of it runs in one thread."""

    def __init__(self, config: Config, watch: Watch | None = None) -> None:
        """Feed the store of `config`; one of an earlier version is upgraded where somebody watches that."""
        self._called = database.called(config.store)
        self._hold_s = config.store.hold if config.store.engine == "postgresql" else 0.0
        self._fed_s: dict[str, float] = {}
        """When finished segments were seen to be fed to their end, by the monotonic clock."""
        self._directory = config.store.spool_dir
        self._held = Held(self._directory)
        self.configure(config)
        self._lock = Lock(self._directory)
        # Of a server, readers on other nodes ask as well, who are not heard here.
        self._bell = Bell(self._directory) if config.store.engine == "sqlite" else None
        self._backlog = Backlog(self._directory)
        self._kept, self._rewriter = _kept(config)
        self._kept.watch = watch
        self._reserving = Reserving(config.store.path, is_needed=config.store.engine == "sqlite")
        self._stop = threading.Event()
        self._opened: Store | None = None
        self._offsets: dict[str, int] = {}
        self._link_sets: dict[str, LinkSets] = {}
        self._reading = threading.Lock()
        """Held from reading records until they are counted."""
        self._failure: str | None = None
        self._failing = ""
        self._housekeeping_due_s = 0.0
        self._chores: Iterator[object] | None = None
        self._gave_up = False
        self._clock_read_s: float | None = None
        """When the clock was last read, by the monotonic one."""

    def configure(self, config: Config) -> None:
        """Take a configuration that was read anew; the store and its spool stay where they are."""
        self._retention_s = config.privacy.retention
        self._details_s = config.privacy.details
        self._feeder = Feeder.of(config)
        self._held.configure(config.stream)

    def run(self, stop: threading.Event) -> None:
        """Feed the store until `stop` is set, whatever happens to it; wait while another does.

        Who sets it has it heard at once by `wake`.
        """
        backoff_s = INTERVAL_S
        self._kept.watch = Watch(stop.is_set, LoggedUpgrade().tell)
        self._stop = stop
        try:
            while not self._rest(stop, backoff_s):
                backoff_s = INTERVAL_S if self._try() else min(2 * backoff_s, MAX_BACKOFF_S)
        finally:
            self.close()

    def wake(self) -> None:
        """Have the thread that runs it look whether it is to stop; from any thread."""
        bell.ring(self._directory)

    def _rest(self, stop: threading.Event, least_s: float) -> bool:
        """Leave the spool alone, for longer where nobody asks for what is in it; return whether to stop."""
        stop.wait(least_s)
        is_done = self._lock.is_held and least_s == INTERVAL_S and self._chores is None
        if self._bell is not None and is_done and self._bell.hang() and not stop.is_set():
            self._bell.wait(QUIET_S - INTERVAL_S)
        return stop.is_set()

    def drain(self) -> bool:
        """Feed all that the spool holds now; return False while another process is the ingester.

        Or while the store is given up for another (`tracker.store.file.moved`), which is then fed. Segments that
        cannot be read are passed over (`trouble`). Raises StoreError, DatabaseErrors and OSError: nothing is
        lost then, and it may be tried again.
        """
        # Looked at once more with the lock, which whoever copies the store waits for, and lets go in the end.
        if self._kept.is_given_up or not self._lock.acquire() or self._kept.is_given_up:
            self._kept.close()
            self._lock.release()
            return False
        opened = self._open()
        for path in segments.listing(self._directory):
            if self._backlog.is_due(path):
                self._try_segment(opened, path)
        self._forget_deleted(opened)
        self._move_clicks(opened)
        return True

    def rewrite(self) -> None:
        """Have nothing tell of what was deleted; raises Busy, DatabaseErrors and OSError."""
        self._rewriter.rewrite(self._open(), self._stop.is_set)
        self._kept.close()

    @property
    def feeds(self) -> bool:
        """Whether this process feeds the store, as it last looked; from any thread."""
        return self._lock.is_held

    @property
    def fed(self) -> dict[str, int]:
        """The octets of each segment that are counted, and of which the forgotten are gone; from any thread."""
        return dict(self._offsets)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Count nothing while the block runs, which may rewrite what is not counted yet; from any thread."""
        with self._reading:
            self._link_sets.clear()  # sets of links may be rewritten, too
            yield

    def trouble(self) -> Trouble:
        """Return what keeps events from being counted: ours, or that of the process that feeds."""
        if not self._lock.is_held:
            return self._lock.told()
        return self._backlog.trouble(self._failing)

    def close(self) -> None:
        """Close the store, and let another process be the ingester."""
        if self._bell is not None:
            self._bell.close()
        self._rewriter.close()
        self._kept.close()
        self._lock.release()

    def _try(self) -> bool:
        """Do one round, and deal with what went wrong; return True where nothing did."""
        held = self._lock.is_held
        try:
            if self.drain():
                if self._rewriter.attend(self._open(), self._stop.is_set):
                    self._kept.close()
                    self._chores = None
                self._housekeep()
            self._tell_given_up()
            self._recovered()
        except Stopped:
            return True
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round is tried
            self._failed(error)
            return False
        finally:
            if self._lock.is_held and not held:
                observe.log(observe.INGESTER_STARTED, store=self._called)
            self._backlog.measure(self._offsets, is_ours=held and self._lock.is_held)
            self._lock.tell(self._backlog.trouble(self._failing))
            if self._lock.is_held and self._failure != "foreign":  # beside that, nothing is made
                self._reserving.attend()
        return True

    def _tell_given_up(self) -> None:
        gave_up, self._gave_up = self._gave_up, self._kept.is_given_up
        if self._gave_up and not gave_up:
            observe.log(observe.STORE_GIVEN_UP, store=self._called)

    def _recovered(self) -> None:
        if self._failure:
            observe.log(observe.INGEST_RECOVERED)
        self._failure, self._failing = None, ""

    def _failed(self, error: Exception) -> None:
        with contextlib.suppress(OSError):
            if self._lock.is_held and self._kept.set_aside_if_emptied():
                return
        cause = database.cause_of(error)
        observe.INGEST_FAILURES.labels(cause).inc()
        if cause != self._failure:
            observe.log(observe.INGEST_FAILED, cause=cause, error=str(error), store=self._called)
        self._failure, self._failing = cause, database.describe(error)
        self._chores = None
        self._kept.close()
        if cause == "malformed":
            with contextlib.suppress(OSError):
                self._kept.set_aside_if_malformed()

    def _open(self) -> Store:
        """Return the store; where it was opened just now, see how far it was fed."""
        opened = self._kept.open()
        if opened is not self._opened:
            self._chores = None
            self._offsets = opened.offsets()
            self._settle_time(opened)
            self._opened = opened
        return opened

    def _settle_time(self, opened: Store) -> None:
        """Before anything is fed, note the latest moment that is known, where none was.

        And count again what a purge with a wrong clock would have the store take for purged.
        """
        clock_s = time.time()
        if is_time_settled(opened.db, clock_s):
            return
        with opened.transaction():
            now = read_clock(opened.db, clock_s, 0.0, self._retention_s)
            former_s = lower_horizon(opened.db, now)
        if former_s is not None:
            observe.log(observe.PURGE_HORIZON_LOWERED, until=clock.written(former_s))

    def _try_segment(self, opened: Store, path: Path) -> None:
        """Feed a segment; one that cannot be read, or set right, is no hindrance to the others."""
        try:
            deleted = self._drain_segment(opened, path)
        except FileNotFoundError:
            return
        except OSError as error:
            self._backlog.cannot_be_read(path, error)
        else:
            self._backlog.was_read(path, deleted=deleted)

    def _drain_segment(self, opened: Store, path: Path) -> bool:
        """Feed a segment; return True where it is finished, all of it was fed, and it is deleted."""
        descriptor = segments.open_to_read(path)
        try:
            finished = segments.is_finished(descriptor)
            offset = self._feed_from(opened, path.name, descriptor, finished=finished)
            if not finished or offset < segments.end_of_records(descriptor, offset):
                return False
            # Where it is kept, its links need no memory; they are looked for if it is fed again.
            self._link_sets.pop(path.name, None)
            if self._may_be_fed_again(path.name):
                return False
            # Its writer may have put another in its place.
            if not (segments.is_in_place(path, descriptor) and opened.is_current()):
                return False
            if self._held.is_needed(path.name, offset):
                return False
            path.unlink()
            self._fed_s.pop(path.name, None)
            self._held.forget(path.name)
            return True
        finally:
            os.close(descriptor)

    def _may_be_fed_again(self, name: str) -> bool:
        """Return whether a segment is kept for a while, in case a server goes back behind what it was fed."""
        fed_s = self._fed_s.setdefault(name, time.monotonic())
        return time.monotonic() < fed_s + self._hold_s

    def _feed_from(self, opened: Store, name: str, descriptor: int, *, finished: bool) -> int:
        """Feed what a segment holds and the store lacks; return the offset that is reached.

        What is written meanwhile is for the next round: its writer may be faster than we are.
        """
        offset = self._offsets.get(name, 0)
        end = segments.end_of_records(descriptor, offset, finished=finished)
        while offset < end:
            with collecting_later(), self._reading:
                after = self._feed_next(opened, name, descriptor, offset, finished=finished)
            if after == offset:
                break
            offset = after
        return offset

    def _feed_next(
        self, opened: Store, name: str, descriptor: int, offset: int, *, finished: bool
    ) -> int:
        """Feed a chunk of a segment; return the offset after it, the same where there is none."""
        records = segments.read(descriptor, offset, CHUNK_OCTETS, finished=finished)
        if not records:
            return offset
        link_sets = self._link_sets.setdefault(name, LinkSets())
        chunk = Chunk.read(records, link_sets, descriptor)
        try:
            after = self._feed(opened, name, offset, chunk)
        except _ForgetsFirst:
            self._failing = FORGETS_FIRST
            return offset
        self._offsets[name] = after
        self._fed_s.pop(name, None)
        return after

    def _feed(self, opened: Store, name: str, offset: int, chunk: Chunk) -> int:
        """Feed records in one transaction; return the offset of the segment after it.

        Where an event cannot be fed whatever the store's state, halves are tried, until it stands
        alone; then it is set aside.
        """
        try:
            return self._commit(opened, name, offset, chunk)
        except _POISON as error:
            if len(chunk.lines) == 1:
                return self._commit(opened, name, offset, chunk.set_aside(repr(error)))
        first, second = chunk.halves()
        return self._feed(opened, name, self._feed(opened, name, offset, first), second)

    def _commit(self, opened: Store, name: str, offset: int, chunk: Chunk) -> int:
        events = chunk.events()
        self._feeder.prepare(events)
        with opened.transaction():
            stored = opened.offset(name)
            if stored != offset:
                return stored
            if opened.has_somebody_to_forget(name):
                raise _ForgetsFirst
            forgotten = self._feeder.feed(opened.db, events)
            opened.set_offset(name, chunk.end)
            for line in chunk.damaged():
                self._quarantine(name, line)
        if forgotten:
            self._redact(opened, name, chunk.records, forgotten)
        observe.INGESTED_EVENTS.inc(len(events))
        return chunk.end

    def _redact(
        self, opened: Store, name: str, records: Sequence[Record], forgotten: Collection[str]
    ) -> None:
        """Rewrite clicks on links of the forgotten, once they are counted for good.

        Where that fails, they stand there until the segment goes, within the hour.
        """
        # The transaction keeps `waypost forget` from rewriting the same records meanwhile.
        with contextlib.suppress(OSError, *DatabaseErrors), opened.transaction():
            erase_clicks(self._directory / name, records, forgotten)

    def _quarantine(self, name: str, line: Line) -> None:
        """Write what is no event to another file; raises OSError, and then the segment waits."""
        directory = self._directory / "quarantine"
        durable.make_directory(directory)
        with open(directory / name, "ab", opener=opener_without_links) as file:
            file.write(line.kept_octets)
            file.flush()
            os.fsync(file.fileno())
        observe.INGEST_GARBAGE.inc()
        about = {"why": line.damage, "end": line.record.end}
        observe.log(observe.SPOOL_GARBAGE, file=str(directory / name), **about)

    def _move_clicks(self, opened: Store) -> None:
        """Move clicks that count under another link now, in transactions of bounded size."""
        while has_moves(opened.db):
            with opened.transaction():
                self._feeder.move(opened.db)

    def _forget_deleted(self, opened: Store) -> None:
        """Forget segments that are no more, once their names are durably gone."""
        on_disk = {path.name for path in segments.listing(self._directory)}
        gone = set(opened.offsets()) - on_disk
        if gone:
            durable.sync_directory(self._directory)
            opened.forget_segments(gone)
            for name in gone:
                self._held.forget(name)
                self._fed_s.pop(name, None)
            self._offsets = {name: at for name, at in self._offsets.items() if name in on_disk}
            self._link_sets = {n: each for n, each in self._link_sets.items() if n in on_disk}

    def _housekeep(self) -> None:
        """Delete what is old, every few hours, some of it in each round; only a service does."""
        if self._chores is None:
            if time.monotonic() < self._housekeeping_due_s:
                return
            self._chores = self._housekeeping(self._open())
        until_s = time.monotonic() + HOUSEKEEPING_ROUND_S
        for _ in self._chores:
            if time.monotonic() > until_s:
                return
        self._chores = None

    def _housekeeping(self, opened: Store) -> Iterator[object]:
        """Do it bit by bit, so that the spool need not wait; yield between transactions."""
        now = self._read_clock(opened)
        if not now.known_s:
            return  # there is nothing yet; with the first event there is
        opened.keep_house(now.before_s(self._retention_s))
        yield from expiring(opened, now.before_s(PENDING_S))
        yield from purging(opened, now.before_s(self._retention_s))
        details_before_s = now.before_s(min(self._details_s, self._retention_s))
        yield from expiry.expiring(opened, details_before_s)
        yield from leaving(opened, now.before_s(0))
        yield from settling(opened, Age(details_before_s, now.before_s(0)))
        segments.sweep(self._directory, time.time() - LEFTOVER_S)
        self._housekeeping_due_s = time.monotonic() + HOUSEKEEPING_S

    def _read_clock(self, opened: Store) -> Time:
        """Return what the clock is worth; log where nothing is purged by it."""
        read_s = time.monotonic()
        ran_s = 0.0 if self._clock_read_s is None else read_s - self._clock_read_s
        with opened.transaction():
            now = read_clock(opened.db, time.time(), ran_s, self._retention_s)
        self._clock_read_s = read_s
        doubted = now.known_s > 0 and not now.believed
        observe.CLOCK_DOUBTED_NOW.set(doubted)
        if doubted:
            observe.log(
                observe.CLOCK_DOUBTED,
                clock=clock.written(now.clock_s),
                latest_known=clock.written(now.known_s),
                insist=f"waypost purge --older-than {format_duration(self._retention_s)} --insist",
            )
        return now
