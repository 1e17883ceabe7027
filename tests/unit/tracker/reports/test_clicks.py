"""What a report of clicks says, of whom, and in which order."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlite_utils import Database

from tests.support.checks.facts import LINKS, SENT_S, accepted, clicked, pending, put
from tracker.events import Recipient, SentLink
from tracker.reports import clicks
from tracker.reports.clicks import Figures
from tracker.store.reserved import PURGED_NAME
from tracker.store.retention import purge

DAY_S = 86400
OFFER = SentLink(4, "https://example.net/4?who=1", "offer", "Offer")


@pytest.fixture
def filled(db: Database) -> Database:
    """Return a store of two campaigns; Bob's address is behind an id of the application's own."""
    bob = Recipient(1, "bob@example.net", "id-7")
    put(db, pending(links=(*LINKS, OFFER)), accepted())
    put(db, pending("m2", campaign=None, recipients=(bob,), at_s=SENT_S + DAY_S))
    put(db, accepted("m2", 1))
    put(db, clicked("c1"), clicked("c2"), clicked("c3", link=4, destination=OFFER.url))
    machine = {"human": False, "method": "HEAD", "reasons": ("head", "range")}
    put(db, clicked("c4", "m2", sent_at_s=SENT_S + DAY_S, at_s=SENT_S + DAY_S + 60, **machine))
    return db


def test_campaigns_and_links_stand_in_the_order_of_their_clicks(filled: Database) -> None:
    """The most clicked first; nobody clicked some of them."""
    report = clicks.report(filled)
    assert report.totals == Figures(2, 3, 3, 3, 4, 1, 2)
    assert [each.campaign for each in report.campaigns] == ["news", None]
    assert report.campaigns[0].figures == Figures(1, 2, 2, 3, 3, 1, 1)
    shown = [(each.link, each.campaign, each.figures.clicks_all) for each in report.links]
    assert shown[:3] == [
        ("https://example.net/1", "news", 2),
        ("https://example.net/1", None, 1),
        ("offer", "news", 1),
    ]
    assert report.links[2].url == OFFER.url


def test_a_report_may_be_of_one_campaign(filled: Database) -> None:
    """Its totals are the campaign's; one that nobody knows has none."""
    report = clicks.report(filled, campaign="news")
    assert report.totals == report.campaigns[0].figures == Figures(1, 2, 2, 3, 3, 1, 1)
    assert {each.campaign for each in report.links} == {"news"}
    assert clicks.report(filled, campaign="unknown") == clicks.Report(Figures(), (), ())


def test_a_report_may_be_of_what_was_sent_since_a_moment(filled: Database) -> None:
    """And of the clicks on that, whenever they came."""
    report = clicks.report(filled, since_s=SENT_S + DAY_S)
    assert report.totals == report.campaigns[0].figures == Figures(1, 1, 1, 0, 1, 0, 1)
    assert [each.campaign for each in report.campaigns] == [None]
    assert clicks.report(filled, since_s=SENT_S + 2 * DAY_S) == clicks.Report(Figures(), (), ())


def test_a_campaign_may_be_called_as_ours_is(db: Database) -> None:
    """All ten messages count, each with its campaign; clicks on purged ones stand apart."""
    group = SentLink(1, "https://example.net/1", PURGED_NAME, "")
    purge(db, SENT_S - DAY_S)
    for number in range(10):
        message, campaign = f"m{number}", (PURGED_NAME, "news")[number % 2]
        put(db, pending(message, campaign=campaign, links=(group,)), accepted(message))
        put(db, clicked(f"c{number}", message))
    put(db, clicked("late", "gone", sent_at_s=SENT_S - 2 * DAY_S))
    for report in (clicks.report(db), clicks.report(db, since_s=0)):
        assert (report.totals.messages, report.totals.clicks_all) == (10, 11)
        assert [(each["campaign"], each["messages"], each["clicks"]["all"], each.get("purged_campaign"))
                for each in report.json()["campaigns"]] == [
            (PURGED_NAME, 5, 5, None), ("news", 5, 5, None), (PURGED_NAME, 0, 1, True),
        ]  # fmt: skip
        ours = [each.link for each in report.links if each.purged_link]
        authors = [each.campaign for each in report.links if not each.purged_link]
        assert (ours, sorted(authors, key=str)) == ([PURGED_NAME], [PURGED_NAME, "news"])
    assert clicks.report(db, campaign=PURGED_NAME).totals.messages == 5
    assert sum(row["purged_campaign"] is True for row in clicks.report(db).rows()) == 2
    (late,) = (row for row in clicks.clicks(db) if row["event_id"] == "late")
    assert (late["campaign"], late["link"]) == (PURGED_NAME, PURGED_NAME)


