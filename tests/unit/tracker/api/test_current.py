"""The store as it is now, and the headers that tell what it lacks."""

import pytest
from starlette.responses import Response

from config.schema import Config
from tests.support.engines import IN_A_FILE, engine, gives_back, store_table
from tests.support.feeding import spool_message
from tracker.api.current import NOT_COUNTED, NOT_COUNTED_WHY, current
from tracker.reports import summary
from tracker.store.database import StoreError

__all__ = ["engine", "gives_back", "store_table"]


def test_what_the_spool_holds_is_counted_first(config: Config) -> None:
    """Then there is nothing to tell."""
    spool_message(config, "sale", 1)
    response = Response()
    with current(config, response) as db:
        assert summary.report(db).totals.messages == 1
    assert NOT_COUNTED not in response.headers
    assert NOT_COUNTED_WHY not in response.headers


def test_what_is_not_is_told(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """How much, and why."""
    spool_message(config, "sale", 1)
    monkeypatch.setattr("tracker.api.current.BRIEF_S", 0.1)
    monkeypatch.setattr("tracker.ingest.catch_up.Ingester.drain", lambda _self: False)
    response = Response()
    with current(config, response) as db:
        assert summary.report(db).totals.messages == 0
    assert int(response.headers[NOT_COUNTED]) > 0
    assert "another process" in response.headers[NOT_COUNTED_WHY]


@IN_A_FILE
def test_a_store_that_cannot_be_read_is_an_error(config: Config) -> None:
    """Which is answered with 503."""
    config.store.path.write_bytes(b"no database " * 100)
    with pytest.raises(StoreError), current(config, Response()):
        pass
