"""Memory that was used for large messages goes back."""

import gc
import platform
import subprocess
import sys
import weakref

import pytest

from config.service import gc_tuning

GROW_AND_FREE = """
import io, pathlib, resource
from config.service.gc_tuning import freeze_startup_objects

def resident_octets():
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()

freeze_startup_objects()
before = resident_octets()
for _ in range(5):
    message = io.BytesIO()
    for _ in range(300):
        message.write(bytes(65536))
    kept = message.getvalue()
    copy = kept + b"."
    del message, kept, copy
print(resident_octets() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not glibc: nothing is set")
def test_nothing_of_a_large_message_stays() -> None:
    """Five messages of 20 MB, one after the other, leave less than one megabyte behind."""
    done = subprocess.run(
        [sys.executable, "-c", GROW_AND_FREE], capture_output=True, check=True, timeout=60
    )
    assert int(done.stdout) < 1_000_000


FAULTS_OF_LARGE_BLOCKS = """
import io, resource
from config.service.gc_tuning import freeze_startup_objects

def work():
    message = io.BytesIO()
    for _ in range(160):
        message.write(bytes(65536))
    return len(message.getvalue() + b".")

freeze_startup_objects(keep_large_blocks={keeps})
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    work()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 5)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not glibc: nothing is set")
def test_where_one_large_message_follows_another_its_memory_is_used_again() -> None:
    """To map two blocks of 10 MB anew takes 5,000 page faults, a large part of all that is done with them."""
    faults = {
        keeps: int(
            subprocess.run(
                [sys.executable, "-c", FAULTS_OF_LARGE_BLOCKS.format(keeps=keeps)],
                capture_output=True,
                check=True,
                timeout=60,
            ).stdout
        )
        for keeps in (True, False)
    }
    assert faults[True] * 4 < faults[False]


def test_what_was_there_before_is_not_gone_through_again() -> None:
    """A full collection looks at what came later alone."""
    look = "import gc\nfrom proxy.server import server\nfrom config.service.gc_tuning import freeze_startup_objects\nfreeze_startup_objects()\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{look}print(len(gc.get_objects()), gc.get_freeze_count())"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    live, frozen = map(int, done.stdout.split())
    assert live * 20 < frozen


def test_many_sessions_at_once_do_not_have_all_gone_through() -> None:
    """As much as 1,300 sessions are comes, and no full collection."""
    come = (
        "import gc\nfrom config.service.gc_tuning import freeze_startup_objects\nfreeze_startup_objects()\n"
        "before = gc.get_stats()[2]['collections']\n"
        "kept = [[] for _ in range(gc.get_threshold()[0] * 130)]\n"
        "print(gc.get_stats()[1]['collections'], gc.get_stats()[2]['collections'] - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", come], capture_output=True, check=True, timeout=60)
    smaller, full = map(int, done.stdout.split())
    assert smaller > 9
    assert full == 0


class _Cycle:
    def __init__(self) -> None:
        self.itself = self


@pytest.mark.parametrize(("smaller", "stays"), [(9, True), (10, False)])
def test_what_is_old_is_gone_through_where_that_is_due(
    smaller: int, *, stays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some smaller collections, so that it takes no time where nothing happened."""
    old = _Cycle()
    there = weakref.ref(old)
    gc.collect(1)  # it is among the oldest now
    del old
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, smaller))
    gc_tuning.collect_if_idle()
    assert (there() is not None) == stays


def test_nothing_is_gone_through_while_much_is_made() -> None:
    """As many lists as would have been looked at a hundred times are not; afterwards they are, as before."""
    collected = gc.get_stats()[0]["collections"]
    with gc_tuning.collecting_later():
        made = [[] for _ in range(100_000)]
        assert gc.get_stats()[0]["collections"] == collected
    made += [[] for _ in range(100_000)]
    assert gc.get_stats()[0]["collections"] > collected


def test_who_never_collects_does_not_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where collecting was off before the block, it stays so."""
    monkeypatch.setattr(gc, "isenabled", lambda: False)
    try:
        with gc_tuning.collecting_later():
            pass
        monkeypatch.undo()
        assert not gc.isenabled()
    finally:
        gc.enable()
