"""Files and folders that outlive a crash: made, owned, synced.

Owns: making a folder for its owner alone, who owns what root makes, and that names in a folder are
durable.
Does not own: what is written to a file (`tracker.records.jsonl`, `tracker.spool.writer`), files
that are written whole (`config.keys.secret_files`), or when a link is followed (`regular`).
"""

import errno
import os
from pathlib import Path

from config.files.regular import open_regular

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Errors that go away when there is room again."""


def make_directory(directory: Path) -> None:
    """Make a folder for its owner alone, unless it is there; raises OSError."""
    if directory.is_dir():
        return
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        inherit_owner(descriptor, directory.parent)
    finally:
        os.close(descriptor)
    sync_directory(directory.parent)


def open_or_make(path: Path, flags: int) -> int:
    """Open a file as `open_regular` does, made for its owner alone where there is none.

    What root makes belongs to the owner of the folder. Raises OSError.
    """
    try:
        return open_regular(path, flags)
    except FileNotFoundError:
        pass
    try:
        descriptor = open_regular(path, flags | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        # Somebody else was faster; or there is a link that leads to no file yet.
        return open_regular(path, flags | os.O_CREAT)
    inherit_owner(descriptor, path.parent)
    return descriptor


def inherit_owner(descriptor: int, folder: Path) -> None:
    """Hand what root made just now to the owner of its folder, as SQLite does with its own files.

    Never what was there before: whoever owns the folder could have put somebody else's file there.
    """
    if os.geteuid() == 0:
        found = folder.stat()
        os.fchown(descriptor, found.st_uid, found.st_gid)


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
