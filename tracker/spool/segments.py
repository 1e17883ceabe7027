"""Spool segments as files: their names, their framing, and reading them back.

Owns: how a segment comes into being, what one record looks like, and how damage is told from an
unfinished write. Does not own: when events are written (`writer`) or counted
(`tracker.ingest.ingester`).

A record is one line: the CRC-32 of its payload as eight hexadecimal digits, a space, the payload
(JSON, so without line feeds), a line feed. Damage costs the lines it touches and nothing else, and
an operator can read a segment with `less`.

A segment is in use while its writer holds an exclusive lock on it (flock(2)), which ends with the
process however it dies. A file gets its final name only after it was locked, so that whoever can
lock a segment knows that nobody will ever write to it again.
"""

import fcntl
import os
import re
import secrets
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tracker.records.durable import inherit_owner, make_directory, sync_directory

MAX_RECORD_OCTETS = 16 * 1024 * 1024
"""Longest line of a segment. A message of 1,000 recipients and 1,000 links takes about 2 MB."""

_NAME = re.compile(r"[a-z]+-[0-9]{10}-[0-9]+-[0-9a-f]{16}\.log\Z")
_FRAME_OCTETS = len(b"00000000 ")


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a segment. `payload` is None where the line is damaged.

    `raw` is the line as it stands, and `end` the offset after it.
    """

    raw: bytes
    end: int
    payload: bytes | None


def frame(payload: bytes) -> bytes:
    """Return `payload` as a record."""
    return b"%08x %s\n" % (zlib.crc32(payload), payload)


def create(directory: Path, role: str) -> tuple[Path, int]:
    """Make a segment that this process holds; return its path and file descriptor.

    The directory's entry is durable when this returns. Raises OSError.
    """
    make_directory(directory)
    name = f"{role}-{int(time.time()):010d}-{os.getpid()}-{secrets.token_hex(8)}.log"
    unnamed = directory / f".{name}"
    descriptor = os.open(unnamed, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        inherit_owner(unnamed)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unnamed.rename(directory / name)
        sync_directory(directory)
    except OSError:
        os.close(descriptor)
        unnamed.unlink(missing_ok=True)
        raise
    return directory / name, descriptor


def listing(directory: Path) -> list[Path]:
    """Return the segments in `directory`, oldest first; none where it is missing."""
    try:
        found = [path for path in directory.iterdir() if _NAME.match(path.name)]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda path: path.name.split("-")[1:])


def sweep(directory: Path, before_s: float) -> None:
    """Remove files of processes that died before they had named their segment; they are empty."""
    for path in directory.glob(".*.log"):
        found = path.stat()
        if _NAME.match(path.name[1:]) and not found.st_size and found.st_mtime < before_s:
            path.unlink()


def is_finished(descriptor: int) -> bool:
    """Return whether the writer of an open segment is gone. Takes the lock if so."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read(descriptor: int, offset: int, limit_octets: int, *, finished: bool) -> list[Record]:
    """Read records from `offset` on, about `limit_octets` of them (at least one, if there is one).

    What follows the last line feed is an unfinished write: left alone while the writer lives, a
    damaged record once the segment is finished.
    """
    octets = os.pread(descriptor, limit_octets, offset)
    if b"\n" not in octets and len(octets) == limit_octets:
        octets = os.pread(descriptor, MAX_RECORD_OCTETS, offset)
    at_end = len(os.pread(descriptor, 1, offset + len(octets))) == 0
    whole = finished and at_end
    if b"\n" not in octets and len(octets) >= MAX_RECORD_OCTETS:
        whole = True
    return list(_records(octets, offset, whole=whole))


def _records(octets: bytes, offset: int, *, whole: bool) -> Iterator[Record]:
    start = 0
    while start < len(octets):
        newline = octets.find(b"\n", start)
        if newline < 0 and not whole:
            return
        end = len(octets) if newline < 0 else newline + 1
        raw = octets[start:end]
        yield Record(raw, offset + end, _payload(raw))
        start = end


def _payload(raw: bytes) -> bytes | None:
    payload = raw[_FRAME_OCTETS:-1]
    return payload if frame(payload) == raw else None
