"""A file of codes, each on a line with the token that it stands for, and in the log of all nodes a number.

Owns: reading on from where the last reading ended, appending durably beside other writers, and
which codes the file lacks.
Does not own: what is held in memory, and why there are two such files (`short_links`).
"""

import fcntl
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from config.files.durable import open_or_make, sync_directory
from config.files.regular import opener
from tracker.records.watch import ChangeDetector

LAST_OCTETS = 64
"""Of what was read last, by which a file is known to be the same as before."""

_LINES = re.compile(r"^([A-Za-z0-9]{1,7}) ([A-Za-z0-9_-]+)(?: [0-9]+)?\r?$", re.MULTILINE)
_ANY_LINES = re.compile(rb"[^\r\n]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read; with `whole`, it is all that the file has."""

    links: dict[str, str] = field(default_factory=dict)
    whole: bool = False


class CodeFile:
    """One file. `lacking` are codes that it should have; `damaged` counts lines without a code."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lacking: set[str] = set()
        self.damaged = 0
        self._changes = ChangeDetector(path)
        self._file: tuple[int, int] | None = None
        self._offset = 0
        self._last = b""

    def read_new(self) -> Reading:
        """Return what was added, where the file is another than before; raises OSError."""
        with self._changes.reading() as changed:
            return self._read() if changed else Reading()

    @property
    def trouble(self) -> OSError | None:
        """Why the file could not be read the last time; None where it could."""
        return self._changes.trouble

    def _read(self) -> Reading:
        try:
            with open(self.path, "rb", opener=opener) as file:
                return self._read_on(file)[0]
        except FileNotFoundError:
            self._begin(None)
            return Reading(whole=True)

    def extend(self, choose: Callable[[Reading], Mapping[str, str]]) -> None:
        """Read what was added, and durably append what `choose` makes of it; raises OSError."""
        self._changes.expect_change()  # what is written now may be gone at the next reading
        descriptor = open_or_make(self.path, os.O_RDWR | os.O_APPEND)
        with os.fdopen(descriptor, "a+b") as file:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            reading, torn = self._read_on(file)
            links = choose(reading).items()
            file.write(b"\n" * torn + b"".join(f"{c} {t}\n".encode("ascii") for c, t in links))
            file.flush()
            os.fsync(descriptor)
        sync_directory(self.path.absolute().parent)

    def _read_on(self, file: BinaryIO) -> tuple[Reading, bool]:
        """Return what follows the last reading, and whether the last line has no end yet."""
        found = os.fstat(file.fileno())
        identity = found.st_dev, found.st_ino
        whole = identity != self._file or not self._is_continued(file)
        if whole:
            self._begin(identity)
        file.seek(self._offset)
        octets = file.read()
        ended = octets.rfind(b"\n") + 1
        self._offset += ended
        self._last = octets[:ended][-LAST_OCTETS:] or self._last
        return Reading(self._links(octets[:ended]), whole), ended < len(octets)

    def _begin(self, identity: tuple[int, int] | None) -> None:
        self._file, self._offset, self._last, self.damaged = identity, 0, b"", 0

    def _is_continued(self, file: BinaryIO) -> bool:
        """Return whether what was read last still stands there: a copy may have been put back."""
        file.seek(self._offset - len(self._last))
        return file.read(len(self._last)) == self._last

    def _links(self, octets: bytes) -> dict[str, str]:
        # All at once, as there may be a million.
        found = _LINES.findall(octets.decode("ascii", "replace"))
        if len(found) != octets.count(b"\n"):
            self.damaged += len(_ANY_LINES.findall(octets)) - len(found)
        links = dict(found)
        if len(links) < len(found):
            links.clear()
            for code, token in found:
                settle(links, code, token)
        return links


def settle(links: dict[str, str], code: str, token: str) -> bool:
    """Add what a code stands for to `links`; return whether that was not known.

    The first token of a code counts, as a code that somebody holds never changes its meaning; but a
    token that was cut off means nothing, and one that begins with it is the whole of it.
    """
    known = links.get(code, "")
    if known == token or not token.startswith(known):
        return False
    links[code] = token
    return True
