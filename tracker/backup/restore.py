"""Putting a backup back: all of it is verified first, and nothing that is there is lost.

Owns: when that may be done, and the order in which files get their places.
Does not own: which files there are (`contents`), or verifying them (`manifest`).

What stands in the place of a file that is put back is moved aside, never deleted. The store comes last: a
restore that was cut short is begun anew.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from config.files import durable
from config.files.regular import open_regular
from config.keys.secret_files import write_secret
from config.schema import Config
from config.telemetry import exposition
from tracker.backup import contents
from tracker.backup.manifest import Entry, Manifest
from tracker.backup.take import STORE
from tracker.ingest.lock import Lock
from tracker.spool import segments
from tracker.store import files


class CannotRestore(Exception):
    """Nothing, or not all, was restored; the text says why."""


def restore_secrets(folder: Path, found: Manifest, config: Config, *, replace: bool) -> list[Path]:
    """Put keys into the places that the configuration names; return these. Raises CannotRestore.

    Those that hold the same already stay.
    """
    places = dict(contents.secrets(config))
    todo: list[tuple[Path, bytes]] = []
    for entry in found.entries:
        place = places.get(entry.key) if entry.part == "secret" else None
        if place is None:
            continue
        content = (folder / entry.name).read_bytes()
        if place.exists() and place.read_bytes() == content:
            continue
        if place.exists() and not replace:
            raise CannotRestore(
                f"{place} ({entry.key}) holds something else: --replace overwrites it"
            )
        todo.append((place, content))
    for place, content in todo:
        write_secret(place, content, replace=replace)
    return [place for place, _ in todo]


def restore(folder: Path, found: Manifest, config: Config, *, replace: bool) -> list[Path]:
    """Put store, records and spool into their places; return what was moved aside for that.

    Raises CannotRestore where a service runs, or, without `replace`, where files are there; OSError.
    """
    store, spool = config.store.path, config.store.spool_dir
    durable.make_directory(store.parent)
    with _alone(spool):
        present = list(_present(store, spool))
        if present and not replace:
            listed = ", ".join(path.name for path in present)
            raise CannotRestore(
                f"there is something already beside {store}: {listed}"
                " (--replace moves it aside, and deletes nothing)"
            )
        aside = list(_moved_aside(present))
        for entry in _store_last(found, store):
            target = spool if entry.part == "spool" else store.parent
            _put(folder / entry.name, target / Path(entry.name).name)
        for each in (spool, store.parent):
            durable.sync_directory(each)
    return aside


def _store_last(found: Manifest, store: Path) -> list[Entry]:
    wanted = [each for each in found.entries if each.part in {"store", "spool"}]
    return sorted(wanted, key=lambda each: each.name == f"{STORE}/{store.name}")


@contextlib.contextmanager
def _alone(spool: Path) -> Iterator[None]:
    """Hold the ingester's lock, where no service uses the spool. Raises CannotRestore."""
    lock = Lock(spool)
    if not lock.acquire() or any(map(_is_in_use, _held_by_services(spool))):
        lock.release()
        raise CannotRestore("a service runs: stop proxy and tracker first")
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


def _present(store: Path, spool: Path) -> Iterator[Path]:
    """Yield what stands in the way."""
    for path in contents.databases(store):
        yield from (each for each in (path, *files.beside(path)) if each.exists())
    yield from (path for path in contents.record_files(store) if path.exists())
    yield from segments.listing(spool)


def _moved_aside(present: list[Path]) -> Iterator[Path]:
    """Rename what is there, so that no service takes it for its own."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for path in present:
        aside = path.with_name(f"{path.name}.before-restore-{moment}")
        path.rename(aside)
        yield aside


def _put(source: Path, target: Path) -> None:
    """Copy a file into its place, whole or not at all."""
    unfinished = target.with_name(f".{target.name}.restored")
    unfinished.unlink(missing_ok=True)
    descriptor = durable.open_or_make(unfinished, os.O_WRONLY)
    with os.fdopen(descriptor, "wb") as file, source.open("rb") as content:
        shutil.copyfileobj(content, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(target)
