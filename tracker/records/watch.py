"""Files that may change while we run: read again when they do, the last good state kept.

Owns: noticing that a file changed, how often that is looked for, and what counts meanwhile.
Does not own: what a file says (`tracker.tokens` for keys), or files of which more is kept than what
they say now (`live`, `tracker.minting.short_links`).
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from config.keys.secret_files import usable_path
from config.telemetry import observe

T = TypeVar("T")
INTERVAL_S = 1.0
LAST_LOOK_S = 10.0
"""How long a stop waits for files to be looked at once more."""
_NEVER = object()


class Watched(Generic[T]):
    """What a file says, as `load` reads it. An error of the first reading is raised."""

    def __init__(self, path: Path, load: Callable[[Path], T]) -> None:
        self._path = path
        self._load = load
        self._seen = file_version(usable_path(path))
        self._failed: object = _NEVER
        self._value = load(path)

    def __call__(self) -> T:
        """Return what the file said when it could last be read."""
        return self._value

    def refresh(self) -> None:
        """Read the file again if it is another than when it was last read."""
        seen = file_version(usable_path(self._path))
        if seen is None or seen == self._seen:
            return
        try:
            self._value = self._load(self._path)
        except Exception as error:  # noqa: BLE001 - whatever it is, what was in force stays so
            if seen != self._failed:  # it is tried again, and told once
                observe.log(observe.FILE_UNUSABLE, path=str(self._path), error=str(error))
            self._failed = seen
        else:
            self._seen, self._failed = seen, _NEVER
            observe.log(observe.FILE_RELOADED, path=str(self._path))


class ChangeDetector:
    """Tells whether a file has changed since it was last read.

    `trouble` is why it could not be read the last time; then it is tried again.
    """

    def __init__(self, path: Path) -> None:
        self._name = os.fspath(path)
        self._seen: object = _NEVER
        self.trouble: OSError | None = None

    @property
    def is_due(self) -> bool:
        """Return whether there is anything to read: the file has changed, or could not be read."""
        # Most have no such file, and each message asks: to look so makes no OSError of it.
        if self._seen is None and self.trouble is None:
            return os.access(self._name, os.F_OK)
        return self.trouble is not None or file_version(self._name) != self._seen

    @contextlib.contextmanager
    def reading(self) -> Iterator[bool]:
        """Yield whether the file has changed and has to be read; note an OSError of the block."""
        seen = file_version(self._name)
        try:
            yield seen != self._seen
        except OSError as error:
            self.trouble = error
            raise
        self._seen, self.trouble = seen, None

    def expect_change(self) -> None:
        """Have the file count as changed the next time, whatever it is then."""
        self._seen = _NEVER


class Refreshable(Protocol):
    """What looks after a file."""

    def refresh(self) -> None:
        """Look at it once."""


@contextlib.asynccontextmanager
async def watching(*watched: Refreshable | None) -> AsyncIterator[None]:
    """Have all of them look again and again while the block runs, and once more at its end.

    A link that was made just before a stop is in the copy of its file by then.
    """
    ending = asyncio.Event()
    looking = (_repeatedly(each, ending) for each in watched if each is not None)
    tasks = [asyncio.create_task(each) for each in looking]
    try:
        yield
    finally:
        ending.set()
        await _ended(tasks)


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for the last looks; one that fails, or hangs with its disk, keeps nobody from stopping."""
    if not tasks:
        return
    try:
        await asyncio.wait(tasks, timeout=LAST_LOOK_S)
    finally:
        for task in tasks:
            task.cancel()
    await asyncio.wait(tasks)


async def _repeatedly(watched: Refreshable, ending: asyncio.Event) -> None:
    """Look each second; a look that fails is told, once until one succeeds, and is not the last."""
    is_last = has_failed = False
    while not is_last:
        with contextlib.suppress(TimeoutError):
            is_last = await asyncio.wait_for(ending.wait(), INTERVAL_S)
        try:
            # In a thread, as a long file takes its time.
            await asyncio.to_thread(watched.refresh)
        except Exception as error:  # noqa: BLE001 - whatever it is, readers need later changes
            if not has_failed:
                observe.log(
                    observe.FILE_LOOK_FAILED, watched=type(watched).__name__, exc_info=error
                )
            has_failed = True
        else:
            has_failed = False


def file_version(path: Path | str) -> tuple[int, int, int] | None:
    """Return what differs once the content of a file, or who may read it, has changed."""
    try:
        found = os.stat(path)  # noqa: PTH116 - of a name: each message asks for three
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns, found.st_size
