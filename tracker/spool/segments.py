"""Spool segments as files: their names, their framing, and reading them back.

Owns: how a segment comes into being, what one record looks like, where the last one ends, and how damage is
told from an unfinished write. Does not own: when events are written (`writer`) or counted
(`tracker.ingest.ingester`).

A record is one line: the CRC-32 of its payload as eight hexadecimal digits, a space, the payload
(JSON, so without line feeds), a line feed. Damage costs the lines it touches and nothing else, and
an operator can read a segment with `less`.

While a segment is in use, blanks may follow its records: room for the next ones, on disk already
(`open_segment`). No record begins with a blank, and none that is whole ends with one.

A segment is in use while its writer holds an exclusive lock on it (flock(2)), which ends with the
process however it dies. A file gets its final name only after it was locked, so that whoever can
lock a segment knows that nobody will ever write to it again.
"""

import contextlib
import fcntl
import os
import re
import secrets
import time
import zlib
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from config.files.durable import inherit_owner, make_directory, sync_directory
from config.files.regular import open_regular
from config.value_objects import value

MAX_RECORD_OCTETS = 16 * 1024 * 1024
"""Longest line of a segment. A message of 1,000 recipients and 1,000 links takes about 2 MB."""

COPY_OCTETS = 1024 * 1024

BLANK = b" "
"""What room consists of, so that `less` and `grep` take a segment for text."""

LOOK_BACK_OCTETS = 4096
"""Looked at first, where the records of a segment end: mostly there are no blanks."""

AGAIN_S = (0.001, 0.02)
"""After these a record that is damaged, in a segment in use, is read again: it may have been half written."""

_NAME = re.compile(r"[a-z]+-[0-9]{10}-[0-9]+-[0-9a-f]{16}\.log\Z")
_BLANKS = BLANK * 65536
_FRAME_OCTETS = len(b"00000000 ")


@value
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
    path = directory / _new_name(role)
    return path, _make(path, None)


def create_again(path: Path) -> tuple[Path, int]:
    """Make an empty segment in place of the one at `path`, as `create` does."""
    return _replace(path, None)


def restore(path: Path, moved: int) -> tuple[Path, int]:
    """Make a segment anew at `path` with all that the open one `moved` holds, durably.

    Return its path and file descriptor. A file at `path` is replaced: it is a copy, at best; where
    a folder stands there, the segment gets another name. Raises OSError; then `moved` is as before.
    """
    return _replace(path, moved)


def _replace(path: Path, source: int | None) -> tuple[Path, int]:
    if path.is_dir():
        path = path.with_name(_new_name(_role(path)))
    return path, _make(path, source)


def _new_name(role: str) -> str:
    return f"{role}-{int(time.time()):010d}-{os.getpid()}-{secrets.token_hex(8)}.log"


def _role(path: Path) -> str:
    return path.name.lstrip(".").partition("-")[0]


