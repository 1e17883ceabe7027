"""Files beside the store that hold one record a line, as JSON, and are only ever appended to.

Owns: appending records durably beside other writers, reading lines back past damaged ones, and
putting records in the place of others.
Does not own: what a line says (`tracker.decisions.consents`, `tracker.decisions.overrides`), or
what becomes of one that is lost (`record_file`).
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from config.files.durable import open_or_make, sync_directory
from config.files.regular import opener

Record = TypeVar("Record")


def octets_of(path: Path) -> bytes:
    """Return what is in a file, nothing where there is none; raises OSError."""
    try:
        with open(path, "rb", opener=opener) as file:
            return file.read()
    except FileNotFoundError:
        return b""


def parse(octets: bytes, adapter: TypeAdapter[Record]) -> Iterator[Record | None]:
    """Yield each line's record; None stands for a damaged line."""
    for line in octets.splitlines():
        if line.strip():
            yield _record(line, adapter)


def _record(line: bytes, adapter: TypeAdapter[Record]) -> Record | None:
    try:
        return adapter.validate_json(line)
    except ValidationError:
        return None


def dump(records: Iterable[Record], adapter: TypeAdapter[Record]) -> bytes:
    """Return the lines of records."""
    return b"".join(adapter.dump_json(each) + b"\n" for each in records)


def append(path: Path, adapter: TypeAdapter[Record], *records: Record) -> None:
    """Write records down durably, each on a line of its own; raises OSError."""
    append_lines(path, (adapter.dump_json(each) for each in records))


def append_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write down lines durably, which have no ends yet; raises OSError."""
    octets = b"".join(line + b"\n" for line in lines)
    if octets:
        with _locked(path) as file:
            _append(file, octets)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read and append to, alone; it is made where there is none."""
    descriptor = open_or_make(path, os.O_RDWR | os.O_APPEND)
    with os.fdopen(descriptor, "a+b") as file:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield file
    sync_directory(path.parent)


def _append(file: BinaryIO, lines: bytes) -> None:
    if not lines:
        return
    file.write(_gap(file.fileno()) + lines)
    file.flush()
    os.fsync(file.fileno())


def _gap(descriptor: int) -> bytes:
    """Return what ends a line that was torn, so that the next one stands alone."""
    size = os.fstat(descriptor).st_size
    return b"\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else b""


@dataclass(frozen=True, slots=True)
class RawLine(Generic[Record]):
    """One line of a file, which begins at the offset `at`; `record` is None if it is damaged."""

    at: int
    octets: bytes
    record: Record | None


def supersede(
    path: Path,
    adapter: TypeAdapter[Record],
    goes: Callable[[RawLine[Record]], bool],
    instead: Callable[[Record], Record],
    also: Iterable[Record] = (),
) -> list[RawLine[Record]]:
    """Put other records in the place of those in lines that go, and write down `also`.

    Return the lines that went; raises OSError. What is written is appended, and durable before
    spaces stand in the place of the old: in place, so that nobody who appends meanwhile appends to
    a file that is gone.
    """
    with _locked(path) as file:
        there = list(_placed(file, adapter))
        gone = [line for line in there if goes(line)]
        new = [*also, *(instead(line.record) for line in gone if line.record is not None)]
        said = {line.record for line in there}
        _append(file, dump((each for each in dict.fromkeys(new) if each not in said), adapter))
        _blank(path, gone)
    return gone


def _placed(file: BinaryIO, adapter: TypeAdapter[Record]) -> Iterator[RawLine[Record]]:
    file.seek(0)
    at = 0
    for octets in file.read().splitlines(keepends=True):
        yield RawLine(at, octets, _record(octets, adapter))
        at += len(octets)


def _blank(path: Path, lines: Iterable[RawLine[Record]]) -> None:
    with open(
        path, "r+b", buffering=0, opener=opener
    ) as file:  # what is open to append cannot write elsewhere
        for line in lines:
            os.pwrite(file.fileno(), b" " * len(line.octets.rstrip(b"\r\n")), line.at)
        os.fsync(file.fileno())
