"""Memory of a process that runs for months: large blocks are freed, lasting objects not scanned.

Owns: settings of the C library (where it is glibc) and of Python's garbage collector.
Does not own: how much mail may be held (`proxy.session.memory_budget`), or when few sessions are
open (`proxy.server.server`).

Left to itself, glibc takes the first large block that is freed as a sign to keep all of that size
(mallopt(3), M_MMAP_THRESHOLD): after a few messages of 25 MB a process would hold hundreds of
megabytes for good, and a message that grows would be copied each time instead of being mapped anew.
But to map a block anew costs more than most of what is done with it: 10 MB are 2,500 page faults. So a
process that has one message at a time, and ends when there has been none for a while, keeps blocks.
"""

import contextlib
import ctypes
import gc
from collections.abc import Iterator

_FULL_AFTER = 100
"""Collections of young objects before a full one: a session is some 60 objects, and a full
collection would hold up 1,000 sessions for 50 ms."""
_DUE_AFTER = 10
"""The same while hardly any session is open, so that a full collection takes no time."""
_M_MMAP_THRESHOLD = -3
_M_TRIM_THRESHOLD = -1
_LARGE_OCTETS = 1024 * 1024
_LARGEST_KEPT_OCTETS = 32 * 1024 * 1024
"""The most that glibc takes for it: what is larger is mapped anew each time."""
_KEPT_OCTETS = 128 * 1024 * 1024
"""A message of 25 MB, as it came, as it was changed and as it was signed, and room."""


def freeze_startup_objects(*, keep_large_blocks: bool = False) -> None:
    """Call once all is loaded and before work begins.

    `keep_large_blocks`: for a process that ends soon after its last message; else they are given back.
    """
    if keep_large_blocks:
        _set(_M_MMAP_THRESHOLD, _LARGEST_KEPT_OCTETS)
        _set(_M_TRIM_THRESHOLD, _KEPT_OCTETS)
    else:
        _set(_M_MMAP_THRESHOLD, _LARGE_OCTETS)
    # Scanning all modules in every full collection would stall every session for some 50 ms.
    gc.collect()
    gc.freeze()
    # Once more, so that it counts anew: a full collection waits until a quarter as many objects
    # as the last one saw have been added.
    gc.collect()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _FULL_AFTER)


def collect_if_idle() -> None:
    """Do a full collection if one is due; call when few sessions are open."""
    if gc.get_count()[2] >= _DUE_AFTER:
        gc.collect()


@contextlib.contextmanager
def collecting_later() -> Iterator[None]:
    """Collect nothing within the block: for work whose many values are all gone once it is done.

    They are gone through again and again else, as long as they are there. What is due meanwhile
    follows the block.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _set(parameter: int, octets: int) -> None:
    """Set a parameter of glibc's allocator; without glibc, do nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(parameter, octets)
