"""Disks that are small, and can be filled to the last octet."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.support.waiting import until

Mounting = Callable[[int], AbstractContextManager[Path]]


@pytest.fixture
def mounted(tmp_path: Path) -> Mounting:
    """Return what mounts a file system of so many MB; needs the right to."""

    @contextmanager
    def mounting(megabytes: int) -> Iterator[Path]:
        folder = tmp_path / "disk"
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("a small file system can only be mounted by root")
        try:
            yield folder
        finally:
            until(lambda: unmounted(folder))

    return mounting


def unmounted(folder: Path) -> bool:
    """Unmount, unless it is in use: Python's resource tracker ends only after whoever started it."""
    return subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode == 0
