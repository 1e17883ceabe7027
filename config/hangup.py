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

    One that came while the signal was blocked counts too.
    """
    loop = asyncio.get_running_loop()
    _callbacks.append(callback)
    loop.add_signal_handler(signal.SIGHUP, _call_all)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        _callbacks.remove(callback)
        if not _callbacks:
            loop.remove_signal_handler(signal.SIGHUP)


def _call_all() -> None:
    for callback in tuple(_callbacks):
        callback()