def _make(path: Path, source: int | None) -> int:
    make_directory(path.parent)
    made = path.with_name(f".{path.name}")
    made.unlink(missing_ok=True)
    descriptor = os.open(made, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        inherit_owner(descriptor, path.parent)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if source is not None:
            _copy(source, descriptor)
        made = made.rename(path)
        sync_directory(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            os.close(descriptor)
        if made != path or source is None:
            with contextlib.suppress(OSError):
                made.unlink()
        raise
    return descriptor


def _copy(source: int, target: int) -> None:
    """Copy a file, durably; raises OSError."""
    offset = 0
    while octets := os.pread(source, COPY_OCTETS, offset):
        offset += os.write(target, octets)
    os.fdatasync(target)


Identity = tuple[int, int]
"""What tells a file from all others: its device and inode."""


def identity(descriptor: int) -> Identity:
    """Return that of an open file, which it keeps wherever it is moved."""
    held = os.fstat(descriptor)
    return held.st_dev, held.st_ino


def is_in_place(path: Path, descriptor: int) -> bool:
    """Return whether an open file is the one at `path`; also where that cannot be told."""
    return is_at(path, identity(descriptor))


def is_at(path: Path, identity: Identity) -> bool:
    """Return whether this file is the one at `path`; also where that cannot be told."""
    try:
        found = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - twice as fast as Path's
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return (found.st_dev, found.st_ino) == identity


def place_of(descriptor: int) -> str:
    """Return where an open file is now, as the system tells it; empty where it does not."""
    try:
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError:
        return ""


def listing(directory: Path) -> list[Path]:
    """Return the segments in `directory`, oldest first; none where it is missing."""
    try:
        found = [path for path in directory.iterdir() if _NAME.match(path.name)]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda path: path.name.split("-")[1:])


def sweep(directory: Path, before_s: float) -> None:
    """See to files of processes that died before they had named their segment.

    Empty ones are removed. One with records was being restored (`restore`), and gets a name.
    """
    for path in directory.glob(".*.log"):
        with contextlib.suppress(OSError):
            found = path.lstat()
            if not _NAME.match(path.name[1:]) or found.st_mtime >= before_s:
                continue
            if not found.st_size:
                path.unlink()
            else:
                path.rename(directory / _new_name(_role(path)))


def open_to_read(path: Path) -> int:
    """Open a segment and return its file descriptor; raises OSError, also for what is no file."""
    return open_regular(path, os.O_RDONLY | os.O_NOFOLLOW)


def is_finished(descriptor: int) -> bool:
    """Return whether the writer of an open segment is gone. Takes the lock if so."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def end_of_records(descriptor: int, after: int = 0, *, finished: bool = True) -> int:
    """Return where the records of an open segment end; it is known that they go to `after`, or further.

    Of a segment in use, a blank where a record should begin is taken for the end without a look at what
    follows. Raises OSError.
    """
    if not finished and os.pread(descriptor, 1, after) == BLANK:
        return after
    end, look_octets = os.fstat(descriptor).st_size, LOOK_BACK_OCTETS
    while end > after:
        start = max(after, end - look_octets)
        found = _octets(descriptor, start, end)
        # Less than that is a bad block, of which is to hear who reads as far as that; or it was finished just now.
        if len(found) < end - start:
            return max(after, min(end, os.fstat(descriptor).st_size))
        if found != _BLANKS and (found := found.rstrip(BLANK)):
            return start + len(found)
        end, look_octets = start, len(_BLANKS)
    return after


def _octets(descriptor: int, start: int, end: int) -> bytes:
    """Return what can be read between two offsets, which may be nothing."""
    try:
        return os.pread(descriptor, end - start, start)
    except OSError:
        return b""


def unread_octets(path: Path, offset: int = 0) -> int:
    """Return how much a segment holds from an offset on; raises OSError."""
    descriptor = open_to_read(path)
    try:
        return max(0, end_of_records(descriptor, offset, finished=False) - offset)
    finally:
        os.close(descriptor)


def fill(descriptor: int, start: int, end: int) -> None:
    """Write room for records between two offsets; raises OSError."""
    while start < end:
        start += os.pwrite(descriptor, _BLANKS[: end - start], start)


def read(descriptor: int, offset: int, limit_octets: int, *, finished: bool) -> list[Record]:
    """Read records from `offset` on, about `limit_octets` of them (at least one, if there is one).

    What follows the last line feed is an unfinished write: left alone while the writer lives, a
    damaged record once the segment is finished. Of a segment in use, a damaged record is read alone. Raises OSError.
    """
    records = _read(descriptor, offset, limit_octets, finished=finished)
    # Who reads what is being written over room may see the end of a record before its middle.
    for pause_s in () if finished else AGAIN_S:
        if not records or records[0].payload is not None:
            break
        time.sleep(pause_s)
        records = _read(descriptor, offset, limit_octets, finished=False)
    return records if finished else _up_to_damage(records)


def _up_to_damage(records: list[Record]) -> list[Record]:
    """Return the records before one that is damaged; that one, if it is the first."""
    return list(takewhile(lambda record: record.payload is not None, records)) or records[:1]


def _read(descriptor: int, offset: int, limit_octets: int, *, finished: bool) -> list[Record]:
    end = end_of_records(descriptor, offset, finished=finished)
    left_octets = end - offset
    octets = os.pread(descriptor, min(limit_octets, left_octets), offset)
    if b"\n" not in octets and len(octets) == limit_octets:
        octets = os.pread(descriptor, min(MAX_RECORD_OCTETS, left_octets), offset)
    read_to = offset + len(octets)
    at_end = read_to >= end or not os.pread(descriptor, 1, read_to)
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
    framed = raw.startswith(b"%08x " % zlib.crc32(payload)) and raw.endswith(b"\n")
    return payload if framed else None
