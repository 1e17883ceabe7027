"""Files that may change while we run: read again when they do, the last good state kept.

Owns: noticing that a file changed, how often that is looked for, and what is in force meanwhile.
Does not own: what a file says (`tokens` for keys), or decisions about links, of which more is kept
than what their file says (`kill_list`).
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from config import observe
from config.files import usable_path

T = TypeVar("T")
INTERVAL_S = 1.0


class Watched(Generic[T]):
    """What a file says, as `load` reads it.

    Where even the first reading fails, `fallback` is in force; without one, that error is raised.
    """

    def __init__(self, path: Path, load: Callable[[Path], T], fallback: T | None = None) -> None:
        self._path = path
        self._load = load
        self._seen = identity(path)
        try:
            self._value = load(path)
        except OSError as error:
            if fallback is None:
                raise
            observe.log(observe.FILE_UNUSABLE, path=str(path), error=str(error))
            self._value = fallback

    def __call__(self) -> T:
        """Give what the file said when it could last be read."""
        return self._value

    def refresh(self) -> None:
        """Read the file again if it is another than before."""
        seen = identity(self._path)
        if seen is None or seen == self._seen:
            return
        self._seen = seen
        try:
            self._value = self._load(self._path)
        except Exception as error:  # noqa: BLE001 - whatever it is, what was in force stays so
            observe.log(observe.FILE_UNUSABLE, path=str(self._path), error=str(error))
        else:
            observe.log(observe.FILE_RELOADED, path=str(self._path))

    async def watch(self) -> None:
        """Refresh again and again, until cancelled."""
        await repeatedly(self.refresh)


async def repeatedly(refresh: Callable[[], object]) -> None:
    """Look whether a file changed, again and again, until cancelled."""
    while True:
        await asyncio.sleep(INTERVAL_S)
        # In a thread, as a long file takes its time.
        await asyncio.to_thread(refresh)


def identity(path: Path) -> tuple[int, int, int] | None:
    """Give what changes with what a file says, and with who may read it: the time of its inode."""
    try:
        found = usable_path(path).stat()
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns, found.st_size
