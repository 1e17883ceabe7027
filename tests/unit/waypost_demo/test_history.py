"""The weeks behind the demo, written down and counted."""

from datetime import UTC, datetime
from random import Random

import pytest

from tests.support.feeding import click_rows, message_rows
from tracker.ingest.catch_up import catch_up
from tracker.reports import summary
from tracker.store import database
from waypost_demo import history, set_up
from waypost_demo.history import Written
from waypost_demo.set_up import Demo

NOW = datetime(2026, 11, 29, 15, 0, tzinfo=UTC)
SITE = "http://localhost:8082"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Demo, Written]:
    """Return a demo with its past, all of it counted."""
    made = set_up.set_up(tmp_path_factory.mktemp("demo"), 2600, SITE)
    written = history.write(made, NOW)
    assert catch_up(made.config, 60).why == ""
    return made, written


def test_the_plan_is_alike_each_time() -> None:
    """Of one day."""
    first, second = (list(history.plan(SITE, NOW, Random(1))) for _ in range(2))
    assert first == second


def test_what_readers_do_follows_from_the_message_alone() -> None:
    """Not from what time of the day it is."""
    morning, evening = (
        {each.seed: each.appeal for each in history.plan(SITE, now, Random(1))}
        for now in (NOW.replace(hour=1), NOW.replace(hour=23))
    )
    assert morning == evening


def test_nothing_of_it_is_in_the_future(demo: tuple[Demo, Written]) -> None:
    """Neither a message nor a click."""
    with database.reading(demo[0].config.store.path) as db:
        assert max(row["sent_s"] for row in message_rows(db)) < NOW.timestamp()
        assert max(row["at_s"] for row in click_rows(db)) < NOW.timestamp()


def test_all_of_it_is_counted(demo: tuple[Demo, Written]) -> None:
    """What is said to be behind the demo is in its store."""
    made, written = demo
    with database.reading(made.config.store.path) as db:
        report = summary.report(db)
    assert report.totals.clicks_all == written.clicks
    assert {each.name.text for each in report.campaigns} == written.campaigns
    assert len(written.readers) == 60


def test_figures_are_those_of_mail_as_it_is(demo: tuple[Demo, Written]) -> None:
    """People and machines, a rate that one believes, clicks that are doubtful, nothing unknown."""
    with database.reading(demo[0].config.store.path) as db:
        report = summary.report(db)
    totals = report.totals
    assert totals.click_rate is not None
    assert 0.2 < totals.click_rate < 0.45
    assert 0 < totals.clicks_doubtful < totals.clicks_human < totals.clicks_all
    assert report.unknown_messages == 0


def test_links_of_each_readers_own_are_one(demo: tuple[Demo, Written]) -> None:
    """And orders are one link, whatever their numbers."""
    with database.reading(demo[0].config.store.path) as db:
        links = {each.name.text for each in summary.report(db).links}
    assert f"{SITE}/lists/…" in links
    assert f"{SITE}/orders/…?ref=mail&copy=1" in links


def test_several_rules_have_something_to_show(demo: tuple[Demo, Written]) -> None:
    """The page of machines has more than one line."""
    with database.reading(demo[0].config.store.path) as db:
        found = {
            reason.partition("/")[0] for row in click_rows(db) for reason in row["reasons"].split()
        }
    assert {"burst", "head", "scanner-network", "no-language", "robot-agent", "prefetch"} <= found
