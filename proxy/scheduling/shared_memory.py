"""Octets that go to another process and back without blocking the event loop.

Owns: a file in memory (memfd_create(2)) that both processes can open, and its end.
Does not own: the other process, or what is in the buffer (`offload`).

Pickled to a pipe, 25 MB are copied several times while the interpreter is locked, 20 to 100 ms at
a time, and no session goes on meanwhile. read(2) and write(2) release the interpreter, and the
kernel does the copying.
"""

import asyncio
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from concurrent.futures import Future


class SharedBuffer:
    """A context manager: a file in memory of this process, gone with it."""

    def __init__(self) -> None:
        """Make an empty one. Raises OSError where the system cannot."""
        self._descriptor = os.memfd_create("waypost-buffer")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _at: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    async def put(self, octets: bytes) -> None:
        """Fill it. Raises OSError."""
        await asyncio.to_thread(_write, self._descriptor, octets)

    async def taken(self) -> bytes:
        """Return what is in it, copied. Raises OSError."""
        return await asyncio.to_thread(_read, self._descriptor)

    def borrowed(self) -> "BorrowedBuffer":
        """Return a path to it for the other process, which stays valid after this context."""
        return BorrowedBuffer(os.dup(self._descriptor))


class BorrowedBuffer:
    """A buffer as another process reads and writes it: `path` stays valid until `until` is done.

    A descriptor closed too early could be another message's by the time the path is used.
    """

    def __init__(self, descriptor: int) -> None:
        self.path = Path(f"/proc/{os.getpid()}/fd/{descriptor}")
        self._descriptor = descriptor

    def until(self, done: "Future[Any]") -> None:
        """Close it when the other process has finished, with or without success."""
        done.add_done_callback(lambda _: os.close(self._descriptor))


def _write(descriptor: int, octets: bytes) -> None:
    view, at = memoryview(octets), 0
    while at < len(view):
        at += os.pwrite(descriptor, view[at:], at)


def _read(descriptor: int) -> bytes:
    size_octets = os.fstat(descriptor).st_size
    octets = os.pread(descriptor, size_octets, 0)
    if len(octets) != size_octets:
        raise OSError(f"{len(octets)} of {size_octets} octets came back")
    return octets
