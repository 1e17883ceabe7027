"""What is in force of a chronicle while a service runs.

Owns: what is remembered of it until the process ends, noticing that its file or its copy changed, and
when the copy is written.
Does not own: the files (`record_file`), reading them again (`tail`), what monitoring is told
(`health`).
"""

import contextlib
import threading
from functools import partial
from pathlib import Path
from typing import Generic

from config.telemetry import observe
from tracker.records.health import FileHealth
from tracker.records.record_file import Merged, ParsedLines, Record, RecordFile, Sum
from tracker.records.tail import FileTail


class LiveRecords(Generic[Record, Sum]):
    """The sum of all that was ever read. Whatever becomes of the files, none of it is forgotten.

    Where the file cannot be read at the start, what its copy has is in force. Neither keeps a service
    from starting. Safe to use from several threads.
    """

    def __init__(self, chronicle: RecordFile[Record, Sum], store: Path) -> None:
        file, copy = chronicle.file_of(store), chronicle.copy_of(store)
        self._chronicle, self._store, self._path = chronicle, store, file
        self._file = FileTail(file, chronicle.lines)
        self._copy = FileTail(copy, chronicle.lines)
        self._condition = FileHealth(chronicle.upkeep, file, copy)
        self._lock = threading.Lock()
        self._known: Merged[Record] = Merged()
        self._sum = chronicle.summed(())
        chronicle.in_force.set(self._sum.in_force)
        self._copied = True
        self._look()

    def __call__(self) -> Sum:
        """Give what is in force. Raises OSError where nothing can be read and that must not be guessed."""
        unread = self._file.trouble or self._copy.trouble
        if unread is not None and not self._known.made and not self._chronicle.fails_open:
            raise unread
        return self._sum

    def latest(self) -> Sum:
        """Return what is in force, after reading what changed. Raises OSError as a call does."""
        self.look()
        return self()

    def refresh(self) -> None:
        """Read what changed, and have the copy say all that is known."""
        self.look()
        self._keep()

    def look(self) -> None:
        """Read the files again if one is another than before, or could not be used."""
        if self._look():
            observe.log(observe.FILE_RELOADED, path=str(self._path))

    def _look(self) -> bool:
        """Say whether anything was learned."""
        with self._lock:
            changed = self._condition.tried("file", self._file.look)
            with contextlib.suppress(OSError):  # told by `_keep`, which tries it as well
                changed = self._copy.look() or changed
            if not changed:
                return False
            before = self._known
            self._take()
            return self._known.made != before.made

    def _take(self) -> None:
        """Put together what is remembered, what the file says and what the copy has."""
        chronicle = self._chronicle
        known = chronicle.put_together(self._known.made, self._file.lines, self._copy.lines)
        self._file.share(known.made)
        self._copy.share(known.made)
        self._copied = self._copy.lines == ParsedLines(known.made)
        if known.made != self._known.made:
            self._sum = chronicle.summed(known.made)
            chronicle.in_force.set(self._sum.in_force)
        self._known = known
        self._condition.tell(known.lost, known.damaged)

    def _keep(self) -> None:
        """Write the copy where it does not say all that is known."""
        if self._copied and self._copy.trouble is None:
            return
        made = self._known.made
        remember = partial(self._chronicle.remember, self._store, made, self._what_is_copied)
        self._condition.tried("copy", remember)

    def _what_is_copied(self) -> ParsedLines[Record]:
        self.look()
        if self._copy.trouble is not None:
            raise self._copy.trouble
        return self._copy.lines
