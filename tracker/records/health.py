"""How a file and its copy are, told to log and metrics.

Owns: telling each trouble once, what was lost, and when it is there again.
Does not own: the files (`live`, `tracker.minting.short_links`), or the names of what is told (`config.telemetry.observe`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from config.telemetry import observe
from config.telemetry.observe import RecordFileMetrics

T = TypeVar("T")
What = Literal["file", "copy"]


class FileHealth:
    """What was told last."""

    def __init__(self, upkeep: RecordFileMetrics, file: Path, copy: Path) -> None:
        self._upkeep = upkeep
        self._paths: dict[What, Path] = {"file": file, "copy": copy}
        self._events = {"file": observe.FILE_UNUSABLE, "copy": upkeep.not_copied}
        self._troubles: dict[What, Exception] = {}
        self._lost = self._damaged = 0
        for what in self._paths:
            upkeep.unusable.labels(what).set(0)
        self.tell(0, 0)

    def tried(self, what: What, act: Callable[[], T]) -> T | None:
        """Do something with a file; where that fails, say so once, and give None."""
        try:
            done = act()
        except Exception as error:  # noqa: BLE001 - whatever it is, what was in force stays so
            if _kind(self._troubles.get(what)) != _kind(error):
                observe.log(self._events[what], path=str(self._paths[what]), error=str(error))
            self._troubles[what] = error
            self._upkeep.unusable.labels(what).set(1)
            return None
        if self._troubles.pop(what, None):
            self._upkeep.unusable.labels(what).set(0)
        return done

    def tell(self, lost: int, damaged: int) -> None:
        """Tell how many lines the file has lost, and how many of its lines are damaged."""
        upkeep, file = self._upkeep, str(self._paths["file"])
        upkeep.lost_lines.set(lost)
        upkeep.damaged_lines.set(damaged)
        if damaged and damaged != self._damaged:
            observe.log(upkeep.unreadable, path=file, lines=damaged)
        if lost and lost != self._lost:
            observe.log(upkeep.lost, path=file, lines=lost, copy=str(self._paths["copy"]))
        if self._lost and not lost:
            observe.log(upkeep.found, path=file)
        self._lost, self._damaged = lost, damaged


def _kind(error: Exception | None) -> tuple[object, object]:
    return type(error), getattr(error, "errno", None)
