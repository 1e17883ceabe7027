"""Files that hold secrets: read only if nobody else can read them, written whole or not at all.

Owns: permissions, systemd credentials, atomic writes.
Does not own: what such a file holds (`token_keys`, `dkim_keys`).
"""

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

MAX_SECRET_OCTETS = 1_000_000
"""More than any key file holds, and the most that systemd passes as credentials."""


class KeyFileError(Exception):
    """A file with a secret that cannot be used: `what` is wrong with it, `hint` what to do."""

    def __init__(self, path: Path, what: str, hint: str = "") -> None:
        super().__init__(f"{path} {what}" + (f" ({hint})" if hint else ""))
        self.path = path
        self.what = what
        self.hint = hint


def credential(path: Path, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the path of the systemd credential that replaces the file `path`, if there is one.

    Its name is the end of the path with `_` for `/`: `LoadCredential=waypost:/etc/waypost` makes
    `waypost_dkim.pem` of `/etc/waypost/dkim.pem`, and `LoadCredential=dkim.pem:…` is found as well.
    Of several such names the longest is taken. Source: systemd.exec(5), LoadCredential=.
    """
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return None
    parts = path.absolute().parts[1:]
    names = (Path(folder, "_".join(parts[start:])) for start in range(len(parts)))
    return next((name for name in names if name.is_file()), None)


def usable_path(path: Path) -> Path:
    """Return the path to open for `path`: the systemd credential that replaces it, else itself."""
    return credential(path) or path


def read_secret(path: Path, *, also: int = 0) -> bytes:
    """Return the content of a file that nobody but its owner may read; raises KeyFileError.

    `also` are further permission bits that are allowed (0o040: the group may read). Where there is a
    systemd credential of the same name, that is read instead.
    """
    passed = credential(path)
    try:
        with open(passed or path, "rb", opener=_without_waiting) as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise KeyFileError(path, "is not a file")
            if passed is None and mode & 0o077 & ~also:
                raise KeyFileError(
                    path,
                    f"can be read or changed by others (mode {stat.S_IMODE(mode):04o})",
                    f"chmod {0o600 | also:o} {path}",
                )
            return file.read(MAX_SECRET_OCTETS)
    except OSError as error:
        raise _unreadable(path, error) from None


def read_password(path: Path) -> bytes:
    """Return the password in a file, without white space around it; raises KeyFileError."""
    password = read_secret(path).strip()
    if not password:
        raise KeyFileError(path, "is empty")
    return password


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe would wait for its other end


def _unreadable(path: Path, error: OSError) -> KeyFileError:
    if isinstance(error, FileNotFoundError):
        return KeyFileError(path, "does not exist")
    if isinstance(error, IsADirectoryError):
        return KeyFileError(path, "is a folder")
    if isinstance(error, PermissionError):
        return KeyFileError(
            path,
            "cannot be read by this user",
            "run as its owner or as root; a service gets it by LoadCredential= of systemd",
        )
    return KeyFileError(path, f"cannot be read: {error.strerror}")


def write_secret(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a file that only its owner may read, whole or not at all.

    Raises FileExistsError if the file exists and `replace` is not set, and OSError for all else. A
    file that is replaced keeps its owner.
    """
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if replace and target.exists():
                os.fchown(descriptor, target.stat().st_uid, target.stat().st_gid)
            file.flush()
            os.fsync(descriptor)
        if replace:
            temporary.replace(target)
        else:
            os.link(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock the folder of `path` while the block runs: read, change and write the file in it.

    Of two processes that do so at once, the second waits, and neither overwrites the other's change.
    """
    descriptor = os.open(path.resolve().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
