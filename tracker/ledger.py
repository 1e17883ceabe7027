"""Files beside the store that hold one record a line, as JSON, and are only ever appended to.

Owns: appending a line durably beside other writers, reading lines back past damaged ones, and spaces
in the place of lines that are erased.
Does not own: what a line says (`consents`, `decisions`), noticing that a file changed (`watch`).
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from tracker.segments import inherit_owner, sync_directory

Record = TypeVar("Record")


def read(path: Path, adapter: TypeAdapter[Record]) -> Iterator[Record | None]:
    """Give each line's record, nothing where there is no file; None stands for a damaged line.

    Raises OSError.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        if not line.strip():
            continue
        try:
            yield adapter.validate_json(line)
        except ValidationError:
            yield None


def append(path: Path, adapter: TypeAdapter[Record], record: Record) -> None:
    """Write a record down durably, on a line of its own; raises OSError."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        inherit_owner(path)
        file.write(_gap(descriptor) + adapter.dump_json(record) + b"\n")
        file.flush()
        os.fsync(descriptor)
    sync_directory(path.parent)


def _gap(descriptor: int) -> bytes:
    """Give what ends a line that was torn, so that the next one stands alone."""
    size = os.fstat(descriptor).st_size
    return b"\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else b""


def blank(
    path: Path,
    adapter: TypeAdapter[Record],
    unwanted: Callable[[Record], bool],
    unwanted_damaged: Callable[[bytes], bool],
) -> int:
    """Write spaces over each line whose record is `unwanted`; gives how many. Raises OSError.

    Of a line that holds no record its octets are judged.

    In place, so that nobody who appends meanwhile appends to a file that is gone.
    """
    blanked = 0
    with path.open("r+b") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        at = 0
        for line in file.read().splitlines(keepends=True):
            if _is(line, adapter, unwanted, unwanted_damaged):
                os.pwrite(file.fileno(), b" " * len(line.rstrip(b"\r\n")), at)
                blanked += 1
            at += len(line)
        os.fsync(file.fileno())
    return blanked


def _is(
    line: bytes,
    adapter: TypeAdapter[Record],
    unwanted: Callable[[Record], bool],
    unwanted_damaged: Callable[[bytes], bool],
) -> bool:
    try:
        record = adapter.validate_json(line)
    except ValidationError:
        return unwanted_damaged(line)
    return unwanted(record)
