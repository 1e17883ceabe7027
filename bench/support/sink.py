"""smtp-sink, Postfix's server that takes everything: the relay behind all that is measured.

Owns: starting it, and how many messages have come.
"""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.support.processes import free_port, wait_for

PATIENCE_S = 120.0


@dataclass
class Sink:
    """A sink that runs; `count` is the number of messages so far."""

    port: int
    process: subprocess.Popen[bytes]
    count: int = 0
    _counting: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        """Read what it says of itself."""
        self._counting = threading.Thread(target=self._count, daemon=True)
        self._counting.start()

    def _count(self) -> None:
        assert self.process.stdout is not None
        text = b""
        while more := os.read(self.process.stdout.fileno(), 65536):
            *_, latest, text = [b"", *(text + more).split(b"\r")]
            if latest:
                self.count = int(latest.rpartition(b"mesg=")[2])

    def wait_for(self, count: int) -> None:
        """Wait until so many messages have come, from the start on."""
        deadline_s = time.monotonic() + PATIENCE_S
        while self.count < count:
            if time.monotonic() > deadline_s:
                raise SystemExit(f"smtp-sink got {self.count} messages of {count}")
            time.sleep(0.01)


@contextmanager
def smtp_sink() -> Iterator[Sink]:
    """Run a sink until the block ends."""
    if shutil.which("smtp-sink") is None:
        raise SystemExit("smtp-sink is not installed (Debian: apt-get install postfix)")
    port = free_port()
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    arguments = ["smtp-sink", *user, "-c", "-m", "4000", f"127.0.0.1:{port}", "512"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield Sink(port, process)
    finally:
        process.terminate()
        process.wait(30)
