"""A service that starts on a store of an earlier version upgrades it, and counts on."""

import threading

import pytest

from config.schema import Config
from tests.support import earlier_stores
from tests.support.earlier_stores import put_last
from tests.support.feeding import eventually, put, running
from tests.support.log_lines import Lines
from tracker.first_form import copy, upgrade
from tracker.ingest.ingester import Ingester
from tracker.reports import summary
from tracker.spool.writer import Spool
from tracker.store import database


def clicks(config: Config) -> int:
    """Return how many clicks the report has."""
    with database.reading(config.store) as db:
        return summary.report(db).totals.clicks_all


def test_service_upgrades_its_store_and_counts_what_came_meanwhile(
    storing: Config, spool: Spool, ingester: Ingester, logged: Lines
) -> None:
    """The log says when it began and ended, and how far it was."""
    put_last(storing.store.path)
    put(spool, 1)
    with running(ingester):
        put(spool, 2)
        eventually(lambda: clicks(storing) == 56 + 2)
    told = {line["event"] for line in logged}
    assert told >= {"store_upgrade_started", "store_upgrading", "store_upgraded"}
    assert "ingest_failed" not in told


def test_service_that_is_stopped_amid_an_upgrade_goes_on_later(
    storing: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends within a chunk, and no failure is logged."""
    put_last(storing.store.path)
    stop, copied = threading.Event(), copy.copy_chunk

    def stopping(*arguments: object) -> object:
        stop.set()
        return copied(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(copy, "copy_chunk", stopping)
        Ingester(storing).run(stop)
    assert upgrade.is_due(storing.store.path)
    begun = storing.store.path.with_name(f".{storing.store.path.name}.upgraded")
    assert begun.exists()
    with running(Ingester(storing)):
        eventually(lambda: not upgrade.is_due(storing.store.path))
    assert not begun.exists()
    with database.reading(storing.store.path) as db:
        assert earlier_stores.answers(db) == earlier_stores.told(earlier_stores.LAST)
