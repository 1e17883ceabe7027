"""Several worker processes behind the same addresses, and their parent.

Owns: starting workers, restarting those that end unasked, passing on signals, and telling systemd
when all are ready.
Does not own: what a worker does (`proxy.server.server`, `tracker.app.app`).

The parent holds every listening socket, so that connections wait, and none is refused, while a
worker is restarted. It has no event loop and no thread: forking is safe at any time.
"""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence

from config.service import systemd

RESTART_PAUSE_S = 1.0
"""A worker that ends at once must not become a fork bomb."""

TICK_S = 1.0
"""How often the parent stops waiting for signals, to look after its workers."""

_PASSED_ON = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
_AWAITED = _PASSED_ON | {signal.SIGCHLD}

Work = Callable[[int, Callable[[], None]], None]
"""What the worker of this number does: serve its sockets, and call the callback once ready."""

Share = Sequence[socket.socket]
"""The listening sockets of one worker; others may have the same."""


class Workers:
    """The parent of `len(shares)` workers, each with its share of listening sockets."""

    def __init__(
        self,
        shares: Sequence[Share],
        work: Work,
        on_hangup: Callable[[], object],
        on_lost: Callable[[int], object],
        log_lost: Callable[..., object],
    ) -> None:
        """Run `work` in each worker, and the other two in the parent.

        `on_hangup` is called before the workers get a SIGHUP, `on_lost` with the number of a worker that
        has ended, before another takes its place. `log_lost` tells the log of one that ended unasked: by its
        exit status (`status`), or by what it raised (`exc_info`).
        """
        self._shares = shares
        self._work = work
        self._on_hangup = on_hangup
        self._on_lost = on_lost
        self._log_lost = log_lost
        self._running: dict[int, int] = {}
        self._stopping = False
        self._unready = len(shares)
        self._ready, self._tell_ready = os.pipe()
        self._parent_gone, self._parent_lives = os.pipe()
        os.set_blocking(self._ready, False)

    def run(self) -> int:
        """Keep the workers running until SIGTERM or SIGINT; return the exit status."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
        for index in range(len(self._shares)):
            self._start(index)
        while self._running:
            self._wait_and_look_after()
        return 0

    def _wait_and_look_after(self) -> None:
        told = signal.sigtimedwait(_AWAITED, TICK_S)
        if told is not None and told.si_signo != signal.SIGCHLD:
            self._pass_on(signal.Signals(told.si_signo))
        self._note_ready()
        self._restart_ended()
        if len(self._running) == len(self._shares) and systemd.watchdog_interval_s() is not None:
            systemd.notify("WATCHDOG=1")

    def _start(self, index: int) -> None:
        child = os.fork()
        if child:
            self._running[child] = index
            return
        status = 1
        try:
            # A SIGHUP that comes before the worker handles it waits, instead of ending the worker.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED - {signal.SIGHUP})
            os.close(self._parent_lives)
            _close_others(self._shares[index], self._shares)
            threading.Thread(target=_stop_with, args=(self._parent_gone,), daemon=True).start()
            self._work(index, lambda: _tell(self._tell_ready))
            status = 0
        except Exception as error:  # noqa: BLE001 - nothing else could log why this worker ended
            self._log_lost(exc_info=error)
        finally:
            os._exit(status)

    def _pass_on(self, number: signal.Signals) -> None:
        if number == signal.SIGHUP:
            self._on_hangup()
        else:
            self._stopping = True
            systemd.stopping()
            _close(self._shares)
        for child in self._running:
            os.kill(child, number)

    def _note_ready(self) -> None:
        try:
            told = len(os.read(self._ready, len(self._shares)))
        except BlockingIOError:
            return
        self._unready -= told
        if told > 0 and self._unready <= 0:
            systemd.ready()

    def _restart_ended(self) -> None:
        while self._running:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return
            index = self._running.pop(child, None)
            if index is None:
                continue
            self._on_lost(index)
            if not self._stopping:
                self._log_lost(status=os.waitstatus_to_exitcode(status))
                time.sleep(RESTART_PAUSE_S)
                self._start(index)


def _close_others(mine: Share, shares: Sequence[Share]) -> None:
    """Close the sockets of other workers: held here, they would listen on after those ended."""
    _close([[sock for sock in share if sock not in mine] for share in shares])


def _close(shares: Sequence[Share]) -> None:
    for share in shares:
        for sock in share:
            sock.close()


def _tell(descriptor: int) -> None:
    os.write(descriptor, b"!")


def _stop_with(parent_gone: int) -> None:
    """End this worker when its parent was killed: the pipe ends with the parent."""
    os.read(parent_gone, 1)
    os.kill(os.getpid(), signal.SIGTERM)
