"""Putting a backup back: all of it is verified first, and nothing that is there is lost.

Owns: when that may be done, and the order in which files get their places.
Does not own: which files there are (`contents`), verifying them (`manifest`), or keys (`keys`).

What stands in the place of a file that is put back is moved aside, never deleted. The store comes last: a
restore that was cut short is begun anew.
"""

import contextlib
import fcntl
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from config.files import durable
from config.files.regular import open_regular
from config.schema import Config
from config.telemetry import exposition
from tracker.backup import contents
from tracker.backup.manifest import Entry, Manifest, sha256
from tracker.backup.take import CONFIGURATION
from tracker.ingest.lock import Lock, lock_file
from tracker.spool import segments
from tracker.store.file import files, moved

RUNNING = "a service runs: stop proxy and tracker first"


class CannotRestore(Exception):
    """Nothing, or not all, was restored; the text says why."""


def require_possible(folder: Path, found: Manifest, config: Config, *, replace: bool) -> None:
    """Raise CannotRestore where `restore` would; nothing is changed, and nothing is made. Raises OSError."""
    if config.store.engine == "postgresql":
        raise CannotRestore("the store is a PostgreSQL, use pg_restore")
    store, spool = config.store.path, config.store.spool_dir
    if store.resolve().is_relative_to(folder.resolve()):
        raise CannotRestore(
            f"{store} would be in the backup itself: copy {folder / CONFIGURATION} to its place, name it by -c"
        )
    if any(map(_is_in_use, (lock_file(spool), *_held_by_services(spool)))):
        raise CannotRestore(RUNNING)
    _require_clear(list(_in_the_way(found, config)), store, replace=replace)
    _require_room(found, config)


def restore(folder: Path, found: Manifest, config: Config, *, replace: bool) -> list[Path]:
    """Put store, records and spool into their places; return what was moved aside for that.

    Raises CannotRestore where a service runs, where there is no room, or, without `replace`, where files
    are there; OSError. What is there already, stays: a restore that was cut short is begun anew.
    """
    require_possible(folder, found, config, replace=replace)
    store, spool = config.store.path, config.store.spool_dir
    durable.make_directory(store.parent)
    with _alone(spool):
        present = list(_in_the_way(found, config))
        _require_clear(present, store, replace=replace)
        aside = list(_moved_aside(present))
        moved.take_back(store)
        for entry, place in _places(found, config):
            if not _is_there(entry, place, config):
                _put(folder / entry.name, place)
        for each in (spool, store.parent):
            durable.sync_directory(each)
    return aside


def _places(found: Manifest, config: Config) -> list[tuple[Entry, Path]]:
    """Return each file of store and spool with its place, the store last."""
    store, spool = config.store.path, config.store.spool_dir
    places = [
        (
            each,
            spool / Path(each.name).name
            if each.part == "spool"
            else contents.place_of(Path(each.name).name, config.store),
        )
        for each in found.entries
        if each.part in {"store", "spool"}
    ]
    return sorted(places, key=lambda each: each[1] == store)


def _is_there(entry: Entry, place: Path, config: Config) -> bool:
    """Return whether all that a backup has of a file is in its place already.

    A database is as it was, with no log beside it. To any other file lines are only added: one that goes on
    from where the backup's ends has what was decided, shortened or clicked since, and stays.
    """
    size = files.size_octets(place)
    if place in contents.databases(config.store):
        is_whole = size == entry.octets and not files.beside(place)[0].exists()
    else:
        is_whole = size >= entry.octets
    return is_whole and place.is_file() and sha256(place, entry.octets) == entry.sha256


def _require_clear(present: list[Path], store: Path, *, replace: bool) -> None:
    if present and not replace:
        listed = ", ".join(path.name for path in present)
        raise CannotRestore(
            f"there is something already beside {store}: {listed}"
            " (--replace moves it aside, and deletes nothing)"
        )


def _require_room(found: Manifest, config: Config) -> None:
    """Raise CannotRestore where a disk has too little room; what is moved aside keeps its own."""
    wanted: Counter[Path] = Counter()
    for entry, place in _places(found, config):
        if not _is_there(entry, place, config):
            wanted[next(each for each in place.absolute().parents if each.is_dir())] += entry.octets
    for folder, octets in wanted.items():
        disk = os.statvfs(folder)
        free = disk.f_bavail * disk.f_frsize
        if octets > free:
            raise CannotRestore(
                f"{folder} has room for {free} octets, and {octets} are to go there"
            )


@contextlib.contextmanager
def _alone(spool: Path) -> Iterator[None]:
    """Hold the ingester's lock, where no service uses the spool. Raises CannotRestore."""
    lock = Lock(spool)
    if not lock.acquire() or any(map(_is_in_use, _held_by_services(spool))):
        lock.release()
        raise CannotRestore(RUNNING)
    try:
        yield
    finally:
        lock.release()


def _held_by_services(spool: Path) -> Iterator[Path]:
    """Yield the files that a process of ours holds a lock on while it runs."""
    yield from segments.listing(spool)
    yield from exposition.directory_of(spool).glob("*.lock")


def _is_in_use(path: Path) -> bool:
    try:
        descriptor = open_regular(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _in_the_way(found: Manifest, config: Config) -> Iterator[Path]:
    """Yield what stands in the place of files that are put back, or would be taken for some.

    Segments that the backup does not have are neither: they wait to be counted, each event once.
    """
    places = _places(found, config)
    stays = {place for entry, place in places if _is_there(entry, place, config)}
    for path in contents.databases(config.store):
        if path not in stays:
            yield from (each for each in (*files.beside(path), path) if os.path.lexists(each))
    in_spool = (place for entry, place in places if entry.part == "spool")
    for path in (*contents.record_files(config.store.file), *in_spool):
        if path not in stays and os.path.lexists(path):
            yield path


def _moved_aside(present: list[Path]) -> Iterator[Path]:
    """Rename what is there, so that no service takes it for its own.

    What SQLite keeps beside a database keeps its end, by which that is found: it is a part of the data.
    """
    moment = _moment()
    for path in present:
        end = next((end for end in ("-wal", "-shm") if path.name.endswith(end)), "")
        aside = aside_of(path.with_name(path.name.removesuffix(end)), moment)
        aside = aside.with_name(aside.name + end)
        path.rename(aside)
        yield aside


def aside_of(path: Path, moment: str = "") -> Path:
    """Return the name by which a file is kept that another takes the place of."""
    return path.with_name(f"{path.name}.before-restore-{moment or _moment()}")


def _moment() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def _put(source: Path, target: Path) -> None:
    """Copy a file into its place, whole or not at all; never over another. Raises CannotRestore, OSError."""
    if os.path.lexists(target):
        raise CannotRestore(f"{target} came meanwhile: {RUNNING}")
    unfinished = target.with_name(f".{target.name}.restored")
    unfinished.unlink(missing_ok=True)
    descriptor = durable.open_or_make(unfinished, os.O_WRONLY)
    with os.fdopen(descriptor, "wb") as file, source.open("rb") as content:
        shutil.copyfileobj(content, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(target)
