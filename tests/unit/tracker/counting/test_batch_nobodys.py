"""Clicks of those who ask not to be tracked: counted, judged, and not kept."""

from typing import Any

from tests.support.checks.facts import (
    NAMING,
    SENT_S,
    accepted,
    clicked,
    own_click,
    own_link,
    pending,
    put,
    to_ann,
    totals,
)
from tests.support.engines import engine, gives_back
from tests.support.feeding import click_rows
from tracker.counting.batch import feed
from tracker.events import Clicked, SentLink
from tracker.reports import activity, clicks, summary
from tracker.reports.figures import Figures
from tracker.retention.retention import purge
from tracker.sql.sqlite import SQLite
from tracker.store.reserved import DAY_S, NO_CAMPAIGN, PURGED

__all__ = ["engine", "gives_back"]

LATER = {"at_s": SENT_S + 9000.0}


def asking(event_id: str, message: str = "m1", **changes: Any) -> Clicked:
    """Return a click of somebody who asks not to be tracked."""
    told = {"ip": "192.0.2.0", "network": "192.0.2.0", "user_agent": "Odd/1"} | LATER
    return clicked(event_id, message, **{**told, "asks_for_privacy": True, **changes})


def test_it_counts_as_nobodys_and_its_delivery_as_clicked(db: SQLite) -> None:
    """So the click rate is right, and nobody is known to have clicked."""
    put(db, pending(), accepted(), asking("c1"), clicked("c2", recipient=2, **LATER))
    assert totals(db) == Figures(
        messages=1,
        deliveries=2,
        clicked=2,
        clicks_human=2,
        clicks_all=2,
        unique_human=1,
        unique_all=1,
    )
    report = summary.report(db)
    assert report.campaigns[0].figures == totals(db)
    assert (report.links[0].link, report.links[0].figures.clicks_all) == (
        "https://example.net/1",
        2,
    )
    assert sum(day.figures.clicks_all for day in report.days) == 2


def test_nothing_else_of_it_is_kept(db: SQLite) -> None:
    """No row, no agent, no network; the person is known to have got the mail alone."""
    put(db, pending(), accepted(), asking("c1"))
    assert click_rows(db) == list(clicks.clicks(db)) == list(clicks.clickers(db)) == []
    assert [row["event"] for row in activity.activity(db, "ann@example.net")] == ["sent"]
    dump = "\n".join(db.conn.iterdump())
    assert not any(each in dump for each in ("Odd/1", "c0000200"))


def test_it_counts_once_however_often_it_comes(db: SQLite) -> None:
    """In one batch, or in another."""
    put(db, pending(), accepted(), asking("c1"), asking("c1"))
    put(db, asking("c1"), asking("c2"))
    assert totals(db).clicks_all == 2


def test_whoever_feeds_is_told_to_rewrite_its_record(db: SQLite) -> None:
    """As of the forgotten."""
    with db.atomic():
        told = feed(db, [pending(), asking("c1"), clicked("c2")], NAMING)
    assert told == {"c1"}


def test_it_is_judged_beside_others_and_changes_nothing_of_them(db: SQLite) -> None:
    """A burst with a click that is known is a machine's; the other stays what it is alone."""
    put(db, pending(), accepted(), clicked("c1", **LATER))
    put(db, asking("c2", link=2, at_s=SENT_S + 9000.1))
    assert [row["human"] for row in click_rows(db)] == [1]
    assert (totals(db).clicks_human, totals(db).clicks_all, totals(db).clicked) == (1, 2, 1)
    put(db, clicked("c3", link=3, at_s=SENT_S + 9000.15))
    assert [row["reasons"] for row in click_rows(db)] == ["burst/1", "burst/1"]


def test_several_are_judged_together(db: SQLite) -> None:
    """Those that come together."""
    put(db, pending(), accepted())
    put(db, asking("c1"), asking("c2", link=2, at_s=SENT_S + 9000.1))
    assert (totals(db).clicks_human, totals(db).clicks_all, totals(db).clicked) == (0, 2, 0)


def test_a_link_that_is_theirs_alone_counts_under_its_host(db: SQLite) -> None:
    """Its URL would be their name."""
    put(db, to_ann(links=(own_link("ann"),)), accepted("m1", 1))
    put(db, own_click("c1", "m1", "ann", asks_for_privacy=True, **LATER))
    links = {each.link for each in summary.report(db).links if each.figures.clicks_all}
    assert links == {"https://example.net/"}


def test_a_link_that_another_click_on_the_copy_named_counts_under_its_host_all_the_same(
    db: SQLite,
) -> None:
    """A scanner's, as a rule; a purge leaves nothing of the URL, which told of the reader alone."""
    own = SentLink(1, "https://example.net/for/ann", None, "")
    put(db, to_ann(links=(own,)), accepted("m1", 1))
    put(db, clicked("c1", destination=own.url, **LATER))
    put(db, asking("c2", destination=own.url))
    found = {each.link: each.figures.clicks_all for each in summary.report(db).links}
    assert found == {own.url: 1, "https://example.net/": 1}
    purge(db, SENT_S + DAY_S)
    assert "for/ann" not in "\n".join(db.conn.iterdump())
    assert totals(db).clicks_all == 2


def test_on_a_message_that_is_unknown_or_purged(db: SQLite) -> None:
    """It counts where any click on it does."""
    put(db, asking("c1", "m9"))
    db.execute("INSERT INTO settings VALUES ('purged_before_s', ?)", [SENT_S - 900])
    put(db, asking("c2", "m8", sent_at_s=SENT_S - 1000))
    counted = dict(
        db.execute(
            "SELECT campaign_id, clicks_all FROM counters"
            " WHERE day = 0 AND link_id = 0 AND campaign_id > 0"
        ).fetchall()
    )
    assert counted == {NO_CAMPAIGN: 1, PURGED: 1}


def test_on_a_shared_copy_it_is_one_of_its_clicks(db: SQLite) -> None:
    """Nobody knew whose they are before, either."""
    put(db, pending(shared=True), accepted("m1"), asking("c1", recipient=0))
    assert (totals(db).clicks_shared, totals(db).clicks_all) == (1, 1)
