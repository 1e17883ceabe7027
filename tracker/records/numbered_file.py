"""A file of lines with the numbers that they have in the log of all nodes.

Owns: appending lines durably, each once; putting others in the place of all; blanking some.
Does not own: the log (`tracker.decisions.shared_log`), what stands in a line (`tracker.nodes.lines`), or
reading it for what it says (`live`, `tracker.minting.short_links`).

Only the process that feeds the store appends to it. Whoever erases a line blanks it in place, so that
nobody who has the file open writes to one that is gone.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from config.files.regular import opener
from config.keys.secret_files import write_secret
from tracker.records import jsonl


class NumberedFile:
    """One such file. `number_in` returns the number that stands in a line; None: it is none of ours."""

    def __init__(self, path: Path, number_in: Callable[[bytes], int | None]) -> None:
        self.path = path
        self._number_in = number_in

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield each line with its number, without its end; raises OSError."""
        for line in jsonl.octets_of(self.path).splitlines():
            number = self._number_in(line) if line.strip() else None
            if number is not None:
                yield number, line

    def append(self, lines: Iterable[bytes]) -> None:
        """Write down lines durably; raises OSError."""
        jsonl.append_lines(self.path, lines)

    def replace(self, lines: Iterable[bytes]) -> None:
        """Have the file hold these lines, whole or not at all; raises OSError."""
        octets = b"".join(line + b"\n" for line in lines)
        write_secret(self.path, octets, replace=True, inherit_owner=True)


def blank(path: Path, goes: Callable[[bytes], bool]) -> int:
    """Put spaces in the place of lines that go; return how many did. Raises OSError."""
    went = 0
    with contextlib.suppress(FileNotFoundError), open(path, "r+b", opener=opener) as file:
        at = 0
        for line in file.read().splitlines(keepends=True):
            text = line.rstrip(b"\r\n")
            if text.strip() and goes(text):
                os.pwrite(file.fileno(), b" " * len(text), at)
                went += 1
            at += len(line)
        os.fsync(file.fileno())
    return went
