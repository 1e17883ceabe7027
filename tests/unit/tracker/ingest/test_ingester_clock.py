"""The ingester under clocks that are wrong, and through the time that passes: what is purged."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

import pytest

from config.schema import Config, PrivacyConfig
from tests.support.engines import engine, gives_back, store_table
from tests.support.feeding import SENT_S, metric, rows, spool_message
from tracker.ingest import ingester as ingester_module
from tracker.ingest.ingester import Ingester
from tracker.reports import summary
from tracker.retention import retention
from tracker.store import database

__all__ = ["engine", "gives_back", "store_table"]

DAY_S = 86400.0
Lines = list[MutableMapping[str, Any]]


@dataclass
class Clock:
    """A clock of the test's own, in place of the module `time`: what it says, and what has passed."""

    now_s: float = float(SENT_S)
    passed_s: float = 0.0

    def time(self) -> float:
        """Return the moment."""
        return self.now_s

    def monotonic(self) -> float:
        """Return what no clock that is set changes."""
        return self.passed_s

    def go(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds
        self.passed_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Set the clock of ingesters."""
    made = Clock()
    monkeypatch.setattr(ingester_module, "time", made)
    return made


def started(config: Config) -> None:
    """Start a service, feed what there is, look after the store, and end."""
    ingester = Ingester(config)
    assert ingester._try()
    ingester.close()


def test_a_start_with_a_clock_ten_years_ahead_loses_nothing(
    storing: Config, clock: Clock, logged: Lines
) -> None:
    """Rows stay; with the clock right again, mail and clicks count under their campaign."""
    spool_message(storing, "news", 1)
    started(storing)
    clock.now_s += 3652 * DAY_S
    started(storing)
    assert [line["event"] for line in logged].count("clock_doubted") == 1
    assert metric("waypost_clock_doubted") == 1
    clock.now_s -= 3652 * DAY_S
    clock.go(60)
    spool_message(storing, "news", 2)
    started(storing)
    assert metric("waypost_clock_doubted") == 0
    with database.reading(storing.store) as db:
        (campaign,) = summary.report(db).campaigns
    assert (campaign.campaign, campaign.figures.messages) == ("news", 2)
    assert rows(storing, "messages") == 2


def test_a_service_that_waits_for_its_first_mail_doubts_no_clock(
    storing: Config, clock: Clock, logged: Lines
) -> None:
    """However often it looks after the empty store meanwhile."""
    ingester = Ingester(storing)
    for _ in range(3):
        assert ingester._try()
        clock.go(3600)
    spool_message(storing, "news", 1, at_s=clock.now_s)
    for _ in range(3):
        assert ingester._try()
        clock.go(ingester_module.HOUSEKEEPING_S + 1)
    ingester.close()
    assert "clock_doubted" not in [line["event"] for line in logged]
    assert metric("waypost_clock_doubted") == 0


def test_an_idle_store_still_purges(storing: Config, clock: Clock) -> None:
    """By the time that passes while a service runs, or is off for no longer than a machine is."""
    keeping = storing.model_copy(update={"privacy": PrivacyConfig(retention="90d")})
    spool_message(keeping, "news", 1)
    started(keeping)
    for _ in range(4):
        clock.go(20 * DAY_S)
        started(keeping)
    assert rows(keeping, "messages") == 1
    ingester = Ingester(keeping)
    for _ in range(4 * 11):
        assert ingester._try()
        clock.go(ingester_module.HOUSEKEEPING_S + 1)
    ingester.close()
    assert rows(keeping, "messages") == 0


def test_a_horizon_of_the_future_is_lowered_before_anything_is_fed(
    storing: Config, clock: Clock, logged: Lines
) -> None:
    """A version that believed any clock has left it: what waits in the spool counts."""
    spool_message(storing, "news", 1)
    started(storing)
    with database.changing(storing.store) as opened:
        retention.purge(opened.db, SENT_S + 3000 * DAY_S)
    clock.go(2 * DAY_S)
    for number in (2, 3):
        spool_message(storing, "news", number, at_s=clock.now_s)
    started(storing)
    assert "purge_horizon_lowered" in [line["event"] for line in logged]
    with database.reading(storing.store) as db:
        assert summary.report(db).totals.messages == 3
