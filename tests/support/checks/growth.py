"""How the work on hostile input grows: measured in processor time, compared within one run."""

import time
from collections.abc import Callable

TIMES = 8
_NOISE_S = 0.004
_GENEROUS = 5


def is_linear(work: Callable[[int], object], size: int) -> bool:
    """Whether work on eight times the size takes about eight times as long, not its square.

    Five times that is allowed for, and a few milliseconds: other programs share the machine.
    """
    return _best(work, size * TIMES) < _GENEROUS * TIMES * max(_best(work, size), _NOISE_S)


def _best(work: Callable[[int], object], size: int) -> float:
    times = []
    for _ in range(3):
        started = time.process_time()
        work(size)
        times.append(time.process_time() - started)
    return min(times)
