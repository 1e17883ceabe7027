"""Files that hold secrets: read only if nobody else can read them, written whole or not at all.

Owns: permissions, systemd credentials, atomic writes.
Does not own: what such a file holds (`token_keys`, `dkim_keys`), or what is read again after a
process gave up root's rights (`kept_files`).
"""

import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.keys import kept_files

MAX_SECRET_OCTETS = 1_000_000
"""More than any key file holds, and the most that systemd passes as credentials."""
CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""The variable that names the folder of systemd's credentials."""


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
    Of several such names the longest is taken. In a folder that this user may not look into, as one of a
    service that runs as another, there is none. Source: systemd.exec(5), LoadCredential=.
    """
    folder = environ.get(CREDENTIALS)
    if not folder:
        return None
    parts = path.absolute().parts[1:]
    names = (Path(folder, "_".join(parts[start:])) for start in range(len(parts)))
    with contextlib.suppress(PermissionError):
        return next((name for name in names if name.is_file()), None)
    return None


def usable_path(path: Path) -> Path:
    """Return the path to open for `path`: the systemd credential that replaces it, else itself."""
    return credential(path) or path


def read_secret(path: Path, *, also: int = 0) -> bytes:
    """Return the content of a file that nobody but its owner may read; raises KeyFileError.

    `also` are further permission bits that are allowed (0o040: the group may read). Where there is
    a systemd credential of the same name, that is read instead.
    """
    passed = credential(path)
    try:
        with open(passed or path, "rb", opener=_without_waiting) as file:
            found = os.fstat(file.fileno())
            _require_secret(path, found, also=0o777 if passed else also)
            content = file.read(MAX_SECRET_OCTETS)
    except OSError as error:
        if isinstance(error, PermissionError) and (kept := kept_files.content_of(path)) is not None:
            return kept
        raise _unreadable(path, error) from None
    kept_files.keep(path, found, content)
    return content


def _require_secret(path: Path, found: os.stat_result, *, also: int) -> None:
    """Raise KeyFileError for what is no file, or not its owner's alone."""
    if not stat.S_ISREG(found.st_mode):
        raise KeyFileError(path, "is not a file")
    if found.st_mode & 0o077 & ~also:
        raise KeyFileError(
            path,
            f"can be read or changed by others (mode {stat.S_IMODE(found.st_mode):04o})",
            f"chmod {0o600 | also:o} {path}",
        )


def read_public(path: Path) -> bytes:
    """Return the content of a file that goes with a secret, as a certificate; raises OSError."""
    try:
        with usable_path(path).open("rb") as file:
            content = file.read()
            kept_files.keep(path, os.fstat(file.fileno()), content)
    except PermissionError:
        if (kept := kept_files.content_of(path)) is None:
            raise
        return kept
    return content


@contextlib.contextmanager
def readable_path(path: Path) -> Iterator[Path]:
    """Yield a path at which a program library finds `path` or what replaces it.

    That is a copy in memory where root alone may read the file, and did.
    """
    found = usable_path(path)
    kept = None if os.access(found, os.R_OK, effective_ids=True) else kept_files.content_of(path)
    if kept is None:
        yield found
        return
    with os.fdopen(os.memfd_create("waypost-secret"), "wb") as file:
        file.write(kept)
        file.flush()
        yield Path(f"/proc/self/fd/{file.fileno()}")


def read_password(path: Path) -> bytes:
    """Return the password in a file, without white space around it; raises KeyFileError."""
    password = read_secret(path).strip()
    if not password:
        raise KeyFileError(path, "is empty")
    return password


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe would wait for its other end


def _unreadable(path: Path, error: OSError) -> KeyFileError:
    why = _of_the_file(path, error)
    folder = os.environ.get(CREDENTIALS)
    if folder and _is_closed(folder):
        return KeyFileError(
            path,
            f"{why.what}, and this user may not look into {folder}, where ${CREDENTIALS} has credentials",
            f"run as the user of the service, or without ${CREDENTIALS}",
        )
    return why


def _is_closed(folder: str) -> bool:
    """Return whether there may be a folder that this user may not look into."""
    try:
        Path(folder, "credential").lstat()
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _of_the_file(path: Path, error: OSError) -> KeyFileError:
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


def write_secret(
    path: Path,
    content: bytes,
    *,
    replace: bool = False,
    inherit_owner: bool = False,
    like: Path | None = None,
) -> None:
    """Write a file that only its owner may read, whole or not at all.

    Raises FileExistsError if the file exists and `replace` is not set, and OSError for all else. A
    file that is replaced keeps its owner; with `inherit_owner`, what root writes belongs to the
    owner of the folder, and with `like` to the owner of that file.
    """
    target = path.resolve() if replace else path.parent.resolve() / path.name
    with _opened_folder(target.parent) as folder:
        of = "." if inherit_owner and os.geteuid() == 0 else target.name
        owner = _owner(folder, of) if inherit_owner or replace else None
        if like is not None and os.geteuid() == 0:
            owner = like.stat()
        _write(folder, target.name, content, owner, replace=replace)


@dataclass(frozen=True, slots=True)
class LockedFile:
    """A file whose folder is locked: what was read of it, and the way to replace that very file."""

    content: bytes
    _folder: int
    _name: str
    _found: os.stat_result

    def replace(self, content: bytes) -> None:
        """Write it anew, whole or not at all, for the owner that it had when it was read."""
        _write(self._folder, self._name, content, self._found, replace=True)


@contextlib.contextmanager
def locked_secret(path: Path) -> Iterator[LockedFile]:
    """Read a file that nobody but its owner may read, and keep others from changing it meanwhile.

    Whoever else can change the folder gets it to read and write no other file than the one that was
    opened. Raises KeyFileError and OSError.
    """
    with locked(path) as (folder, name):
        try:
            descriptor = os.open(name, _READ, dir_fd=folder)
        except OSError as error:
            raise _unreadable(path, error) from None
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            _require_secret(path, found, also=0)
            content = file.read(MAX_SECRET_OCTETS)
        yield LockedFile(content, folder, name, found)


_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def _owner(folder: int, name: str) -> os.stat_result | None:
    """Return whose a file in an open folder is; None where there is none, or no file of its own."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return None if stat.S_ISLNK(found.st_mode) else found


def _write(
    folder: int, name: str, content: bytes, owner: os.stat_result | None, *, replace: bool
) -> None:
    temporary = f".{name}.{secrets.token_hex(8)}"
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if owner is not None:
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.flush()
            os.fsync(descriptor)
        put = os.replace if replace else os.link
        put(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
    os.fsync(folder)


@contextlib.contextmanager
def _opened_folder(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[tuple[int, str]]:
    """Lock the folder of `path` while the block runs: read, change and write the file in it.

    Of two processes that do so at once, the second waits, and neither overwrites the other's
    change. Yields the folder's descriptor, and what the file is called there.
    """
    target = path.resolve()
    with _opened_folder(target.parent) as folder:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield folder, target.name