def test_messages_of_which_nobody_knows_are_told_apart(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the relay can no longer answer; they are in no figure."""
    put(db, pending(), pending("m2", campaign=None), pending("m3"), accepted("m3"))
    monkeypatch.setattr(clicks.time, "time", lambda: SENT_S + 60.0)
    assert clicks.report(db).unknown_messages == 0
    monkeypatch.setattr(clicks.time, "time", lambda: SENT_S + 901.0)
    report = clicks.report(db)
    assert (report.totals.messages, report.unknown_messages) == (1, 2)
    assert report.json()["unknown_messages"] == 2
    assert clicks.report(db, campaign="news").unknown_messages == 1


def test_rows_of_a_report_have_the_same_columns(filled: Database) -> None:
    """The total first, then campaigns, then links, of which some figures make no sense."""
    rows = list(clicks.report(filled).rows())
    assert {tuple(sorted(row)) for row in rows} == {tuple(sorted(clicks.COLUMNS))}
    assert [row["of"] for row in rows[:4]] == ["total", "campaign", "campaign", "link"]
    assert (rows[0]["clicks_all"], rows[3]["clicks_all"], rows[3]["messages"]) == (4, 2, None)


def test_a_person_is_asked_for_by_address_or_id(filled: Database) -> None:
    """The latest first; an address leads to mail that went there under an id."""
    ann = list(clicks.activity(filled, "ann@EXAMPLE.net"))
    assert [row["event"] for row in ann] == ["clicked"] * 3 + ["sent"]
    assert (ann[-1]["campaign"], ann[-1]["link"], ann[-1]["human"]) == ("news", None, None)
    offer = next(row for row in ann if row["link"] == "offer")
    assert (offer["url"], offer["human"], offer["reasons"]) == (OFFER.url, True, [])
    bob = list(clicks.activity(filled, "id-7"))
    assert [row["event"] for row in bob] == ["clicked", "sent"]
    assert bob[0]["reasons"] == ["head", "range"]
    assert {*map(str, bob)} <= {*map(str, clicks.activity(filled, "bob@example.net"))}
    assert all(tuple(row) == clicks.ACTIVITY for row in (*ann, *bob))


@pytest.mark.parametrize("name", ["offer", OFFER.url])
def test_clickers_of_a_link_are_found_by_its_name_or_url(filled: Database, name: str) -> None:
    """As a report gives them."""
    assert list(clicks.clickers(filled, name)) == [
        {"person": "ann@example.net", "human": 1, "all": 1}
    ]


def test_who_clicked_most_comes_first(filled: Database) -> None:
    """Humans before machines."""
    found = list(clicks.clickers(filled, "https://example.net/1"))
    assert found == [
        {"person": "ann@example.net", "human": 2, "all": 2},
        {"person": "id-7", "human": 0, "all": 1},
    ]
    assert tuple(found[0]) == clicks.CLICKERS


def test_every_click_is_told_in_the_order_of_counting(filled: Database) -> None:
    """With all that is kept of it."""
    rows = list(clicks.clicks(filled))
    assert [row["event_id"] for row in rows] == ["c1", "c2", "c3", "c4"]
    assert all(tuple(row) == clicks.CLICKS for row in rows)
    assert rows[3] == {
        "at": datetime.fromtimestamp(SENT_S + DAY_S + 60, UTC).isoformat(timespec="milliseconds"),
        "event_id": "c4",
        "message_id": "m2",
        "recipient": 1,
        "link_number": 1,
        "campaign": None,
        "link": "https://example.net/1",
        "destination": "https://example.net/1",
        "person": "id-7",
        "method": "HEAD",
        "human": False,
        "reasons": ["head", "range"],
        "ip": None,
        "user_agent": "Browser/1",
    }


def test_figures_add_up_column_by_column() -> None:
    """As those of two queries do."""
    assert Figures(1, 2, 3, 4, 5, 6, 7) + Figures(1, 1, 1, 1, 1, 1, 1) == Figures(
        2, 3, 4, 5, 6, 7, 8
    )


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
    assert clicks.utc_seconds(moment) == SENT_S
