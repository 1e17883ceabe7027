"""The store, as pages ask it."""

import pytest

from config.schema import Config
from tests.support.feeding import spool_message
from tracker.pages.reading import asking


def test_what_is_in_the_spool_is_counted_first(config: Config) -> None:
    """So that a page shows what happened a moment ago."""
    spool_message(config, "sale", 1)
    with asking(config) as store:
        assert store.db["messages"].count == 1
        assert store.not_counted == ()


def test_what_is_not_counted_yet_is_said(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words."""
    spool_message(config, "sale", 1)
    monkeypatch.setattr("tracker.pages.reading.BRIEF_S", 0.1)
    monkeypatch.setattr("tracker.ingest.catch_up.Ingester.drain", lambda _self: False)
    with asking(config) as store:
        assert "another process is feeding the store" in store.not_counted[0]
