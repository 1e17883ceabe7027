"""Judging all clicks anew: as if they had come to a store with these settings."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.checks.facts import SENT_S, accepted, clicked, empty, pending
from tests.support.checks.histories import histories
from tests.support.checks.recount import judged_sums, recount, recount_judged
from tests.support.engines import engine, gives_back
from tests.unit.tracker.counting.test_batch import rows, sums
from tracker.counting import reclassify
from tracker.counting.batch import feed
from tracker.events import Event
from tracker.judging.rules import Settings
from tracker.reports import summary
from tracker.sql.sqlite import SQLite
from tracker.store.database import Store

__all__ = ["engine", "gives_back"]

STRICT = Settings(threshold=60, doubtful=20)
CUT_S = SENT_S + 43200


def stored(events: list[Event], judged: Settings) -> Store:
    """Return a store that was fed with events, which were judged by these settings."""
    store = Store(empty())
    with store.transaction():
        feed(store.db, events, settings=judged)
    return store


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have chunks of few clicks, so that there are several."""
    monkeypatch.setattr(reclassify, "CHUNK_CLICKS", 3)


def figures(db: SQLite) -> tuple[Any, ...]:
    """Return all that depends on verdicts."""
    return sums(db), rows(db), summary.report(db)


@given(histories(), st.integers(0, 3))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=40,
)
def test_it_equals_a_fresh_store_wherever_it_was_stopped_before(
    events: list[Event], stopped_after: int
) -> None:
    """Chunks that were done are done; the others are as they were, until it is run again."""
    store, fresh = stored(events, Settings()), stored(events, STRICT)
    for _ in itertools.islice(reclassify.reclassify(store, STRICT), stopped_after):
        pass
    for _ in reclassify.reclassify(store, STRICT):
        pass
    assert figures(store.db) == figures(fresh.db)
    assert summary.report(store.db) == recount(store.db)
    assert judged_sums(store.db) == recount_judged(store.db)
    assert [done.changed for done in reclassify.reclassify(store, STRICT)][-1:] in ([], [0])
    store.close()
    fresh.close()


def test_what_changed_is_told_by_rule_and_campaign() -> None:
    """With a dry run as without, which changes nothing."""
    events = [pending(), accepted(), clicked("c1", at_s=SENT_S + 1)]
    store = stored(events, Settings())
    before = figures(store.db)
    cheap = Settings(points={"early": 0, "no-html": 10})
    (planned,) = reclassify.reclassify(store, cheap, dry_run=True)
    assert figures(store.db) == before
    (done,) = reclassify.reclassify(store, cheap)
    for told in (planned, done):
        assert (told.clicks, told.changed) == (1, 1)
        assert (told.gained, told.lost, +told.human) == ({}, {"early/1": 1}, {})
    (strict,) = reclassify.reclassify(store, STRICT)
    assert strict.human.total() == -1
    store.close()


def test_only_clicks_on_messages_since_a_moment_are_judged() -> None:
    """The others keep their labels."""
    late = {"at_s": CUT_S + 1}
    events: list[Event] = [pending(), pending("m2", at_s=CUT_S), clicked("c1", at_s=SENT_S + 1)]
    events.append(clicked("c2", "m2", sent_at_s=CUT_S, **late))
    store = stored(events, Settings())
    (done,) = reclassify.reclassify(store, STRICT, since_s=CUT_S)
    assert done.clicks == 1
    assert summary.report(store.db).totals.clicks_human == 1
    store.close()
