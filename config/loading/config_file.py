"""The file `waypost.toml`: where it is, whether it may be read, and that there may be none.

Owns: the places where it is looked for, and whose a file must be that nobody asked for by name; that
settings from the environment go with it, or stand alone.
Does not own: what the file says (`load`), and what the environment says (`environment`).
"""

import os
import pwd
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.loading import environment

PLACES = (Path("waypost.toml"), Path("/etc/waypost/waypost.toml"))


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file to load. One that nobody `named` is read only if it is root's or the caller's own.

    Else whoever owns a folder would rule what others do there, root above all. `variables` are the
    settings from the environment, as they were when it was found: a reload reads the file again, and
    a process has one environment. With them, there may be no file (`path` is None).
    """

    path: Path | None
    named: bool = True
    variables: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return "the environment" if self.path is None else str(self.path)

    @property
    def folder(self) -> Path:
        """The folder where relative paths start."""
        return Path.cwd() if self.path is None else self.path.absolute().parent

    def read(self) -> tuple[bytes, os.stat_result | None]:
        """Return what is in it, and what fstat(2) says of what was opened; nothing where it is none.

        Raises OSError and NotTrusted.
        """
        if self.path is None:
            return b"", None
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
    """Return the file to load: `path`, else $WAYPOST_CONFIG, else the first of PLACES that exists.

    Where there is none, return what stands for the environment alone, if that holds a setting.
    """
    variables = environment.ours(environ)
    if path is None and (named := environ.get("WAYPOST_CONFIG")):
        path = Path(named)
    if path is not None:
        return ConfigFile(path, variables=variables)
    for place in PLACES:
        if place.exists():
            return ConfigFile(place, named=place.is_absolute(), variables=variables)
    return ConfigFile(None, variables=variables) if environment.has_settings(variables) else None
