"""A person is forgotten, from the spool being counted to the store being written anew.

Owns: what is waited for before and after.
Does not own: what is erased, and in which order (`tracker.erasure.forget`), or waiting itself
(`tracker.ingest.waiting`).
"""

import time
from collections.abc import Callable
from dataclasses import replace

from config.schema import Config
from tracker.erasure import tasks
from tracker.erasure.forget import Forgotten, erase
from tracker.ingest import reserving, waiting
from tracker.ingest.catch_up import catch_up
from tracker.store import database
from tracker.store.replacement import Progress

NODES_PATIENCE_S = 10.0
"""How long is waited for other nodes. One that is silent does it before anything else when it is back."""
NODES_POLL_S = 0.1


class NotNow(Exception):
    """Nothing is erased yet, as events cannot be counted now; the text says why."""


def forget(config: Config, name: str, tell: Callable[[Progress], None]) -> Forgotten:
    """Erase a person everywhere, and wait until no octet of theirs is left.

    May be stopped at any time, and be done again. `tell` is called with what is waited for. Raises
    NotNow, StoreError, DatabaseErrors and OSError.
    """
    waiting.for_replacement(config, tell)
    reserving.make_room(config.store.path)
    backlog = catch_up(config, tell=tell, through_upgrade=True)
    if backlog.why:
        raise NotNow(f"nothing is erased yet, try again: {backlog.why}")
    done = erase(config, name, tell)
    if database.exists(config.store):
        waiting.for_rewriting(config, tell)
    return replace(done, nodes_left=tuple(_nodes_left(config)))


def _nodes_left(config: Config) -> list[str]:
    """Wait a moment for the nodes that share a store to do what is their own; return who has not."""
    if config.store.engine == "sqlite":
        return []
    deadline_s = time.monotonic() + NODES_PATIENCE_S
    while True:
        with database.reading(config.store) as db:
            left = tasks.nodes_left(db)
        if not left or time.monotonic() > deadline_s:
            return left
        time.sleep(NODES_POLL_S)
