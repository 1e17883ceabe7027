"""What was counted, and what will be, as lines for who reads them here: `waypost export --follow`.

Owns: where that begins, waiting for more, and the cursor at the end of each line.
Does not own: reading (`reader`), the lines (`line`), or printing them (`tracker.cli.reports.report`).

It is another process than the one that counts, and so may see that something is counted a moment before
what it tells of forgotten persons is blanked. So it goes by what was counted when it last looked.
"""

import time
from collections.abc import Callable, Iterator

from config.schema import Config
from tracker.spool import segments
from tracker.store import database
from tracker.store.database import StoreError
from tracker.stream import cursor
from tracker.stream.cursor import Position
from tracker.stream.line import Lines
from tracker.stream.reader import Reader

POLL_S = 0.5
Tell = Callable[[str], object]


class Follower:
    """Yields lines about what the spool of `config` holds, from `after` on, a cursor; None: all of it."""

    def __init__(self, config: Config, after: str | None, tell: Tell) -> None:
        """Begin; `tell` hears what may be missing. Raises BadCursor."""
        self._store = config.store
        self._directory = config.store.spool_dir
        self._reader = Reader(self._directory)
        self._lines = Lines.of(config)
        self._tell = tell
        self._position: dict[str, int] = {}
        self._fed: Position = {}
        self._trouble = ""
        if after is not None:
            names = [path.name for path in segments.listing(self._directory)]
            self._position, gone = cursor.decode(after, names)
            if gone:
                tell(
                    f"{gone} segments are gone of which the cursor tells: what else they held is not here"
                )

    def lines(self, wait: Callable[[float], object] = time.sleep) -> Iterator[bytes]:
        """Yield lines for ever; `wait` so many seconds where there is nothing more. Raises OSError."""
        while True:
            fed, self._fed = self._fed, self._look()
            yield from self._read(fed)
            wait(POLL_S)

    def _read(self, fed: Position) -> Iterator[bytes]:
        here = {path.name for path in segments.listing(self._directory)}
        self._position = {name: at for name, at in self._position.items() if name in here}
        for segment, end, event in self._reader.read(self._position, fed):
            self._position[segment] = end
            if event is not None:
                line = self._lines.line(event, cursor=cursor.encode(self._position))
                if line is not None:
                    yield line

    def _look(self) -> Position:
        """Return what is counted; where that cannot be told, what was when it was last seen."""
        try:
            with database.reading(self._store) as db:
                found = database.fed(self._store, db)
        except StoreError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                self._tell(f"Waiting: {error}")
            return self._fed
        self._trouble = ""
        return found
