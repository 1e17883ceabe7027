"""The password of the admin listener: from a file, which may change and be replaced by another.

Owns: which file it is.
Does not own: how a file is watched (`tracker.records.watch`), who must know the password
(`tracker.access.guard`), or when a configuration is read again (`reload`).
"""

from collections.abc import Callable
from pathlib import Path

from config.keys.password_hash import read_admin_password
from tracker.records.watch import Watched


class AdminPassword:
    """What `[tracker] admin_password_file` says; None without such a file."""

    def __init__(self, path: Path | None) -> None:
        """Read the file; raises KeyFileError."""
        self._path = path
        self._file = None if path is None else Watched(path, read_admin_password)

    def __call__(self) -> bytes | None:
        """Return the password that is asked for, or its hash; None: none is."""
        return None if self._file is None else self._file()

    def refresh(self) -> None:
        """Read the file again if it has changed."""
        if self._file is not None:
            self._file.refresh()

    def takes_restart(self, path: Path | None) -> bool:
        """Return whether a configuration that names `path` would remove the password.

        Other machines may reach the listener for as long as its sockets are open.
        """
        return path is None and self._path is not None

    def prepare(self, path: Path | None) -> Callable[[], None]:
        """Read the file at `path`, and return what puts it in force; raises KeyFileError.

        Without a path, the file that there is stays.
        """
        if path is None or path == self._path:
            return self.refresh
        file = Watched(path, read_admin_password)

        def put_in_force() -> None:
            self._path, self._file = path, file

        return put_in_force
