"""Waiting for what other threads and processes bring about."""

import time
from collections.abc import Callable

WITHIN_S = 60.0
"""Far longer than anything takes on a busy machine of few cores: only a test that fails waits for so long."""
LOOK_EVERY_S = 0.01


def until(
    holds: Callable[[], object],
    within_s: float = WITHIN_S,
    seen: Callable[[], object] = lambda: "",
) -> None:
    """Wait until something holds; fail where it does not come about, and tell what is `seen` instead."""
    deadline_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline_s, f"not within {within_s:g} s\n{seen()}"
        time.sleep(LOOK_EVERY_S)
