"""A backup, while services run: every file that matters, in a new folder that appears whole.

Owns: the order in which files are copied, and the folder.
Does not own: which files (`contents`), or the manifest (`manifest`).

Segments of the spool come first, then the store: an event is in the copied segment, or in the store when
that is copied, or in both; it is counted once all the same, as its id is known. So nothing that was
counted before is missing after. A segment that is gone by the time the store is copied was counted, and is
left out.
"""

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from config.files import durable
from config.files.regular import opener
from config.keys.secret_files import KeyFileError, read_secret, write_secret
from config.schema import Config
from tracker.backup import contents, manifest
from tracker.backup.manifest import Entry, Manifest
from tracker.spool import segments
from tracker.store import database
from tracker.store.file import file_store

STORE, SPOOL, SECRETS, CONFIGURATION = "store", "spool", "secrets", "waypost.toml"
"""Where files of each kind are in a backup."""
UNFINISHED = ".unfinished"
GROUP_MAY_READ = 0o040
BUSY_MS = 30_000


class CannotBackUp(Exception):
    """No backup was made; the text says why, and nothing is left of it."""


def take(config: Config, text: bytes, folder: Path, *, with_secrets: bool) -> Manifest:
    """Copy everything to the new `folder`, and return what is in it. Raises CannotBackUp.

    `text` is the configuration as its file has it; there may be none.

    It is written under a hidden name, and gets its own once it is whole and durable. What a run that was
    killed left there is removed by the next one beside it: there may be keys in it.
    """
    if config.store.engine == "postgresql":
        raise CannotBackUp(
            "no backup was made: the store is a PostgreSQL, use pg_dump; and copy the files of this node,"
            f" {config.store.file('*')}"
        )
    if os.path.lexists(folder):
        raise CannotBackUp(f"{folder} is there already: name a new folder")
    unfinished = folder.with_name(f".{folder.name}{UNFINISHED}")
    try:
        _remove_left_behind(unfinished)
        with _new_folder(unfinished):
            made = _taken(config, text, unfinished, with_secrets=with_secrets)
            unfinished.rename(folder)
        durable.sync_directory(folder.absolute().parent)
    except (OSError, sqlite3.Error, database.StoreError, KeyFileError) as error:
        raise CannotBackUp(f"no backup was made: {error}") from error
    return made


def _remove_left_behind(besides: Path) -> None:
    """Remove what killed runs left beside a folder: what has no lock on it. Raises OSError."""
    for path in besides.parent.glob(f".*{UNFINISHED}"):
        with contextlib.suppress(CannotBackUp, FileNotFoundError):  # being written, or done now
            if path != besides and _is_begun(path):
                with _locked(path):
                    shutil.rmtree(path)


def _is_begun(path: Path) -> bool:
    """Return whether a folder holds what a backup does, and is this user's; raises OSError.

    An empty one may be one that another process has made this moment, and hides nothing.
    """
    if path.is_symlink() or not path.is_dir() or path.lstat().st_uid != os.geteuid():
        return False
    names = {each.name for each in path.iterdir()}
    return bool(names) and names <= {STORE, SPOOL, SECRETS, CONFIGURATION, manifest.NAME}


@contextlib.contextmanager
def _new_folder(unfinished: Path) -> Iterator[None]:
    """Make a folder that is gone if the block fails, or is interrupted. Raises CannotBackUp, OSError.

    A lock on it tells one that another process is filling from one that was left behind.
    """
    if unfinished.is_dir() and not unfinished.is_symlink():
        with _locked(unfinished):
            shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700)
    with _locked(unfinished):
        try:
            yield
        except BaseException:  # Ctrl-C too: there may be keys in it
            shutil.rmtree(unfinished, ignore_errors=True)
            raise


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise CannotBackUp(f"another backup is being written: {folder}") from None
    finally:
        os.close(descriptor)


def _taken(config: Config, text: bytes, to: Path, *, with_secrets: bool) -> Manifest:
    """Fill a folder, durably, and return its manifest."""
    entries = tuple(_copied(config, text, to, with_secrets=with_secrets))
    made = manifest.new(datetime.now(UTC).isoformat(timespec="seconds"), entries)
    _write(to / manifest.NAME, manifest.written(made))
    for each in (to, *(path for path in to.iterdir() if path.is_dir())):
        durable.sync_directory(each)
    return made


def _copied(config: Config, text: bytes, to: Path, *, with_secrets: bool) -> Iterator[Entry]:
    """Copy all files, and yield the entry of each."""
    for name in (STORE, SPOOL, SECRETS):
        (to / name).mkdir(mode=0o700)
    if text:
        _write(to / CONFIGURATION, text)
        yield manifest.entry(to, CONFIGURATION, "configuration")
    if with_secrets:
        yield from _secrets(config, to)
    spool = config.store.spool_dir
    for path in contents.record_files(config.store.file):
        with contextlib.suppress(FileNotFoundError):
            _copy(path, to / STORE / path.name)
            yield manifest.entry(to, f"{STORE}/{path.name}", "store")
    for path in segments.listing(spool):
        with contextlib.suppress(FileNotFoundError):
            _copy(path, to / SPOOL / path.name)
    waiting = {path.name for path in segments.listing(spool)}
    for path in contents.databases(config.store):
        if path.exists():
            _copy_database(path, to / STORE / path.name)
            yield manifest.entry(to, f"{STORE}/{path.name}", "store")
    for path in segments.listing(to / SPOOL):
        if path.name in waiting:
            yield manifest.entry(to, f"{SPOOL}/{path.name}", "spool")
        else:
            path.unlink()


def _secrets(config: Config, to: Path) -> Iterator[Entry]:
    for number, (key, path) in enumerate(contents.secrets(config)):
        name = f"{SECRETS}/{number:02}-{path.name}"
        write_secret(to / name, read_secret(path, also=GROUP_MAY_READ))
        yield manifest.entry(to, name, "secret", key)


def _copy(source: Path, target: Path) -> None:
    """Copy a file to which others append: whole lines of it alone. Raises OSError.

    Of a segment that has room, no more than the records that are there by now: of those that are being written
    over it, the last could be seen without the first.
    """
    with open(source, "rb", opener=opener) as file:
        octets = file.read(segments.end_of_records(file.fileno()))
    _write(target, octets[: octets.rfind(b"\n") + 1])


def _write(target: Path, content: bytes) -> None:
    with open(target, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, by SQLite's online backup. Raises sqlite3.Error."""
    _write(target, b"")
    with (
        contextlib.closing(file_store.connect(source, BUSY_MS)) as read,
        contextlib.closing(sqlite3.connect(target)) as written,
    ):
        read.backup(written)
        written.execute("PRAGMA journal_mode = DELETE")
    with target.open("rb") as file:
        os.fsync(file.fileno())
