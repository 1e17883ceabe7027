"""Memory that was used for large messages goes back."""

import platform
import subprocess
import sys

import pytest

GROW_AND_FREE = """
import io, pathlib, resource
from proxy.heap import settle_in

def resident_octets():
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()

settle_in()
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


def test_what_was_there_before_is_not_gone_through_again() -> None:
    """A full collection looks at what came later alone."""
    look = "import gc\nfrom proxy import server\nfrom proxy.heap import settle_in\nsettle_in()\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{look}print(len(gc.get_objects()), gc.get_freeze_count())"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    live, frozen = map(int, done.stdout.split())
    assert live * 20 < frozen
