"""PgBouncer before the session's cluster, as Debian has it: connections of many, over few of its own."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients.programs import free_port
from tests.support.postgresql import USER, cluster
from tests.support.waiting import until

_PROGRAM = Path("/usr/sbin/pgbouncer")


@contextlib.contextmanager
def pooling(mode: str) -> Iterator[int]:
    """Run a pooler in one of its modes; yield its port. Skip where there is none to be had."""
    if not _PROGRAM.exists():
        pytest.skip("no PgBouncer: install Debian's package pgbouncer")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as folder:
        file = Path(folder) / "pgbouncer.ini"
        file.write_text(
            f"[databases]\n* = host={cluster().folder} user={USER}\n[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = any\npool_mode = {mode}\ndefault_pool_size = 10\n"
        )
        as_whom = []
        if os.getuid() == 0:  # as whom it refuses to run
            shutil.chown(folder, "postgres", "postgres")
            as_whom = ["-u", "postgres"]
        program = subprocess.Popen(
            [_PROGRAM, "-q", *as_whom, file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            until(lambda: _answers(port), 60)
            yield port
        finally:
            program.terminate()
            program.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False
