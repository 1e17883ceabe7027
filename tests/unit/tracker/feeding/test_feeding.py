"""Ingester and sender begin and end together, and half of them does not go on alone."""

import subprocess
import sys
from pathlib import Path

from config.schema import Config
from tests.support.feeding import click_count, eventually, put
from tracker.feeding.feeding import Feeding
from tracker.spool.writer import Spool

BREAKS = """
import sys
from config.schema import Config
from tracker.feeding.feeding import Feeding
from tracker.webhooks.sender import Sender

def breaks(sender, stop):
    raise MemoryError

Sender.run = breaks
with Feeding(Config.model_validate({"store": {"url": "sqlite:///" + sys.argv[1]}}), "feed"):
    import time
    time.sleep(60)
"""


def test_what_waits_is_counted_while_it_runs(storing: Config, spool: Spool) -> None:
    """And no more once it has ended."""
    put(spool, 1, 2)
    with Feeding(storing, "feed"):
        eventually(lambda: click_count(storing) == 2)
    put(spool, 3)
    assert click_count(storing) == 2
    with Feeding(storing, "feed"):
        eventually(lambda: click_count(storing) == 3)


def test_a_thread_that_ends_takes_the_process_along(tmp_path: Path) -> None:
    """Whoever watches the process starts another, instead of one that does half of the work."""
    done = subprocess.run(
        [sys.executable, "-c", BREAKS, tmp_path / "waypost.db"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert b"feeder_lost" in done.stdout + done.stderr
    assert b"MemoryError" in done.stdout + done.stderr
