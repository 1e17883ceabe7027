"""The files of a store as files: which is which, whose they are, and setting them aside.

Owns: what SQLite keeps beside a database, the marks by which a store of ours is known, why a file may be
of no use, and the names of former stores.
Does not own: connections to a database, or judging whether it is sound (`database`), or when one is
set aside (`tracker.ingest.kept_store`).
"""

import contextlib
import glob
import os
from datetime import UTC, datetime
from pathlib import Path

from config.files import durable, store_header
from config.files.store_header import APPLICATION_ID, FORM

MARKS = {"application_id": APPLICATION_ID, "user_version": FORM}
"""By SQLite's names: what says in a database's header that it is a store of ours, and of which form."""


def file_id(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another that takes its place; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def is_empty(path: Path) -> bool:
    """Return whether there is a file of no octets, as no store of ours ever is."""
    try:
        return path.stat().st_size == 0
    except FileNotFoundError:
        return False


def size_octets(path: Path) -> int:
    """Return the size of a file; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def is_ours(path: Path) -> bool:
    """Return whether a file's header claims to be a store of Waypost, whatever the rest is like."""
    header = store_header.read(path)
    return header is not None and header.is_ours


def set_aside(path: Path, why: str, *, database: bool = True) -> Path:
    """Rename a database, and what SQLite keeps beside it, or only that; nothing is ever deleted.

    The shared memory file alone is removed: it holds no data, and a new database must not use it.
    """
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.name}.{why}-{moment}")
    log, memory = beside(path)
    memory.unlink(missing_ok=True)
    moves = ((log, beside(aside)[0]), (path, aside))
    for old, new in moves if database else moves[:1]:
        with contextlib.suppress(FileNotFoundError):
            old.rename(new)
    durable.sync_directory(path.absolute().parent)
    return aside


def why_unusable(path: Path) -> str:
    """Return in words why SQLite may be unable to open a database; empty where none is found.

    Only looked at: to open and close a file would end the locks that SQLite has on it (fcntl(2)).
    """
    for each in filter(os.path.lexists, (path, *beside(path))):
        link = f", a link to {each.readlink()}," if each.is_symlink() else ""
        if not os.path.exists(each):  # noqa: PTH110 - Path's raises where a folder is closed to us
            return f"{each.name}{link} cannot be reached"
        if not each.is_file():
            return f"{each.name}{link} is not a file"
        if not os.access(each, os.R_OK | os.W_OK):
            return f"{each.name}{link} may not be read and written by this user"
    return ""


def asides(path: Path) -> list[Path]:
    """Return former stores that were set aside, and are there still."""
    name = glob.escape(path.name)
    return sorted(
        each for why in ("corrupt", "emptied") for each in path.parent.glob(f"{name}.{why}-*Z")
    )


def beside(path: Path) -> tuple[Path, Path]:
    """Return what SQLite keeps beside a database: its write-ahead log, and shared memory."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")
