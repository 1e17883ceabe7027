"""SIGHUP: the configuration is to be read again, by as many as live in this process.

Owns: passing one signal on to several; an event loop knows one handler a signal.
Does not own: what anyone does at it (`proxy.server`, `tracker.app`).
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator

_callbacks: list[Callable[[], object]] = []


@contextlib.contextmanager
def at_hangup(callback: Callable[[], object]) -> Iterator[None]:
    """Have `callback` called in the running loop at each SIGHUP while the block runs.

    One that came while the signal was blocked counts too. One that comes after the block finds
    nobody: the loop keeps its handler, as without one the signal would end what is about to stop.
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
