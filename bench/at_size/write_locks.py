"""How long the store's write lock is held: asked for again and again by a process of its own."""

import contextlib
import multiprocessing
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

POLL_S = 0.001
GAP_S = 0.003


@dataclass(slots=True)
class Waited:
    """The longest time that somebody who wanted to write had to wait, and how often they wrote."""

    longest_s: float = 0.0
    times: int = 0


@contextlib.contextmanager
def watched(path: Path) -> Iterator[Waited]:
    """Ask for the write lock of a store throughout the block, as the ingester does."""
    waited = Waited()
    ours, theirs = multiprocessing.Pipe()
    asking = multiprocessing.get_context("spawn").Process(target=_ask, args=(path, theirs))
    asking.start()
    ours.recv()
    try:
        yield waited
    finally:
        ours.send(None)
        waited.longest_s, waited.times = ours.recv()
        asking.join()


def _ask(path: Path, pipe: Connection) -> None:
    longest_s, times = 0.0, 0
    pipe.send(None)
    while not pipe.poll():
        with contextlib.closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as conn:
            for _ in range(100):  # then on the file that is in place
                began_s = time.monotonic()
                while not _locked(conn):
                    time.sleep(POLL_S)
                longest_s = max(longest_s, time.monotonic() - began_s)
                conn.execute("ROLLBACK")
                times += 1
                time.sleep(GAP_S)
    pipe.send((longest_s, times))


def _locked(conn: sqlite3.Connection) -> bool:
    try:
        conn.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    return True
