"""Where clicks are kept: whether there is room, whether this user can write, whether the store is sound.

And how far the stream is that leads from there.

Owns: trying it.
Does not own: the store (`tracker.store`), the spool (`tracker.spool`), the stream (`tracker.stream`), asking a
database that nodes share (`tracker.nodes.inspection`), or whose they are (`config.service.state_owner`).
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from config.files import reserve
from config.schema import Config, StoreConfig
from tracker.decisions.files import CONSENTS
from tracker.nodes.inspection import Trouble, inspect
from tracker.store import database
from tracker.store.file import moved
from tracker.stream.standing import standing
from waypost_doctor.findings import Kind, Result, Topic, found, ok, untried
from waypost_doctor.patient import Patient

MIB = 1024 * 1024
FULL_OCTETS = 100 * MIB
LOW_OCTETS = 1024 * MIB
FULL_FILES, LOW_FILES = 100, 10_000
"""Files that may still be made: each segment of the spool is one."""
TROUBLES: Mapping[Trouble, Kind] = {
    Trouble.UNREACHABLE: Kind.DATABASE_UNREACHABLE,
    Trouble.REFUSED: Kind.DATABASE_REFUSED,
    Trouble.NO_DATABASE: Kind.DATABASE_MISSING,
    Trouble.UNFIT: Kind.DATABASE_UNFIT,
    Trouble.POOLED: Kind.DATABASE_POOLED,
    Trouble.READ_ONLY: Kind.DATABASE_READ_ONLY,
    Trouble.RIGHTS: Kind.DATABASE_RIGHTS,
    Trouble.UNFINISHED: Kind.COPY_UNFINISHED,
    Trouble.NAME_TAKEN: Kind.NODE_NAME_TAKEN,
    Trouble.UNHEARD: Kind.NODE_UNHEARD,
    Trouble.BAD_KEY: Kind.NODE_KEY_DAMAGED,
    Trouble.CLOCK: Kind.NODE_CLOCK_APART,
    Trouble.KEYS: Kind.NODE_KEY_MISSING,
    Trouble.SILENT: Kind.NODE_SILENT,
}
"""What a database that nodes share may be found to have."""


def test(patient: Patient) -> Iterator[Result]:
    """Yield what is to be said of store and spool."""
    store, spool = patient.config.store.path, patient.config.store.spool_dir
    folder = store.parent
    if not folder.is_dir():
        yield found(Kind.STORE_FOLDER_MISSING, f"{folder} is not there")
        return
    places = [folder, spool] if spool.is_dir() else [folder]
    refused = [what for place in places if (what := _refused(place))]
    if store.exists() and not os.access(store, os.R_OK | os.W_OK):
        refused.append(f"{store}: Permission denied")
    yield from (found(Kind.STORE_NOT_WRITABLE, what) for what in refused)
    for device in {place.stat().st_dev: place for place in places}.values():
        yield _room(device)
    is_file = patient.config.store.engine == "sqlite"
    if is_file and (octets := reserve.lacking_octets(store)):
        kept = reserve.file_of(store)
        yield found(Kind.RESERVE_MISSING, f"{kept} is made once {octets} octets are free")
    yield from _consents(patient.config.store)
    if not refused:
        yield from _opened(patient.config.store) if is_file else _asked(patient.config)
        yield from _streamed(patient)


def _refused(folder: Path) -> str:
    """Return why no file can be made, written and synced in a folder; "" where it can."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"waypost doctor\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return f"{folder}: {error.strerror}"
    return ""


def _room(folder: Path) -> Result:
    found_here = os.statvfs(folder)
    free_octets = found_here.f_bavail * found_here.f_frsize
    free_files = found_here.f_favail if found_here.f_files else LOW_FILES
    return room(folder, free_octets, free_files)


def room(folder: Path, free_octets: int, free_files: int) -> Result:
    """Return what is to be said of a file system with so much left."""
    told = f"{folder}: {free_octets // MIB} MiB are free"
    if free_files < LOW_FILES:
        told += f", and {free_files} files can be made"
    if free_octets < FULL_OCTETS or free_files < FULL_FILES:
        return found(Kind.DISK_FULL, told)
    if free_octets < LOW_OCTETS or free_files < LOW_FILES:
        return found(Kind.DISK_LOW, told)
    return ok(Topic.STORE, told)


def _consents(store: StoreConfig) -> Iterator[Result]:
    """Yield why consents cannot be read, where neither their file, its copy nor other nodes say anything."""
    why, records = "", 0
    for place in (CONSENTS.file_of, CONSENTS.copy_of, CONSENTS.shared_of):
        path = place(store.file)
        try:
            records += len(CONSENTS.read(path).records)
        except OSError as error:
            why = why or f"{path}: {error.strerror}"
    if why and not records:
        yield found(Kind.CONSENTS_UNREADABLE, why)


def _opened(store: StoreConfig) -> Iterator[Result]:
    if not database.exists(store):
        yield untried(Topic.STORE, f"{store.path} is not there yet: the tracker makes it")
        return
    if (given_up := moved.find(store.path)) is not None:
        yield found(Kind.STORE_GIVEN_UP, given_up.what, given_up.cure)
    try:
        with database.reading(store) as db:
            db.execute("SELECT count(*) FROM settings").fetchone()
    except (database.StoreError, OSError) as error:
        yield found(Kind.STORE_UNUSABLE, str(error))
        return
    yield ok(Topic.STORE, f"{store.path} can be read and written")


def _asked(config: Config) -> Iterator[Result]:
    """Yield what is to be said of the database that nodes share."""
    asked = inspect(config)
    yield from (found(TROUBLES[each.trouble], each.what) for each in asked.found)
    if asked.server is not None:
        yield ok(Topic.STORE, f"{database.called(config.store)}: {asked.server}")


def _streamed(patient: Patient) -> Iterator[Result]:
    """Yield how the stream stands, where there is one and a store that tells it."""
    with contextlib.suppress(database.StoreError, OSError):
        with database.reading(patient.config.store) as db:
            stream = standing(db, patient.config)
        if stream is not None:
            waits = f"{stream['waiting_octets']} octets of the spool wait for {patient.config.stream.url}"
            if stream["error"]:
                yield found(Kind.STREAM_NOT_TAKEN, f"{waits}: {stream['error']}")
            else:
                yield ok(
                    Topic.STORE, f"{stream['events']} events of the stream were taken; {waits}"
                )
