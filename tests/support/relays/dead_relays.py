"""Relays that are of no use, each in its own way; all on the loopback.

Owns: five ways to be dead. Does not own: what must come of them.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from tests.support.clients.programs import free_port


@contextlib.contextmanager
def refused() -> Iterator[int]:
    """Have nothing listen."""
    yield free_port()


@contextlib.contextmanager
def dropped() -> Iterator[int]:
    """Drop whatever asks for a connection, as a firewall does: the queue of a listener is full."""
    with socket.socket() as listener, contextlib.ExitStack() as queue:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = queue.enter_context(socket.socket())
            waiting.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield listener.getsockname()[1]


@contextlib.contextmanager
def _saying(greeting: bytes, *, then_close: bool = False) -> Iterator[int]:
    kept: list[socket.socket] = []

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                kept.append(connection)
                connection.sendall(greeting)
                if then_close:
                    connection.close()

    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    for each in kept:
        each.close()


def silent() -> AbstractContextManager[int]:
    """Accept connections, and say nothing."""
    return _saying(b"")


def hanging() -> AbstractContextManager[int]:
    """Greet, and answer nothing."""
    return _saying(b"220 relay.test ESMTP\r\n")


def busy() -> AbstractContextManager[int]:
    """Say 421 at once."""
    return _saying(b"421 4.3.2 too busy\r\n", then_close=True)


DEAD_RELAYS: dict[str, Callable[[], AbstractContextManager[int]]] = {
    "refused": refused,
    "silent": silent,
    "dropped": dropped,
    "hanging": hanging,
    "busy": busy,
}
