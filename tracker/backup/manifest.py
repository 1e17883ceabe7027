"""What a backup holds: each file with its hash, and whether it is as it was written.

Owns: the form of `manifest.json`, and comparing a backup with it.
Does not own: which files there are (`contents`), or copying them (`take`, `restore`).
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

PIECE_OCTETS = 1024 * 1024
NAME = "manifest.json"
FORM = 1
"""Of the backup itself; a later one may be read by later versions only."""

Part = Literal["store", "spool", "secret", "configuration"]


class BadBackup(Exception):
    """A folder is no backup, or not as it was written; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file. `name` is its place in the backup; `key` the setting that names a secret's file."""

    name: str
    part: Part
    octets: int
    sha256: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All files of a backup; `made_at` is a moment in ISO 8601, `waypost` the version that made it."""

    form: int
    waypost: str
    made_at: str
    entries: tuple[Entry, ...]

    @property
    def has_secrets(self) -> bool:
        """Whether keys are in it."""
        return any(entry.part == "secret" for entry in self.entries)


_ADAPTER = TypeAdapter(Manifest)


def new(made_at: str, entries: tuple[Entry, ...]) -> Manifest:
    """Return the manifest of a backup of this version."""
    return Manifest(FORM, version("waypost"), made_at, entries)


def entry(folder: Path, name: str, part: Part, key: str = "") -> Entry:
    """Return the entry of a file that was copied to a backup; raises OSError."""
    path = folder / name
    return Entry(name, part, path.stat().st_size, sha256(path), key)


def sha256(path: Path, octets: int | None = None) -> str:
    """Return the hash of a file, or of its first `octets`; raises OSError."""
    with path.open("rb") as file:
        if octets is None:
            return hashlib.file_digest(file, "sha256").hexdigest()
        made, left = hashlib.sha256(), octets
        while left and (piece := file.read(min(left, PIECE_OCTETS))):
            made.update(piece)
            left -= len(piece)
        return made.hexdigest()


def written(manifest: Manifest) -> bytes:
    """Return a manifest as a file."""
    return json.dumps(asdict(manifest), indent=1).encode() + b"\n"


def verified(folder: Path) -> Manifest:
    """Return the manifest of a backup of which every file is as it was written. Raises BadBackup."""
    manifest = _read(folder)
    wrong = list(_wrong(folder, manifest))
    if wrong:
        raise BadBackup(f"{folder} is damaged, and nothing was restored: {'; '.join(wrong)}")
    return manifest


def _read(folder: Path) -> Manifest:
    try:
        manifest = _ADAPTER.validate_json((folder / NAME).read_bytes())
    except FileNotFoundError:
        raise BadBackup(f"{folder} is no backup: it has no {NAME}") from None
    except OSError as error:
        raise BadBackup(f"{folder / NAME} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(map(str, first["loc"]))
        what = f"{at}: {first['msg']}" if at else first["msg"]
        raise BadBackup(f"{folder / NAME} is no manifest of a backup: {what}") from None
    if manifest.form > FORM:
        what = f"was made by Waypost {manifest.waypost}, and needs that version or a later one"
        raise BadBackup(f"{folder} {what}")
    return manifest


def _wrong(folder: Path, manifest: Manifest) -> Iterator[str]:
    for each in manifest.entries:
        parts = Path(each.name).parts
        if not parts or Path(each.name).is_absolute() or ".." in parts:
            yield f"{each.name} is no name of a file in it"
            continue
        path = folder / each.name
        try:
            if path.is_symlink() or path.stat().st_size != each.octets:
                yield f"{each.name} has another size"
            elif sha256(path) != each.sha256:
                yield f"{each.name} has other octets"
        except OSError as error:
            yield f"{each.name}: {error.strerror}"
