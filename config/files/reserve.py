"""Room on the disk that is kept for the day on which there is none: a file, deleted when it is needed.

Owns: the file, how large it is, when there is room to make it, and giving it up.
Does not own: keeping it (`tracker.ingest.reserving`), or what is done with its room (`waypost purge` and
`waypost forget`).

Deleting rows takes room first: SQLite writes the pages that change to its log. The disks of databases are
given such a file elsewhere too, as CockroachDB's ballast. It is made at once, as nothing is written to
it (posix_fallocate(3)).
"""

import os
from pathlib import Path

from config.files import durable

MOST_OCTETS = 64 * 1024 * 1024
"""The log of a large store takes 16 MB, and as much again as the latest transaction changed."""
TIMES_THE_STORE = 4
"""A small store needs less: its log has each page a few times at most."""
_MIB = 1024 * 1024


def file_of(store: Path) -> Path:
    """Return the file beside a store."""
    return store.with_name(f"{store.name}.reserve")


def wanted_octets(store: Path) -> int:
    """Return how large the file should be, in whole MiB; 0 where there is no store."""
    mib = -(-TIMES_THE_STORE * _size_octets(store) // _MIB)
    return min(MOST_OCTETS, mib * _MIB)


def held_octets(store: Path) -> int:
    """Return how large the file is; 0 where there is none."""
    return _size_octets(file_of(store))


def lacking_octets(store: Path) -> int:
    """Return how much has to be free for the file to be made, or grow; 0 where it can, or need not.

    It leaves as much free as it takes: what is made again at once would be of no use to anybody. Raises
    OSError.
    """
    wanted, held = wanted_octets(store), held_octets(store)
    needed = 2 * wanted - held
    return needed if held < wanted and _free_octets(store) < needed else 0


def keep(store: Path) -> None:
    """Make the file, or have it grow with the store, where there is room; raises OSError."""
    wanted = wanted_octets(store)
    if held_octets(store) >= wanted or lacking_octets(store):
        return
    descriptor = durable.open_or_make(file_of(store), os.O_RDWR | os.O_NOFOLLOW)
    try:
        os.posix_fallocate(descriptor, 0, wanted)
    finally:
        os.close(descriptor)


def give_up(store: Path) -> int:
    """Delete the file where less is free than it holds; return how much it held, 0 where it stays.

    Raises OSError.
    """
    held = held_octets(store)
    if not held or _free_octets(store) >= held:
        return 0
    file_of(store).unlink(missing_ok=True)
    return held


def _free_octets(store: Path) -> int:
    found = os.statvfs(store.absolute().parent)
    return found.f_bavail * found.f_frsize


def _size_octets(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
