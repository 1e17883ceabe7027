"""A process that forgets somebody, and dies on the way: by SIGKILL, at a step of its choice.

A step is whenever Python tells its audit hooks that a file is opened, renamed, removed or locked, or a
database opened: so between any two transactions, and on each side of whatever happens to a file's name.
"""

import os
import signal
import sys
from pathlib import Path

from config.loading.load import load
from tracker.erasure.forget import erase
from tracker.ingest import waiting

STEPS = {"open", "os.rename", "os.remove", "os.truncate", "fcntl.flock", "sqlite3.connect"}


def forget(config_file: Path, name: str, last: int) -> None:
    """Forget somebody as the command does; die before a step, the first being 1."""
    config = load(config_file)
    passed = 0

    def count(event: str, _arguments: tuple[object, ...]) -> None:
        nonlocal passed
        if event in STEPS:
            passed += 1
            if passed == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    erase(config, name)
    waiting.for_rewriting(config, lambda _progress: None)
