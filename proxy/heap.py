"""Giving memory back: large blocks are mapped one by one, so that each is gone when it is freed.

Owns: that one setting of the C library, where it is glibc.
Does not own: how much mail may be held (`upload`).

Left to itself, glibc takes the first large block that is freed as a sign to keep all of that size
(mallopt(3), M_MMAP_THRESHOLD): after a few messages of 25 MB a process would hold hundreds of
megabytes for good, and a message that grows would be copied each time instead of being mapped anew.
"""

import ctypes

_M_MMAP_THRESHOLD = -3
_LARGE_OCTETS = 1024 * 1024


def give_large_blocks_back() -> None:
    """Do so from now on, in this process; elsewhere than with glibc, do nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_OCTETS)
