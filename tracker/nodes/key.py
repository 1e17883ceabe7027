"""The key of this machine, by which it is told from another of the same name, and from its clone.

Owns: making it once, and keeping it in the folder of what is this machine's own.
Does not own: what is done where a name is taken (`registry`).
"""

import uuid
from pathlib import Path

from config.files.durable import make_directory
from config.keys.secret_files import write_secret
from config.schema import StoreConfig
from tracker.records.jsonl import octets_of

NAME = "node.key"


CURE = "delete it: another is made"


class BadNodeKey(Exception):
    """The file of the key holds none; the text says which file, and what to do, `what` the first alone."""

    def __init__(self, path: Path) -> None:
        self.what = f"{path} holds no key of a machine"
        super().__init__(f"{self.what} ({CURE})")


def key_file(store: StoreConfig) -> Path:
    """Return the file of the key."""
    return store.path.with_name(NAME)


def own_key(store: StoreConfig) -> str:
    """Return the key of this machine, made where there is none. Raises BadNodeKey and OSError."""
    path = key_file(store)
    while not (octets := octets_of(path)):
        make_directory(path.parent)
        try:
            write_secret(path, f"{uuid.uuid4()}\n".encode(), inherit_owner=True)
        except FileExistsError:
            continue  # another process of ours was faster
    return _read(path, octets)


def known_key(store: StoreConfig) -> str | None:
    """Return the key of this machine; None where none was made yet. Raises BadNodeKey and OSError."""
    path = key_file(store)
    octets = octets_of(path)
    return _read(path, octets) if octets else None


def _read(path: Path, octets: bytes) -> str:
    try:
        return str(uuid.UUID(octets.decode("ascii").strip()))
    except ValueError:
        raise BadNodeKey(path) from None
