"""Events that are lost for good: counted, and logged now and then."""

from collections.abc import MutableMapping
from typing import Any

import pytest

from tests.support.feeding import metric
from tracker.spool import drops
from tracker.spool.drops import Drops


def test_all_are_counted_and_the_log_is_not_flooded(
    logged: list[MutableMapping[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line at the first, another after a while, with how many there were since."""
    dropped, before = Drops(), metric("waypost_spool_dropped_events_total")
    for _ in range(10):
        dropped.add(1, "full")
    assert metric("waypost_spool_dropped_events_total") - before == 10
    assert [(line["events"], line["why"]) for line in logged] == [(1, "full")]
    monkeypatch.setattr(drops, "TELL_S", 0)
    dropped.tell()
    dropped.add(2, "closed")
    assert [line["events"] for line in logged] == [1, 9, 2]


def test_nothing_dropped_is_nothing_to_tell(logged: list[MutableMapping[str, Any]]) -> None:
    """However often it is asked."""
    Drops().tell()
    assert logged == []
