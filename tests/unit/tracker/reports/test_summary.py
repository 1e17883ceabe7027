"""The report of everything, of a campaign, or of what was sent since a moment."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put
from tests.support.checks.recount import recount
from tracker.events import SentLink
from tracker.reports import summary
from tracker.reports.figures import DayFigures, Figures, Report
from tracker.retention.retention import purge
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S, PURGED_NAME

NEWS = Figures(
    messages=1,
    deliveries=2,
    clicked=1,
    clicks_human=3,
    clicks_all=3,
    unique_human=1,
    unique_all=1,
)
MACHINES = Figures(messages=1, deliveries=1, clicks_all=1, unique_all=1)


def test_campaigns_and_links_stand_in_the_order_of_their_clicks(filled: Db) -> None:
    """The most clicked first; nobody clicked some of them."""
    report = summary.report(filled)
    assert report.totals == NEWS + MACHINES
    assert [each.campaign for each in report.campaigns] == ["news", None]
    assert report.campaigns[0].figures == NEWS
    shown = [(each.link, each.text, each.figures.clicks_all) for each in report.links]
    assert shown[:2] == [("https://example.net/1", "link 1", 3), ("offer", "Offer", 1)]
    assert report.links[1].url == "https://example.net/4?who=1"


def test_a_link_is_summed_over_campaigns(filled: Db) -> None:
    """Who clicked it in several is one person."""
    put(filled, pending("m3", campaign="other"), accepted("m3"))
    put(filled, clicked("c5", "m3", at_s=SENT_S + 9000))
    first = summary.report(filled).links[0]
    figures = Figures(clicks_human=3, clicks_all=4, unique_human=1, unique_all=2)
    assert (first.link, first.figures) == ("https://example.net/1", figures)
    other = summary.report(filled, campaign="other").links[0]
    assert other.figures == Figures(clicks_human=1, clicks_all=1, unique_human=1, unique_all=1)


def test_a_report_may_be_of_one_campaign(filled: Db) -> None:
    """Its totals are the campaign's; one that nobody knows has none."""
    report = summary.report(filled, campaign="news")
    assert report.totals == report.campaigns[0].figures == NEWS
    assert [(each.link, each.figures.clicks_all) for each in report.links] == [
        ("https://example.net/1", 2),
        ("offer", 1),
        ("https://example.net/2", 0),
        ("https://example.net/3", 0),
    ]
    assert summary.report(filled, campaign="unknown") == Report(Figures(), (), ())


def test_a_report_may_be_of_what_was_sent_since_a_moment(filled: Db) -> None:
    """And of the clicks on that, whenever they came."""
    report = summary.report(filled, since_s=SENT_S + DAY_S)
    assert report.totals == report.campaigns[0].figures == MACHINES
    assert [each.campaign for each in report.campaigns] == [None]
    assert summary.report(filled, since_s=SENT_S + 2 * DAY_S) == Report(Figures(), (), ())


def test_a_report_has_so_many_links_at_most(filled: Db) -> None:
    """The most clicked; it says how many there are."""
    names = [f"https://example.net/{n}" for n in range(200)]
    links = tuple(SentLink(n, name, None, "") for n, name in enumerate(names, 1))
    put(filled, pending("m3", links=links), pending("m4", links=links), accepted("m3"))
    for since_s in (None, 1.0):
        report = summary.report(filled, since_s=since_s)
        assert (len(report.links), report.links_total) == (summary.TOP_LINKS, 201)
        assert [each.figures.clicks_all for each in report.links[:3]] == [3, 1, 0]


def test_days_are_those_on_which_somebody_clicked(filled: Db) -> None:
    """The first first, those of machines as well; of one campaign its own."""
    day = SENT_S // DAY_S
    news = DayFigures(day, Figures(clicks_human=3, clicks_all=3))
    assert summary.report(filled).days == (news, DayFigures(day + 1, Figures(clicks_all=1)))
    assert summary.report(filled, campaign="news").days == (news,)
    put(filled, clicked("c5", at_s=SENT_S + 9 * DAY_S, signals=("no-html",)))
    later = DayFigures(day + 9, Figures(clicks_human=1, clicks_doubtful=1, clicks_all=1))
    assert summary.report(filled, campaign="news").days == (news, later)


def test_a_campaign_may_be_called_as_ours_is(db: Db) -> None:
    """All ten messages count, each with its campaign; clicks on purged ones stand apart."""
    group = SentLink(1, "https://example.net/1", PURGED_NAME, "")
    purge(db, SENT_S - DAY_S)
    for number in range(10):
        message, campaign = f"m{number}", (PURGED_NAME, "news")[number % 2]
        put(db, pending(message, campaign=campaign, links=(group,)), accepted(message))
        put(db, clicked(f"c{number}", message))
    put(db, clicked("late", "gone", sent_at_s=SENT_S - 2 * DAY_S))
    for report in (summary.report(db), recount(db)):
        assert (report.totals.messages, report.totals.clicks_all) == (10, 11)
        assert [(each["campaign"], each["messages"], each["clicks"]["all"], each.get("purged_campaign"))
                for each in report.json()["campaigns"]] == [
            (PURGED_NAME, 5, 5, None), ("news", 5, 5, None), (PURGED_NAME, 0, 1, True),
        ]  # fmt: skip
        links = [(each.link, each.purged_link, each.figures.clicks_all) for each in report.links]
        assert links == [(PURGED_NAME, False, 10), (PURGED_NAME, True, 1)]
    assert summary.report(db, campaign=PURGED_NAME).totals.messages == 5
    assert sum(row["purged_campaign"] is True for row in summary.report(db).rows()) == 1


def test_messages_of_which_nobody_knows_are_told_apart(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the relay can no longer answer; they are in no figure."""
    put(db, pending(), pending("m2", campaign=None), pending("m3"), accepted("m3"))
    monkeypatch.setattr(summary.time, "time", lambda: SENT_S + 60.0)
    assert summary.report(db).unknown_messages == 0
    monkeypatch.setattr(summary.time, "time", lambda: SENT_S + 901.0)
    report = summary.report(db)
    assert (report.totals.messages, report.unknown_messages) == (1, 2)
    assert report.json()["unknown_messages"] == 2
    assert summary.report(db, campaign="news").unknown_messages == 1


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC),
        datetime(2026, 9, 21, 16, 13, 20, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 9, 21, 14, 13, 20),  # noqa: DTZ001 - as an operator writes it
    ],
)
def test_a_moment_without_a_time_zone_is_in_utc(moment: datetime) -> None:
    """Whatever time zone the machine is in."""
    assert summary.utc_seconds(moment) == SENT_S
