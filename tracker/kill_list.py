"""The decisions about links that are in force while the tracker runs.

Owns: what is remembered of them until the process ends, noticing that their file or its copy changed,
and what monitoring is told of both.
Does not own: the files (`decisions`), or what a decision makes of a link (`overrides`).
"""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from config import observe
from config.observe import LogEvent
from tracker import decisions, watch
from tracker.decisions import Known
from tracker.overrides import Overrides

T = TypeVar("T")
Trouble = tuple[type[Exception], int | None]


class KillList:
    """The sum of all decisions that were ever read. Whatever becomes of the files, none is forgotten.

    Where the file cannot be read at the start, what its copy has is in force; where there is none
    either, nothing is (P8). Neither keeps a tracker from starting.
    """

    def __init__(self, store: Path) -> None:
        self._file, self._copy = decisions.file_of(store), decisions.copy_of(store)
        self._known = Known(())
        self._troubles: dict[str, Trouble] = {}
        self._seen: object = ()
        with contextlib.suppress(OSError):  # which `refresh` tells
            self._known = Known(decisions.read(self._copy).made)
        self._overrides = Overrides.of(self._known.made)
        self.refresh()

    def __call__(self) -> Overrides:
        """Give what is in force."""
        return self._overrides

    async def watch(self) -> None:
        """Refresh again and again, until cancelled."""
        await watch.repeatedly(self.refresh)

    def refresh(self) -> None:
        """Read the files again if one is another than before, or could not be used."""
        seen = watch.identity(self._file), watch.identity(self._copy)
        if seen == self._seen and not self._troubles:
            return
        self._seen = seen
        before, self._known = self._known, self._read()
        if self._known.made != before.made:
            self._overrides = Overrides.of(self._known.made)
            observe.log(observe.FILE_RELOADED, path=str(self._file))
        self._tell(before)

    def _read(self) -> Known:
        """Put together what is remembered, what the file says and what the copy has."""
        file = self._tried("file", observe.FILE_UNUSABLE, decisions.read, self._file)
        made = self._known.made if file is None else decisions.merged(self._known.made, file.made)
        remember = partial(decisions.remember, made=made)
        made = self._tried("copy", observe.OVERRIDES_NOT_COPIED, remember, self._copy) or made
        return replace(self._known, made=made) if file is None else decisions.compared(made, file)

    def _tried(self, what: str, event: LogEvent, act: Callable[[Path], T], path: Path) -> T | None:
        """Do something with a file; where that fails, say so once, and give None."""
        try:
            done = act(path)
        except Exception as error:  # noqa: BLE001 - whatever it is, what was in force stays so
            trouble = type(error), getattr(error, "errno", None)
            if self._troubles.get(what) != trouble:
                observe.log(event, path=str(path), error=str(error))
            self._troubles[what] = trouble
            observe.OVERRIDES_UNUSABLE.labels(what).set(1)
            return None
        self._troubles.pop(what, None)
        observe.OVERRIDES_UNUSABLE.labels(what).set(0)
        return done

    def _tell(self, before: Known) -> None:
        """Tell log and metrics how things stand."""
        now = self._known
        observe.OVERRIDES_IN_FORCE.set(self._overrides.in_force)
        observe.OVERRIDES_MISSING.set(now.lost)
        observe.OVERRIDES_DAMAGED.set(now.damaged)
        if now.damaged and now.damaged != before.damaged:
            observe.log(observe.OVERRIDES_UNREADABLE, path=str(self._file), lines=now.damaged)
        if now.lost and now.lost != before.lost:
            observe.log(
                observe.OVERRIDES_LOST, path=str(self._file), decisions=now.lost,
                copy=str(self._copy),
            )  # fmt: skip
        if before.lost and not now.lost:
            observe.log(observe.OVERRIDES_FOUND, path=str(self._file))
