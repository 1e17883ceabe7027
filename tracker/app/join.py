"""Taking our name among the nodes that share a database, before a process of ours starts.

Owns: that whatever waits for a database in vain is no thread of a process that is to be forked, and listens
nowhere: should the service be killed meanwhile, the next finds its addresses free.
Does not own: what is looked at there, and for how long (`tracker.nodes.joining`).
"""

import os
import socket
from collections.abc import Sequence

from config.schema import Config
from tracker.app.parts import CannotStart
from tracker.nodes import joining


def join(config: Config, sockets: Sequence[socket.socket]) -> None:
    """Take our name; raises CannotStart, with the `sockets` that listen closed, where another has it.

    It does so, too, where a store is being copied into that database.
    """
    if config.store.engine == "sqlite":
        return
    refusal = _joined_apart(config, sockets)
    if refusal:
        _close(sockets)
        raise CannotStart([refusal])


def _close(sockets: Sequence[socket.socket]) -> None:
    for each in sockets:
        each.close()


def _joined_apart(config: Config, sockets: Sequence[socket.socket]) -> str:
    """Join in a process of its own, which ends with that; return why we may not, or ""."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            _close(sockets)
            joining.join(config)
        except Exception as error:  # noqa: BLE001 - who waits for this hears nothing else
            os.write(writing, str(error).encode() or type(error).__name__.encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        refusal = told.read().decode()
    os.waitpid(child, 0)
    return refusal
