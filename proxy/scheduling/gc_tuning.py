"""Memory of a process that serves for months: large blocks go back, what stays is left in peace.

Owns: settings of the C library (where it is glibc) and of Python's collector.
Does not own: how much mail may be held (`proxy.session.upload`).

Left to itself, glibc takes the first large block that is freed as a sign to keep all of that size
(mallopt(3), M_MMAP_THRESHOLD): after a few messages of 25 MB a process would hold hundreds of
megabytes for good, and a message that grows would be copied each time instead of being mapped anew.
"""

import ctypes
import gc

_FULL_AFTER = 100
"""How often the collector looks at young objects before it goes through all of them: a session is some
60 objects, and 1,000 sessions would be held up for 50 ms."""
_DUE_AFTER = 10
"""The same where that takes no time, as next to nobody is there."""
_M_MMAP_THRESHOLD = -3
_LARGE_OCTETS = 1024 * 1024


def freeze_startup_objects() -> None:
    """Call once all is loaded and before work begins."""
    _give_large_blocks_back()
    # Going through all modules again and again would stall every session for some 50 ms.
    gc.collect()
    gc.freeze()
    # And once more, for it to count anew: it waits until a quarter of what it saw last has come.
    gc.collect()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _FULL_AFTER)


def collect_if_idle() -> None:
    """Call when little is going on: then the collector need not go through all in the midst of much."""
    if gc.get_count()[2] >= _DUE_AFTER:
        gc.collect()


def _give_large_blocks_back() -> None:
    """Do so from now on, in this process; elsewhere than with glibc, do nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_OCTETS)
