"""Files and folders that outlive a crash: made, owned, synced.

Owns: making a folder for its owner alone, who owns what root makes, and that names in a folder are
durable.
Does not own: what is written to a file (`jsonl`, `tracker.spool.writer`), or files that are written
whole (`config.keys.secret_files`).
"""

import errno
import os
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Errors that go away when there is room again."""


def make_directory(directory: Path) -> None:
    """Make a folder for its owner alone, unless it is there; raises OSError."""
    if directory.is_dir():
        return
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    inherit_owner(directory)
    sync_directory(directory.parent)


def inherit_owner(path: Path) -> None:
    """Hand what root made to the owner of its folder, as SQLite does with its own files.

    Else `sudo waypost report` would leave files that the service cannot open.
    """
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
