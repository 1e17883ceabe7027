"""Keys and certificates that a process read as root, for reading them again when it is root no more.

Owns: what was read, and whether it is still what the file says.
Does not own: reading files (`secret_files`), or giving up root's rights
(`config.service.state_owner`).

A service that begins as root reads its keys, and goes on as the owner of the store, who may not be
allowed to read them. At a reload it has them from here, as one that systemd starts has them from
its credentials. A key that was changed meanwhile wants a restart, and whoever asks for it hears
that it cannot be read.
"""

import os
from collections.abc import Mapping
from pathlib import Path

Version = tuple[int, int, int]

_kept: dict[Path, tuple[Version | None, bytes]] = {}


def keep(path: Path, found: os.stat_result, content: bytes) -> None:
    """Remember what a file held, if this process is root's."""
    if os.geteuid() == 0:
        _kept[path] = (_version(found), content)


def content_of(path: Path) -> bytes | None:
    """Return what a file held; None where it was not read as root, or is seen to be another now."""
    version, content = _kept.get(path, (None, None))
    try:
        now = _version(path.stat())
    except OSError:
        return content
    return content if version in (None, now) else None


def everything() -> dict[Path, bytes]:
    """Return all that was read as root, for another process of ours (`adopt`)."""
    return {path: content for path, (_, content) in _kept.items()}


def adopt(files: Mapping[Path, bytes]) -> None:
    """Have this process know files as another read them, whatever became of them since."""
    _kept.update({path: (None, content) for path, content in files.items()})


def _version(found: os.stat_result) -> Version:
    return found.st_ino, found.st_ctime_ns, found.st_size
