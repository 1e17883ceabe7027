"""What a record file says while a service runs: read again when it changes, and never forgotten.

Owns: reading on where a file has grown, what is remembered until the process ends, and when the
copy is written.
Does not own: the files and how their lines are merged (`record_file`), noticing a change (`watch`),
or what log and metrics are told (`health`).
"""

import contextlib
import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Generic

from config.schema import StateFile
from config.telemetry import observe
from tracker.records import jsonl
from tracker.records.health import FileHealth
from tracker.records.jsonl import Record
from tracker.records.record_file import Merged, ParsedLines, RecordFile, Sum
from tracker.records.watch import ChangeDetector


class LiveRecords(Generic[Record, Sum]):
    """The sum of all records that were ever read. Whatever becomes of the files, none is forgotten.

    Where the file cannot be read at the start, its copy counts. Neither keeps a service from
    starting.

    Safe to use from several threads: `_lock` is held while files are read and merged, never while
    the copy is written. Who writes the copy locks it first, against other processes, and takes
    `_lock` inside.
    """

    def __init__(self, record_file: RecordFile[Record, Sum], state: StateFile) -> None:
        self._record_file, self._state = record_file, state
        self._file = FileTail(record_file.file_of(state), record_file.parse)
        self._copy = FileTail(record_file.copy_of(state), record_file.parse)
        self._shared = FileTail(record_file.shared_of(state), record_file.parse)
        paths = (self._file.path, self._copy.path, self._shared.path)
        if record_file.metrics is None or record_file.in_force is None:
            raise TypeError(f"no service goes by {record_file.name} while it runs")
        self._health = FileHealth(record_file.metrics, *paths)
        self._in_force = record_file.in_force
        self._lock = threading.Lock()
        self._merged: Merged[Record] = Merged()
        self._sum = record_file.sum_of(())
        self._is_copied = True
        self._in_force.set(self._sum.in_force)
        self._read()

    def __call__(self) -> Sum:
        """Return what is in force; raises OSError where nothing can be read and that matters."""
        unread = self._file.trouble or self._copy.trouble or self._shared.trouble
        if unread is not None and not self._merged.records and not self._record_file.fails_open:
            raise unread
        return self._sum

    def latest(self) -> Sum:
        """Return what is in force, after reading what changed. Raises OSError as a call does."""
        self.look()
        return self()

    def refresh(self) -> None:
        """Read what changed, merge it, and write the copy where that lacks something."""
        self.look()
        if not self._is_copied or self._copy.trouble is not None:
            with self._health.trying("copy"):
                self._write_copy()

    def look(self) -> None:
        """Read what changed, and merge it; the copy is left to others."""
        if self._read():
            observe.log(observe.FILE_RELOADED, path=str(self._file.path))

    def _read(self) -> bool:
        """Read and merge what changed; return whether there are other records now."""
        with self._lock:
            if not (self._file.is_due or self._shared.is_due or self._copy.is_due):
                return False  # as for nearly every message, which asks
            return self._read_changes() and self._merge()

    def _read_changes(self) -> bool:
        """Read those files that changed; return whether one did."""
        changed = False
        with self._health.trying("file"):
            changed = self._file.read()
        with self._health.trying("shared"):
            changed = self._shared.read() or changed
        with contextlib.suppress(OSError):  # told by `refresh`, which tries it as well
            changed = self._copy.read() or changed
        return changed

    def _merge(self) -> bool:
        """Merge what is remembered, and what the files say; return as `_read`."""
        before = self._merged.records
        sources = (self._file, self._copy, self._shared)
        merged = self._record_file.merge(before, *(each.lines for each in sources))
        for each in sources:
            each.share(merged.records)
        self._merged = merged
        self._is_copied = self._copy.lines == ParsedLines(merged.records)
        self._health.tell(merged.lost, merged.damaged)
        if merged.records == before:
            return False
        self._sum = self._record_file.sum_of(merged.records)
        self._in_force.set(self._sum.in_force)
        return True

    def _write_copy(self) -> None:
        """Write the copy; raises OSError."""
        with self._record_file.locked_copy(self._state) as copy:
            self.look()  # at what another process wrote before we had the lock
            if self._copy.trouble is not None:
                raise self._copy.trouble
            lines, shared = self._copy.lines, self._shared.lines
            self._record_file.write_copy(copy, lines, self._merged.records, shared)


class FileTail(Generic[Record]):
    """The lines of one file when it could last be read. While it grows, no line is parsed twice.

    Lines that were parsed are known by their digest: to hash them takes a hundredth of the time
    that it takes to parse them. The last line may be under way; it is parsed anew until it ends.
    """

    def __init__(self, path: Path, parse: Callable[[bytes], ParsedLines[Record]]) -> None:
        self.path = path
        self._parse = parse
        self._changes = ChangeDetector(path)
        self._ended: ParsedLines[Record] = ParsedLines()
        self._last: ParsedLines[Record] = ParsedLines()
        self._size_octets = 0
        self._digest = hashlib.sha256().digest()

    @property
    def lines(self) -> ParsedLines[Record]:
        """Return what the lines say."""
        return _joined(self._ended, self._last)

    @property
    def trouble(self) -> OSError | None:
        """Return why the file cannot be read now; None where it can."""
        return self._changes.trouble

    @property
    def is_due(self) -> bool:
        """Return whether there is anything to read."""
        return self._changes.is_due

    def read(self) -> bool:
        """Read the file where it has changed, and return whether it has. Raises OSError."""
        with self._changes.reading() as changed:
            if changed:
                self._take(jsonl.octets_of(self.path))
        return changed

    def _take(self, octets: bytes) -> None:
        digest = hashlib.sha256(octets[: self._size_octets])
        if digest.digest() != self._digest:
            self._ended, self._size_octets, digest = ParsedLines(), 0, hashlib.sha256()
        end = octets.rfind(b"\n") + 1
        more = octets[self._size_octets : end]
        digest.update(more)
        self._ended = _joined(self._ended, self._parse(more))
        self._last = self._parse(octets[end:])
        self._size_octets, self._digest = end, digest.digest()

    def share(self, records: tuple[Record, ...]) -> None:
        """Keep the first of `records` in the place of equal ones, to save memory."""
        count = len(self._ended.records)
        if self._ended.records == records[:count]:
            self._ended = replace(self._ended, records=records[:count])


def _joined(lines: ParsedLines[Record], more: ParsedLines[Record]) -> ParsedLines[Record]:
    if more == ParsedLines():
        return lines
    return ParsedLines(lines.records + more.records, lines.damaged + more.damaged)
