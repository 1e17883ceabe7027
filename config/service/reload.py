"""Reload: SIGHUP asks every service in this process to read its configuration again.

Owns: passing one signal on to several callbacks; an event loop has one handler for each signal.
Does not own: what a service does then (`proxy.server`, `tracker.app`).
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator

_callbacks: list[Callable[[], object]] = []


@contextlib.contextmanager
def on_sighup(callback: Callable[[], object]) -> Iterator[None]:
    """Call `callback` in the running loop at each SIGHUP while the block runs.

    A signal that arrived while SIGHUP was blocked counts too. One that arrives after the block is
    ignored: the loop keeps its handler, as without one the signal would kill a process that is
    about to stop.
    """
    _callbacks.append(callback)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _call_all)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        _callbacks.remove(callback)


def _call_all() -> None:
    for callback in tuple(_callbacks):
        callback()
