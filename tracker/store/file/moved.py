"""A store in a file that was given up for another place: it is copied there, or was.

Owns: the file beside the store that says so (`waypost.db.moved`), and refusing who would change the store.
Does not own: copying (`tracker.moving`), or that nothing is counted meanwhile (`tracker.ingest.ingester`).

It is there from the beginning of a copy on, and stays: whatever was counted here from then on would be missing
there. So a service may go on answering links while its store is copied, and until it is started with the new one:
what is to be counted waits in the spool, which goes with it.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from config.files import durable
from config.files.regular import opener_without_links
from config.keys.secret_files import write_secret
from tracker.store.opened import StoreError

SUFFIX = ".moved"
_MOST_OCTETS = 4096


@dataclass(frozen=True, slots=True)
class Moved:
    """Which store it is, and where it is copied to."""

    path: Path
    target: str

    @property
    def what(self) -> str:
        """What happens, in words."""
        return (
            f"{self.path} is being copied to {self.target}, or was: nothing more is counted into it"
        )

    @property
    def cure(self) -> str:
        """What to do."""
        return (
            "once the copy is complete, name that in [store] url, and start the services anew; to go on with the"
            f" file instead, delete {mark_of(self.path)}"
        )

    def __str__(self) -> str:
        """Return both."""
        return f"{self.what} ({self.cure})"


def mark_of(path: Path) -> Path:
    """Return the file that says so of a store."""
    return path.with_name(f"{path.name}{SUFFIX}")


def find(path: Path) -> Moved | None:
    """Return where a store in a file was copied to; None: nobody has given it up."""
    try:
        with open(mark_of(path), "rb", opener=opener_without_links) as file:
            target = file.read(_MOST_OCTETS).decode("utf-8", "replace").strip()
    except OSError:
        return None
    return Moved(path, target or "another place")


def refuse(path: Path) -> None:
    """Raise StoreError where a store was given up."""
    if (found := find(path)) is not None:
        raise StoreError(str(found), "moved")


def give_up(path: Path, target: str) -> bool:
    """Note that a store is given up for another; return whether nobody had before. Raises OSError."""
    is_new = find(path) is None
    write_secret(mark_of(path), f"{target}\n".encode(), replace=not is_new, inherit_owner=True)
    return is_new


def take_back(path: Path) -> None:
    """Have a store be used again; raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        mark_of(path).unlink()
        durable.sync_directory(path.absolute().parent)
