"""A database into which a store is being copied."""

from pathlib import Path

import pytest

from tests.support import moving
from tests.support.postgresql import cluster
from tracker.store.database import open_to_change, open_to_feed, reading
from tracker.store.opened import StoreError
from tracker.store.server import unfinished
from tracker.store.server.unfinished import Unfinished

COPY = Unfinished("/var/lib/waypost/waypost.db", "1:2", "a/")


def test_it_is_known_until_it_is_done() -> None:
    """With what is copied, and for whom."""
    with cluster().lent_store() as db:
        assert unfinished.find(db) is None
        unfinished.begin(db, COPY)
        assert unfinished.find(db) == COPY
        unfinished.end(db)
        unfinished.refuse(db, "it")


def test_nobody_feeds_changes_or_reads_it(tmp_path: Path) -> None:
    """It is said what to do."""
    new = moving.new(tmp_path)
    open_to_feed(new).close()
    with moving.server(new) as db:
        unfinished.begin(db, COPY)
    for use in (open_to_feed, open_to_change, lambda place: reading(place).__enter__()):
        with pytest.raises(StoreError, match="run `waypost store copy` once more") as told:
            use(new)
        assert told.value.cause == "unfinished"
