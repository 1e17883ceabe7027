"""Fixtures of the spool and the store: an empty one, what writes to it, what feeds it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.schema import Config
from tests.support.checks.facts import empty
from tracker.ingest.ingester import Ingester
from tracker.spool.writer import Spool
from tracker.sql.sqlite import SQLite


@pytest.fixture
def store_table(tmp_path: Path) -> dict[str, str]:
    """Return the table `[store]` of a configuration; `tests.support.engines` has those of other engines."""
    return {"url": f"sqlite:///{tmp_path}/waypost.db"}


@pytest.fixture
def storing(store_table: dict[str, str]) -> Config:
    """Return a configuration whose store is not there yet."""
    return Config.model_validate({"store": store_table})


@pytest.fixture
def spool(storing: Config) -> Iterator[Spool]:
    """Return a spool of this store."""
    made = Spool.open(storing.store.spool_dir, "tracker")
    yield made
    made.close()


@pytest.fixture
def ingester(storing: Config) -> Iterator[Ingester]:
    """Return an ingester of this store."""
    made = Ingester(storing)
    yield made
    made.close()


@pytest.fixture
def db() -> Iterator[SQLite]:
    """Return an empty store in memory."""
    made = empty()
    yield made
    made.close()
