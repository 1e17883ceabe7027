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
from tracker.ingest.catch_up import Backlog, catch_up
from tracker.store import database
from tracker.store.file.replacement import Progress

NODES_PATIENCE_S = 10.0
"""How long is waited for other nodes. One that is silent does it before anything else when it is back."""
NODES_POLL_S = 0.1
UNREADABLE = (
    "Nothing is erased before the user of the service may read that file again, or it is moved out of the spool;"
    " it may tell of the person too"
)


class NotNow(Exception):
    """Nothing is erased yet, as events cannot be counted now; the text says why, and what to do."""


def forget(config: Config, name: str, tell: Callable[[Progress], None]) -> Forgotten:
    """Erase a person everywhere, and wait until no octet of theirs is left.

    May be stopped at any time, and be done again. `tell` is called with what is waited for. Raises
    NotNow, StoreError, DatabaseErrors and OSError.
    """
    waiting.for_replacement(config, tell)
    reserving.make_room(config.store.path)
    backlog = catch_up(config, tell=tell, through_upgrade=True)
    if backlog.why and not _is_left_to_node(config, backlog):
        raise NotNow(_not_now(backlog))
    done = erase(config, name, tell)
    if database.exists(config.store):
        waiting.for_rewriting(config, tell)
    return replace(done, nodes_left=tuple(_nodes_left(config)))


def _is_left_to_node(config: Config, backlog: Backlog) -> bool:
    """Return whether this node erases them from what is not counted yet as other nodes do (docs/adr/0040)."""
    return backlog.unreadable and config.store.engine == "postgresql"


def _not_now(backlog: Backlog) -> str:
    if backlog.unreadable:
        return f"{backlog.why}. {UNREADABLE}"
    return f"nothing is erased yet, try again: {backlog.why}"


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
