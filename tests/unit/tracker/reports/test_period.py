"""Figures of what was sent within a period of days."""

import itertools

from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put, refused
from tests.support.checks.recount import recount
from tracker.reports import period, summary
from tracker.reports.figures import DayFigures, Figures
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S

DAY = SENT_S // DAY_S * DAY_S
"""When the day of `SENT_S` begins."""


def sent(db: Db, message: str, at_s: float, *clicks_at_s: float, **changes: object) -> None:
    """Have a message taken by the relay, and its first recipient click so long after sending."""
    put(db, pending(message, at_s=at_s, **changes), accepted(message, sent_s=at_s))
    for number, after_s in enumerate(clicks_at_s):
        at = {"at_s": at_s + after_s, "sent_at_s": int(at_s)}
        put(db, clicked(f"{message}c{number}", message, **at))


def test_no_bounds_are_all_time() -> None:
    """Neither of them; one alone bounds one side."""
    assert Period.of(None, None) == Period()
    assert Period.of(0.0, None) == Period()
    assert Period.of(SENT_S, None) == Period(since_s=SENT_S)
    assert Period.of(None, SENT_S) == Period(until_s=SENT_S)


def test_a_moment_within_a_day_stands_for_its_beginning() -> None:
    """So periods that follow each other have each message once."""
    assert Period.of_days(SENT_S, None).since_s == DAY
    assert Period.of_days(None, SENT_S).until_s == DAY
    assert Period.of_days(DAY, DAY + DAY_S).days() == {"first": DAY // DAY_S, "last": DAY // DAY_S}


def test_a_period_ends_before_its_last_moment(db: Db) -> None:
    """Where one ends, the next begins: each message is in one of them, with all of its clicks."""
    sent(db, "m1", SENT_S, 600, 9 * DAY_S)
    sent(db, "m2", SENT_S + DAY_S, 600)
    sent(db, "m3", SENT_S + 2 * DAY_S)
    edges = [None, SENT_S + DAY_S, SENT_S + 2 * DAY_S, None]
    parts = [
        summary.report(db, since_s=since_s, until_s=until_s).totals
        for since_s, until_s in itertools.pairwise(edges)
    ]
    assert [(each.messages, each.clicked, each.clicks_all) for each in parts] == [
        (1, 1, 2),
        (1, 1, 1),
        (1, 0, 0),
    ]
    whole = summary.report(db).totals
    assert (whole.messages, whole.deliveries, whole.clicked, whole.clicks_all) == (3, 6, 2, 3)


def test_until_alone_leaves_out_what_was_sent_later(db: Db) -> None:
    """From campaigns, links and days as well."""
    sent(db, "m1", SENT_S, 600)
    other = {"campaign": "other", "links": pending().links[:1]}
    sent(db, "m2", SENT_S + 5 * DAY_S, 600, **other)
    report = summary.report(db, until_s=DAY + DAY_S)
    assert [(each.campaign, each.figures.clicks_all) for each in report.campaigns] == [("news", 1)]
    assert [(each.link, each.figures.clicks_all) for each in report.links] == [
        ("https://example.net/1", 1),
        ("https://example.net/2", 0),
        ("https://example.net/3", 0),
    ]
    one = Figures(clicks_human=1, clicks_all=1)
    assert report.days == (DayFigures(SENT_S // DAY_S, one),)
    assert summary.report(db, until_s=DAY).totals == Figures()


def test_a_campaign_within_a_period_is_both(db: Db) -> None:
    """Its own messages of then, and the links that were clicked on them."""
    for number, campaign in enumerate(("news", "other", "news"), 1):
        sent(db, f"m{number}", SENT_S + number * DAY_S, 600, campaign=campaign)
    within = {"since_s": DAY, "until_s": DAY + 3 * DAY_S}
    report = summary.report(db, campaign="news", **within)
    assert (report.totals.messages, report.totals.clicks_all) == (1, 1)
    assert [each.figures.clicks_all for each in report.links if each.figures.clicks_all] == [1]
    both = summary.report(db, **within)
    assert (both.totals.messages, both.totals.unique_human) == (2, 1)
    assert both.links[0].figures.clicks_all == 2


def test_deliveries_of_a_period_are_counted_as_sums_are(db: Db) -> None:
    """Shared copies apart; what the relay refused, or a click alone tells of, as it is."""
    sent(db, "m1", SENT_S, 600)
    put(db, pending("m2", shared=True), accepted("m2"), clicked("s1", "m2", recipient=0))
    put(db, pending("m3"), accepted("m3", 1), refused("m3", 2))
    put(db, clicked("alone", "m4", recipient=3), accepted("m5"))
    found = period.figures(db, Period(since_s=DAY), {0})
    assert found[0] == summary.report(db).totals == recount(db).totals
    assert (found[0].messages, found[0].deliveries, found[0].clicked) == (5, 4, 2)
    assert (found[0].shared_messages, found[0].shared_recipients, found[0].clicks_shared) == (
        1,
        2,
        1,
    )


def test_doubtful_clickers_of_a_period_are_those_without_another_click(db: Db) -> None:
    """Within the period: on other messages they may have clicked as a person does."""
    sent(db, "m1", SENT_S)
    sent(db, "m2", SENT_S + DAY_S, 9000)
    put(db, clicked("c1", at_s=SENT_S + 9000, signals=("no-html",)))
    first = summary.report(db, until_s=DAY + DAY_S).totals
    assert (first.unique_human, first.unique_doubtful, first.clicks_doubtful) == (1, 1, 1)
    both = summary.report(db).totals
    assert (both.unique_human, both.unique_doubtful, both.clicks_doubtful) == (1, 0, 1)
    assert recount(db).totals == both
    assert summary.report(db, until_s=SENT_S + 9 * DAY_S).totals == both


def test_messages_of_which_nobody_knows_are_of_the_period(db: Db) -> None:
    """When they were sent."""
    put(db, pending("m1"), pending("m2", at_s=SENT_S + DAY_S))
    assert summary.report(db, until_s=DAY + DAY_S).unknown_messages == 1
    assert summary.report(db, until_s=DAY + 2 * DAY_S).unknown_messages == 2
    assert summary.report(db, since_s=DAY + DAY_S).unknown_messages == 1
