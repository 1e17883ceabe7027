"""Bringing the store up to what the spool holds now, before somebody reads figures from it.

Owns: feeding it where no service does, waiting for the one that does, for how long, and saying what
figures lack all the same.
Does not own: feeding itself (`ingester`), having whoever does it do so now (`bell`), or its troubles (`trouble`).
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from config.schema import Config
from tracker.first_form import upgrade
from tracker.first_form.upgrade import Watch
from tracker.ingest import bell
from tracker.ingest.backlog import waiting_octets
from tracker.ingest.ingester import Ingester
from tracker.ingest.lock import Lock
from tracker.ingest.trouble import Trouble
from tracker.spool import segments
from tracker.sql.errors import DatabaseErrors
from tracker.store import database
from tracker.store.database import StoreError
from tracker.store.file import files, moved, replacement
from tracker.store.file.replacement import Progress

Tell = Callable[[Progress], object]
PATIENCE_S = 10.0
"""Of a command."""
BRIEF_S = 2.0
"""The patience of who asks over HTTP."""
UPGRADE_POLL_S = 0.2
OUTDATED = "outdated"
OF_EARLIER_VERSION = "whoever feeds it does not upgrade it: restart the service"
BY_ANOTHER = "another process is feeding the store"


@dataclass(frozen=True, slots=True)
class Backlog:
    """What of the spool is not in the store, and why; `why` is empty where all of it is.

    `lost` tells what no waiting brings back: what vanished, and former stores. `unreadable`: all of it is in
    segments that cannot be read, which is so until somebody sees to them.
    """

    octets: int = 0
    why: str = ""
    lost: tuple[str, ...] = ()
    unreadable: bool = False

    def sentences(self) -> Iterator[str]:
        """Yield in words what figures lack."""
        if self.why:
            yield f"Not counted yet: {self.octets} octets of the spool ({self.why})"
        for each in self.lost:
            yield f"Not counted: {each}"


def catch_up(
    config: Config,
    patience_s: float = PATIENCE_S,
    tell: Tell | None = None,
    *,
    through_upgrade: bool = False,
) -> Backlog:
    """Bring the store up to what the spool holds now, feeding it or waiting for who does.

    A store of an earlier version is upgraded first, where there is somebody to `tell` how far that is;
    another process that does so is waited for only to come `through_upgrade`.

    Raises StoreError where the store is malformed, not ours, being upgraded, or on a server that is away. Otherwise return what
    could not be fed in time; what waits for a store that is being replaced, or was copied elsewhere, or in segments
    that cannot be read, is not waited for.
    """
    _see_to_upgrade(config, tell, waits=through_upgrade)
    if files.is_empty(config.store.path):
        _feed_once(config)
    wanted = _sizes(config.store.spool_dir)
    deadline_s = time.monotonic() + patience_s
    while _left(config, wanted):
        bell.ring(config.store.spool_dir)
        trouble, feeder = _feed_once(config)
        if not (left := _left(config, wanted)):
            break
        all_unreadable = left.keys() <= trouble.unreadable.keys()
        holds_up = _what_holds_up(config)
        if all_unreadable or holds_up or time.monotonic() > deadline_s:
            feeder = holds_up or feeder
            reasons = (feeder if not all_unreadable else "", *trouble.sentences())
            why = ": ".join(filter(None, reasons))
            lost = _lost(config, trouble)
            unreadable = all_unreadable and not (holds_up or trouble.failing)
            return Backlog(sum(left.values()), why, lost, unreadable)
        time.sleep(0.05)
    return Backlog(lost=_lost(config, Lock(config.store.spool_dir).told()))


def _what_holds_up(config: Config) -> str:
    """Return in words why nobody feeds a store in a file for long, or for ever."""
    if config.store.engine == "postgresql":
        return ""
    path = config.store.path
    return str(moved.find(path) or replacement.in_progress(path) or "")


def _see_to_upgrade(config: Config, tell: Tell | None, *, waits: bool) -> None:
    """Have a store of an earlier version upgraded before anything is asked of it."""
    path = config.store.path
    deadline_s = time.monotonic() + PATIENCE_S
    while _is_earlier(path):
        bell.ring(config.store.spool_dir)
        progress = replacement.in_progress(path)
        if progress is None:
            _upgrade_here(config, tell)
        elif tell is None or not waits:
            raise StoreError(f"{path} cannot be read yet: {progress}", OUTDATED)
        else:
            deadline_s = time.monotonic() + PATIENCE_S
            tell(progress)
        if time.monotonic() > deadline_s and _is_earlier(path):
            raise StoreError(f"{path} is of an earlier version, and {OF_EARLIER_VERSION}", OUTDATED)
        time.sleep(UPGRADE_POLL_S)


def _is_earlier(path: Path) -> bool:
    """Return whether a store is of an earlier version; of what cannot be read, others say why."""
    with contextlib.suppress(*DatabaseErrors):
        return upgrade.is_due(path)
    return False


def _upgrade_here(config: Config, tell: Tell | None) -> None:
    """Upgrade the store if nobody else is about to; raises StoreError where that is not possible."""
    if tell is None:
        why = Lock(config.store.spool_dir).told().failing
        soon = f"{config.store.path} is of an earlier version, and about to be upgraded"
        raise StoreError(why or soon, OUTDATED)
    trouble, _ = _feed_once(config, Watch(tell=tell))
    if trouble.failing:
        raise StoreError(trouble.failing, OUTDATED)


def _feed_once(config: Config, watch: Watch | None = None) -> tuple[Trouble, str]:
    """Feed the store if nobody else does; return what hinders it, and who else does.

    Raises StoreError where the store is malformed, or not ours.
    """
    ingester = Ingester(config, watch)
    try:
        feeder = "" if ingester.drain() else BY_ANOTHER
        return ingester.trouble(), feeder
    except (StoreError, *DatabaseErrors, OSError) as error:
        if database.cause_of(error) == "malformed":
            raise StoreError(f"{config.store.path} is malformed", "malformed") from error
        if isinstance(error, StoreError):
            raise
        return replace(ingester.trouble(), failing=database.describe(error)), ""
    finally:
        ingester.close()


def _lost(config: Config, trouble: Trouble) -> tuple[str, ...]:
    """Return in words what no waiting brings back."""
    vanished = trouble.vanished_octets
    text = f"{vanished} octets that vanished from the spool before they were counted"
    asides = [f"what {path} held: it was set aside" for path in files.asides(config.store.path)]
    return (*([text] if vanished else []), *asides)


def _sizes(directory: Path) -> dict[Path, int | None]:
    """Return how much each segment holds; None where that cannot be told, as of a folder."""
    sizes = {}
    for path in segments.listing(directory):
        with contextlib.suppress(FileNotFoundError):
            sizes[path] = waiting_octets(path)
    return sizes


def _left(config: Config, wanted: Mapping[Path, int | None]) -> dict[str, int]:
    """Return the octets of each segment up to `wanted` that are not in the store.

    A segment whose size cannot be told is left as well, with no octets.
    """
    there = {path.name: size for path, size in wanted.items() if _is_there(path)}
    if not there:
        return {}
    try:
        with database.reading(config.store) as db:
            fed = database.fed(config.store, db)
    except StoreError as error:
        if error.cause in ("foreign", "unreachable"):
            raise
        fed = {}
    left = {name: max(0, (size or 0) - fed.get(name, 0)) for name, size in there.items()}
    return {name: octets for name, octets in left.items() if octets or there[name] is None}


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True
