"""Putting keys back: each to where the configuration names it, and what was there moved aside.

Owns: finding the places, and that no key is ever lost, as links made with it would be dead.
Does not own: store and spool (`restore`), or writing secrets (`config.keys.secret_files`).
"""

import os
from dataclasses import dataclass
from pathlib import Path

from config.keys.secret_files import write_secret
from config.schema import Config
from tracker.backup import contents
from tracker.backup.manifest import Entry, Manifest
from tracker.backup.restore import CannotRestore, aside_of


@dataclass(frozen=True, slots=True)
class Key:
    """A file that is to be written: its `place`, and what it shall hold."""

    place: Path
    content: bytes


def planned(folder: Path, found: Manifest, config: Config, *, replace: bool) -> list[Key]:
    """Return what has to be written; what holds the same already stays. Raises CannotRestore, OSError."""
    places = dict(contents.secrets(config))
    keys = []
    for entry in found.entries:
        place = places.get(entry.key) if entry.part == "secret" else None
        if place is None:
            continue
        content = (folder / entry.name).read_bytes()
        if not place.parent.is_dir():
            raise CannotRestore(f"make the folder {place.parent} first, for {place.name} in it")
        if place.exists() and place.read_bytes() == content:
            continue
        if place.exists() and not replace:
            raise CannotRestore(
                f"{place} ({entry.key}) holds something else, above all newer keys: --replace moves it aside"
            )
        keys.append(Key(place, content))
    return keys


def without_place(found: Manifest, config: Config) -> list[Entry]:
    """Return the secrets of a backup for which the configuration names no file."""
    named = {key for key, _ in contents.secrets(config)}
    return [entry for entry in found.entries if entry.part == "secret" and entry.key not in named]


def put(keys: list[Key]) -> list[Path]:
    """Write them, whole or not at all; return what was moved aside for that. Raises OSError."""
    return [aside for key in keys for aside in _put(key)]


def _put(key: Key) -> list[Path]:
    """Write one; what was there has its second name before it loses the first."""
    asides = []
    if key.place.exists():
        target = key.place.resolve()
        aside = aside_of(target)
        os.link(target, aside)
        asides.append(aside)
    write_secret(key.place, key.content, replace=True)
    return asides
