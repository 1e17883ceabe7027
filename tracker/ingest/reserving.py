"""The reserve of room beside the store: kept by who feeds it, given up by who deletes rows.

Owns: how often it is looked at, and what log and metrics hear of it.
Does not own: the file (`config.files.reserve`).
"""

import contextlib
import time
from pathlib import Path

from config.files import reserve
from config.telemetry import observe

EACH_S = 10.0


class Reserving:
    """Keeps the reserve beside the store at `path`; for the holder of the ingester's lock.

    Where the store is a server's, `is_needed` is False: what is left of one that was a file goes.
    """

    def __init__(self, path: Path, *, is_needed: bool = True) -> None:
        self._path, self._is_needed = path, is_needed
        self._due_s = 0.0
        self._why = ""

    def attend(self) -> None:
        """Make what is missing of the reserve, as soon as there is room; never raises."""
        if time.monotonic() < self._due_s:
            return
        self._due_s = time.monotonic() + EACH_S
        if not self._is_needed:
            with contextlib.suppress(OSError):
                reserve.file_of(self._path).unlink(missing_ok=True)
            return
        try:
            reserve.keep(self._path)
            lacking = reserve.lacking_octets(self._path)
            why = f"{lacking} octets have to be free" if lacking else ""
        except OSError as error:
            lacking, why = reserve.wanted_octets(self._path), str(error)
        observe.STORE_RESERVE_LACKING_OCTETS.set(lacking)
        if bool(why) != bool(self._why):
            self._tell(why)
        self._why = why

    def _tell(self, why: str) -> None:
        file = str(reserve.file_of(self._path))
        if why:
            observe.log(observe.STORE_RESERVE_MISSING, file=file, why=why)
        else:
            observe.log(observe.STORE_RESERVE_KEPT, file=file)


def make_room(store: Path) -> str:
    """Delete the reserve where the disk is full; return that in words, "" where nothing was done.

    For who is about to delete rows, which takes room at first. Raises OSError.
    """
    octets = reserve.give_up(store)
    if not octets:
        return ""
    file = reserve.file_of(store)
    observe.log(observe.STORE_RESERVE_GIVEN_UP, file=str(file), octets=octets)
    return (
        f"The disk is full: {file} is deleted, which kept {octets} octets for this. The service makes it"
        " again once twice as much is free."
    )
