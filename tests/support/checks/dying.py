"""A process that forgets somebody, and dies on the way: by SIGKILL, at a step of its choice.

A step is whenever Python tells its audit hooks that a file is opened, renamed, removed or locked, or a
database opened: so between any two transactions, and on each side of whatever happens to a file's name. What is
asked of a server is a step as well, as nobody tells these hooks of it.
"""

import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from config.loading.load import load
from tracker.erasure.forget import erase
from tracker.ingest import waiting
from tracker.sql.postgresql import PostgreSQL

STEPS = {"open", "os.rename", "os.remove", "os.truncate", "fcntl.flock", "sqlite3.connect"}


def forget(config_file: Path, name: str, last: int) -> None:
    """Forget somebody as the command does; die before a step, the first being 1."""
    config = load(config_file)
    passed = 0

    def step() -> None:
        nonlocal passed
        passed += 1
        if passed == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def count(event: str, _arguments: tuple[object, ...]) -> None:
        if event in STEPS:
            step()

    for asking in ("execute", "executemany"):
        setattr(PostgreSQL, asking, _after(step, getattr(PostgreSQL, asking)))
    sys.addaudithook(count)
    erase(config, name)
    waiting.for_rewriting(config, lambda _progress: None)


def _after(step: Callable[[], None], asked: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(asked)
    def counted(*about: Any) -> Any:
        step()
        return asked(*about)

    return counted
