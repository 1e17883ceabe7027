"""The file `waypost.toml`: where it is, and whether it may be read.

Owns: the places where it is looked for, and whose a file must be that nobody asked for by name.
Does not own: what the file says (`load`).
"""

import os
import pwd
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PLACES = (Path("waypost.toml"), Path("/etc/waypost/waypost.toml"))


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file to load. One that nobody `named` is read only if it is root's or the caller's own.

    Else whoever owns a folder would rule what others do there, root above all.
    """

    path: Path
    named: bool = True

    def __str__(self) -> str:
        return str(self.path)

    def read(self) -> tuple[bytes, os.stat_result]:
        """Return what is in it, and what fstat(2) says of what was opened.

        Raises OSError and NotTrusted.
        """
        with open(self.path, "rb", opener=None if self.named else _without_waiting) as file:
            found = os.fstat(file.fileno())
            if not self.named:
                _require_own(self.path, found)
            return file.read(), found


class NotTrusted(Exception):
    """A file that nobody named and that is another's: `what` says whose, `hint` what to do."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"{what} ({hint})")
        self.what = what
        self.hint = hint


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe would wait for its other end


def _require_own(path: Path, found: os.stat_result) -> None:
    """Raise NotTrusted for a file of somebody else, or that somebody else may write to."""
    mode = stat.S_IMODE(found.st_mode)
    anyway = f"to read it all the same: -c {path}"
    if not stat.S_ISREG(found.st_mode):
        raise NotTrusted("is not a file", anyway)
    if found.st_uid not in (0, os.geteuid()):
        what = f"was found here, and belongs neither to you nor to root, but to {user_name(found.st_uid)}"
        raise NotTrusted(what, anyway)
    if mode & 0o022:
        what = f"was found here, and can be changed by others (mode {mode:04o})"
        raise NotTrusted(what, f"chmod go-w {path}; {anyway}")


def user_name(uid: int) -> str:
    """Return what a user is called."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def find(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> ConfigFile | None:
    """Return the file to load: `path`, else $WAYPOST_CONFIG, else the first of PLACES that exists."""
    if path is not None:
        return ConfigFile(path)
    if named := environ.get("WAYPOST_CONFIG"):
        return ConfigFile(Path(named))
    places = (ConfigFile(place, named=place.is_absolute()) for place in PLACES)
    return next((place for place in places if place.path.exists()), None)
