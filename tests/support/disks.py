"""Disks that are filled to the last octet."""

import contextlib
from pathlib import Path


def fill(path: Path) -> None:
    """Write until the disk is full to its last octet."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size_octets in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size_octets)
