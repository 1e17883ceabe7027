"""The naive proxy beside this file, started."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rivals import Server
from support.processes import free_port, program
from support.sink import Sink

NAIVE = Path(__file__).with_name("naive_proxy.py")


@contextmanager
def naive(folder: Path, sink: Sink, key_file: Path) -> Iterator[Server]:
    """Run it until the block ends."""
    folder.mkdir()
    port = free_port()
    arguments = [sys.executable, NAIVE, str(port), str(sink.port), key_file]
    with program(arguments, port, folder / "naive.log") as process:
        yield Server("naive proxy", port, (process.pid,))
