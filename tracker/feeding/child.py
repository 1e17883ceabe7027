"""The process that feeds the store for a tracker, from within.

Owns: what it does with orders of its parent, and that it ends with it, however that ends.
Does not own: starting it and seeing to it (`process`), or feeding (`feeding`).
"""

import signal
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path

from config.keys import kept_files
from config.schema import Config
from config.telemetry import exposition, observe
from tracker.feeding.feeding import Feeding, give_way

NAME = "feed"
"""Of the process, as its metrics have it."""

Order = tuple[Config, Mapping[Path, bytes]]
"""A configuration, and what the parent has read as root of the files that it names."""


def feed(orders: Connection, service: str) -> None:
    """Feed the store as the latest of the `orders` says, until their sender, a `service`, is gone.

    It says when this is to end: whoever stops a service by a signal to all of its processes has the
    last clicks of those that are still answered counted.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    first = _next(orders)
    if first is None:
        return
    config, kept = first
    kept_files.adopt(kept)
    observe.configure(config.log.level, config.log.format)
    give_way()
    directory = exposition.directory_of(config.store.spool_dir)
    with exposition.published(directory, NAME), Feeding(config, service) as feeding:
        while (order := _next(orders)) is not None:
            config, kept = order
            kept_files.adopt(kept)
            feeding.configure(config)


def _next(orders: Connection) -> Order | None:
    """Wait for an order; None: nobody is there to give one."""
    try:
        order: Order = orders.recv()
    except (EOFError, OSError):
        return None
    return order
