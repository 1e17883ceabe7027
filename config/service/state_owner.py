"""Whose the store is, and working as that user where root runs a command (credentials(7)).

Owns: finding that user, giving up root's rights for theirs, and refusing to work as root where
others could put files in the way.
Does not own: keeping what only root may read (`config.keys.kept_files`), or which commands touch
the store (`config.cli.options`).

Who can change the folder of the store can exchange all that is in it while a command runs. As root,
SQLite would follow their links (it opens files by path) and give what it makes to the owner of the
database. As that owner, a command reaches nothing that they could not reach without it.
"""

import ctypes
import os
import pwd
import stat
from collections import deque
from dataclasses import dataclass
from pathlib import Path

MAX_LINKS = 40
"""Symbolic links on the way to a file, as in the kernel (path_resolution(7))."""
PR_SET_DUMPABLE = 4
"""prctl(2), of <linux/prctl.h>."""


class CannotWork(Exception):
    """Root cannot work on this store, neither as its owner nor as root; the text says why."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The user that commands work as: the one to whom `place` belongs."""

    uid: int
    gid: int
    name: str
    place: Path

    @classmethod
    def of(cls, place: Path, found: os.stat_result) -> "Owner":
        """Return the owner of a file, with their own group where they have an account."""
        try:
            account = pwd.getpwuid(found.st_uid)
        except KeyError:
            group = found.st_gid or found.st_uid  # never root's
            return cls(found.st_uid, group, f"user {found.st_uid}", place)
        return cls(account.pw_uid, account.pw_gid, account.pw_name, place)


_worked_as: list[Owner] = []


def worked_as() -> Owner | None:
    """Return whose rights this process has instead of root's; None where it gave up none."""
    return _worked_as[-1] if _worked_as else None


def caller() -> int:
    """Return the id of the user who called this process, whoever it works as by now."""
    return 0 if _worked_as else os.getuid()


def caller_name() -> str:
    """Return the name of that user as the system knows it, whatever the environment says."""
    uid = caller()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # in a container, whose user may have no name
        return f"uid {uid}"


def become_owner(store: Path, spool: Path) -> None:
    """Drop root's rights for those of the owner of a store, for good; raises CannotWork.

    Nothing changes for a process that is not root's, or where store and spool belong to root.
    """
    if os.geteuid() != 0:
        return
    owner = owner_of(store, spool)
    if owner is None:
        return
    try:
        _set_groups(owner)
        os.setresgid(owner.gid, owner.gid, owner.gid)
        os.setresuid(owner.uid, owner.uid, owner.uid)
    except OSError as error:
        raise CannotWork(
            f"cannot work as {owner.name}, to whom {owner.place} belongs: {error.strerror}"
        ) from None
    _worked_as.append(owner)


def show_files_to_children() -> None:
    """Let processes of the same user open our files in memory, as if we had never been root.

    The kernel forbids that to everybody once a process has changed its user; the process that works
    on large messages needs it. Commands do without, so that nobody looks into them.
    """
    if _worked_as:
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def owner_of(store: Path, spool: Path) -> Owner | None:
    """Return who is not root and owns the store, its folder or its spool; None where root owns all.

    What is not there yet belongs to whom the folder belongs. Raises CannotWork where root owns all,
    but others can change a folder on the way.
    """
    ways = [_Way.to(store), _Way.to(spool)]
    for place in (place for way in ways for place in (way.folders[-1], way.end)):
        found = place.stat()
        if found.st_uid != 0:
            return Owner.of(place, found)
    for way in ways:
        for folder in way.folders[:-1]:
            _refuse_foreign(folder, store)
        for folder in (way.folders[-1], way.end):
            _refuse_shared(folder, store)
    return None


def _set_groups(owner: Owner) -> None:
    try:
        os.initgroups(pwd.getpwuid(owner.uid).pw_name, owner.gid)
    except KeyError:
        os.setgroups([owner.gid])


@dataclass(frozen=True, slots=True)
class _Way:
    """The folders in which a name on the way to a file is looked up, and the file.

    Links are followed, and the folders that they stand in are among them. Where nothing is there
    yet, the end is the last folder.
    """

    folders: tuple[Path, ...]
    end: Path

    @classmethod
    def to(cls, path: Path) -> "_Way":
        folders, names, links = [Path("/")], deque(path.absolute().parts[1:]), 0
        while names:
            name = names.popleft()
            found = folders[-1].parent if name == ".." else folders[-1] / name
            if found.is_symlink():
                links += 1
                if links > MAX_LINKS:
                    raise CannotWork(f"{path} leads through too many symbolic links")
                target = found.readlink()
                names.extendleft(reversed(target.parts[target.is_absolute() :]))
                if target.is_absolute():
                    folders.append(Path("/"))
            elif not names or not found.is_dir():
                return cls(tuple(folders), found if found.exists() else folders[-1])
            else:
                folders.append(found)
        return cls(tuple(folders), folders[-1])


def _refuse_foreign(folder: Path, store: Path) -> None:
    """Raise CannotWork where not only root can rename what stands in a folder."""
    found = folder.stat()
    if not _is_roots(found.st_uid):
        name = Owner.of(folder, found).name
        why = f"{name}, to whom {folder} belongs, could put other files in its place"
        raise _refusal(store, why)
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        raise _refusal(store, _others_can(folder, found))


def _refuse_shared(place: Path, store: Path) -> None:
    """Raise CannotWork where not only root can make files in a folder."""
    found = place.stat()
    is_shared = found.st_mode & stat.S_IWOTH or (found.st_mode & stat.S_IWGRP and found.st_gid)
    if stat.S_ISDIR(found.st_mode) and is_shared:
        raise _refusal(store, _others_can(place, found))


def _others_can(folder: Path, found: os.stat_result) -> str:
    mode = stat.S_IMODE(found.st_mode)
    return f"others can change {folder} (mode {mode:04o}), and could put files in its place"


def _refusal(store: Path, why: str) -> CannotWork:
    return CannotWork(
        f"root does not work on {store}: {why}"
        " (keep it in a folder that belongs to the user that Waypost runs as)"
    )


def _is_roots(uid: int) -> bool:
    """Return whether a file is root's, or that of whom a user namespace does not know.

    In such a namespace (user_namespaces(7)) the machine's own root is one of these.
    """
    overflow = int(Path("/proc/sys/kernel/overflowuid").read_text())
    return uid == 0 or (uid == overflow and not _is_mapped(uid))


def _is_mapped(uid: int) -> bool:
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        first, _, count = map(int, line.split())
        if first <= uid < first + count:
            return True
    return False
