"""What log and metrics are told of a file, its copy, and what other nodes said.

Owns: telling each trouble once, and that it is over; how many lines were lost, and that they are
back.
Does not own: the files (`live`, `tracker.minting.short_links`), or the names of events and metrics
(`config.telemetry.observe`).
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from config.telemetry import observe
from config.telemetry.observe import RecordFileMetrics

What = Literal["file", "copy", "shared"]


class FileHealth:
    """What was told last."""

    def __init__(self, metrics: RecordFileMetrics, file: Path, copy: Path, shared: Path) -> None:
        self._metrics = metrics
        self._paths: dict[What, Path] = {"file": file, "copy": copy, "shared": shared}
        self._events = {
            "file": observe.FILE_UNUSABLE,
            "copy": metrics.not_copied,
            "shared": observe.FILE_UNUSABLE,
        }
        self._troubles: dict[What, Exception] = {}
        self._lost = self._damaged = 0
        for what in self._paths:
            metrics.unusable.labels(what).set(0)
        self.tell(0, 0)

    @contextlib.contextmanager
    def trying(self, what: What) -> Iterator[None]:
        """Catch what goes wrong with a file in the block, and log it once, until it is over."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, what was in force stays so
            if _kind(self._troubles.get(what)) != _kind(error):
                observe.log(self._events[what], path=str(self._paths[what]), error=str(error))
            self._troubles[what] = error
            self._metrics.unusable.labels(what).set(1)
        else:
            if self._troubles.pop(what, None):
                self._metrics.unusable.labels(what).set(0)

    def tell(self, lost: int, damaged: int) -> None:
        """Tell how many lines the file has lost, and how many of its lines are damaged."""
        metrics, file = self._metrics, str(self._paths["file"])
        metrics.lost_lines.set(lost)
        metrics.damaged_lines.set(damaged)
        if damaged and damaged != self._damaged:
            observe.log(metrics.unreadable, path=file, lines=damaged)
        if lost and lost != self._lost:
            observe.log(metrics.lost, path=file, lines=lost, copy=str(self._paths["copy"]))
        if self._lost and not lost:
            observe.log(metrics.found, path=file)
        self._lost, self._damaged = lost, damaged


def _kind(error: Exception | None) -> tuple[object, object]:
    return type(error), getattr(error, "errno", None)
