"""Opening files in a folder that may be somebody else's: regular ones, and nothing through a link.

Owns: when a symbolic link is followed, and that nothing but a regular file is opened, without
waiting for one.
Does not own: what root makes for others (`durable`), or whose rights a command has
(`config.service.state_owner`).

Who owns a folder can put a link to another's file there. For root that would be anybody's file, so
root follows a link only where nobody else could have put it. Whoever is not root gains nothing by
a link of their own.
"""

import errno
import os
import stat
from pathlib import Path


def open_regular(path: Path, flags: int) -> int:
    """Open a file; with O_CREAT for its owner alone. Raises OSError, which names the file.

    O_NOFOLLOW is added where root opens it in a folder that others can change.
    """
    flags |= os.O_CLOEXEC | os.O_NONBLOCK | _nofollow(path.parent)
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise _explained(error, path) from None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise _no_file(path)


def opener(path: str, flags: int) -> int:
    """Open a file as `open_regular` does, for the built-in `open`."""
    return open_regular(Path(path), flags)


def opener_without_links(path: str, flags: int) -> int:
    """Open a file where no link is ever meant to be, for the built-in `open`."""
    return open_regular(Path(path), flags | os.O_NOFOLLOW)


def _nofollow(folder: Path) -> int:
    if os.geteuid() != 0:
        return 0
    found = folder.stat()
    return os.O_NOFOLLOW if found.st_uid or found.st_mode & 0o022 else 0


def _explained(error: OSError, path: Path) -> OSError:
    """Return the error in words where the system's own are misleading."""
    if error.errno == errno.ELOOP:
        return OSError(errno.ELOOP, "A symbolic link, which is not followed here", str(path))
    return _no_file(path) if error.errno == errno.ENXIO else error  # a socket, or a pipe


def _no_file(path: Path) -> OSError:
    if path.is_dir():
        return IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return OSError(errno.EINVAL, "Not a regular file", str(path))
