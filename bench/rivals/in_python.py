"""The two proxies beside this file, started: the one that is written first, and the least one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.rivals import Server
from bench.support.processes import free_port, program
from bench.support.sink import Sink

NAIVE, FLOOR = (Path(__file__).with_name(f"{name}_proxy.py") for name in ("naive", "floor"))


@contextmanager
def naive(folder: Path, sink: Sink, key_file: Path) -> Iterator[Server]:
    """Run what one would write first, until the block ends."""
    folder.mkdir()
    port = free_port()
    arguments = [sys.executable, *map(str, (NAIVE, port, sink.port, key_file))]
    with program(arguments, port, folder / "naive.log") as process:
        yield Server("naive proxy", port, (process.pid,))


@contextmanager
def floor(folder: Path, sink: Sink, key_file: Path) -> Iterator[Server]:
    """Run what does the least, until the block ends."""
    folder.mkdir()
    port = free_port()
    arguments = [sys.executable, *map(str, (FLOOR, port, sink.port, key_file, folder / "lines"))]
    with program(arguments, port, folder / "floor.log") as process:
        yield Server("the least: pass on, sign, one line durable", port, (process.pid,))
