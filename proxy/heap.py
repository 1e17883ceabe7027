"""Memory of a process that serves for months: large blocks go back, what stays is left in peace.

Owns: settings of the C library (where it is glibc) and of Python's collector.
Does not own: how much mail may be held (`upload`).

Left to itself, glibc takes the first large block that is freed as a sign to keep all of that size
(mallopt(3), M_MMAP_THRESHOLD): after a few messages of 25 MB a process would hold hundreds of
megabytes for good, and a message that grows would be copied each time instead of being mapped anew.
"""

import ctypes
import gc

_M_MMAP_THRESHOLD = -3
_LARGE_OCTETS = 1024 * 1024


def settle_in() -> None:
    """Call once all is loaded and before work begins."""
    _give_large_blocks_back()
    # Going through all modules again and again would stall every session for some 50 ms.
    gc.collect()
    gc.freeze()
    # And once more, for it to count anew: it waits until a quarter of what it saw last has come.
    gc.collect()


def _give_large_blocks_back() -> None:
    """Do so from now on, in this process; elsewhere than with glibc, do nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_OCTETS)
