"""Waiting for a store that is being replaced, or is to be written anew after somebody was forgotten.

Owns: waiting, and having it written anew where no service feeds the store.
Does not own: the replacement (`tracker.store.file.replacement`), writing anew (`tracker.store.file.rewriting`), or
bringing a store of an earlier version up to date (`catch_up`).
"""

import contextlib
import time
from collections.abc import Callable

from config.schema import Config
from tracker.ingest import bell
from tracker.ingest.ingester import Ingester
from tracker.store.file import replacement, rewriting
from tracker.store.file.replacement import Busy, Progress

POLL_S = 0.1
Tell = Callable[[Progress], object]


def for_replacement(config: Config, tell: Tell) -> None:
    """Wait as long as somebody is replacing the store; `tell` how far that is."""
    while progress := replacement.in_progress(config.store.path):
        tell(progress)
        time.sleep(POLL_S)


def for_rewriting(config: Config, tell: Tell) -> None:
    """Wait until the store is written anew, where that is wanted; do it where nobody feeds the store.

    Raises StoreError, DatabaseErrors, and OSError where there is no room for it.
    """
    while rewriting.is_wanted_at(config.store):
        for_replacement(config, tell)
        bell.ring(config.store.spool_dir)
        if config.store.engine == "sqlite":
            rewriting.require_room(config.store.path)
        ingester = Ingester(config)
        try:
            with contextlib.suppress(Busy):
                if ingester.drain() and rewriting.is_wanted_at(config.store):
                    tell(Progress("rewritten"))
                    ingester.rewrite()
        finally:
            ingester.close()
        time.sleep(POLL_S)
