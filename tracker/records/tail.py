"""One file of records that is read again and again.

Owns: noticing that it changed, and reading no line twice while it only grows.
Does not own: what its lines say (`record_file`), or what is in force (`live`).
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

from tracker.records import jsonl
from tracker.records.record_file import ParsedLines
from tracker.records.watch import ChangeDetector

Record = TypeVar("Record")


class FileTail(Generic[Record]):
    """What a file said when it could last be read.

    What was read before is known by its digest: to hash it takes a hundredth of the time that it
    takes to read it as JSON.
    """

    def __init__(self, path: Path, parsed: Callable[[bytes], ParsedLines[Record]]) -> None:
        self._path = path
        self._parsed = parsed
        self._glance = ChangeDetector(path)
        self._ended: ParsedLines[Record] = ParsedLines()
        self._open: ParsedLines[Record] = ParsedLines()
        self._size_octets = 0
        self._digest = hashlib.sha256().digest()

    @property
    def lines(self) -> ParsedLines[Record]:
        """Give them."""
        return _added(self._ended, self._open)

    def look(self) -> bool:
        """Read the file where it is another than before; says whether. Raises OSError."""
        octets = self._glance.at(lambda: jsonl.octets_of(self._path))
        if octets is None:
            return False
        self._take(octets)
        return True

    @property
    def trouble(self) -> OSError | None:
        """Give why the file cannot be read now."""
        return self._glance.trouble

    def _take(self, octets: bytes) -> None:
        digest = hashlib.sha256(octets[: self._size_octets])
        if digest.digest() != self._digest:
            self._ended, self._size_octets, digest = ParsedLines(), 0, hashlib.sha256()
        end = octets.rfind(b"\n") + 1
        more = octets[self._size_octets : end]
        digest.update(more)
        self._ended = _added(self._ended, self._parsed(more))
        self._open = self._parsed(octets[end:])  # its end may be under way
        self._size_octets, self._digest = end, digest.digest()

    def share(self, made: tuple[Record, ...]) -> None:
        """Keep the records that `made` begins with instead of their likes, which take as much room."""
        count = len(self._ended.made)
        if self._ended.made == made[:count]:
            self._ended = replace(self._ended, made=made[:count])


def _added(lines: ParsedLines[Record], more: ParsedLines[Record]) -> ParsedLines[Record]:
    if more == ParsedLines():
        return lines
    return ParsedLines(lines.made + more.made, lines.damaged + more.damaged)
