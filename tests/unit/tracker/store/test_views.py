"""The documented views: each column, and figures that equal those of reports."""

import random

import pytest

from tests.support import explore
from tests.support.checks import views as checks
from tests.support.checks.facts import (
    LINKS,
    SENT_S,
    accepted,
    clicked,
    empty,
    own_click,
    own_link,
    pending,
    put,
    refused,
)
from tests.support.checks.recount import recount
from tests.support.details import handled
from tests.support.engines import IN_A_FILE, PLANS_OF_SQLITE, engine, gives_back
from tracker.details import feed as details
from tracker.events import Event, Recipient, SentLink
from tracker.reports import names, summary
from tracker.sql.sqlite import SQLite
from tracker.store import views
from tracker.store.file.schema import migrations
from tracker.store.keys import message_number, message_text
from tracker.store.reserved import DAY_S, PURGED

__all__ = ["engine", "gives_back"]

M1 = message_text(message_number("m1"))
AT = "2026-09-21T14:13:20.000+00:00"
"""The moment `SENT_S`."""


def only(db: SQLite, view: str) -> dict[str, object]:
    """Return the only row of a view."""
    (row,) = db[view].rows
    return row


def test_every_column_of_a_click(db: SQLite) -> None:
    """In words, as commands and the API have it."""
    put(db, pending(links=LINKS[:1]), accepted())
    event = clicked("1" * 32, at_s=SENT_S + 60.123, ip="198.51.100.0", signals=("no-html",))
    put(db, event)
    (export,) = db.query("SELECT event_id FROM clicks")
    assert only(db, "clicks_v") == {
        "event_id": export["event_id"].hex(),
        "cursor": 1,
        "at": "2026-09-21T14:14:20.123+00:00",
        "verdict": "doubtful",
        "score": 90,
        "reasons": "no-html/1 early/1",
        "message_id": M1,
        "sent_at": AT,
        "sent_s": SENT_S,
        "campaign_id": 3,
        "campaign": "news",
        "link_id": 1,
        "link": "https://example.net/1",
        "destination": "https://example.net/1",
        "person": "ann@example.net",
        "recipient": 1,
        "link_number": 1,
        "method": "GET",
        "ip": "198.51.100.0",
        "user_agent": "Browser/1",
    }


@pytest.mark.parametrize(
    ("signals", "after_s", "verdict"),
    [((), 9000, "human"), (("no-html",), 9000, "doubtful"), (("head",), 60, "machine")],
)
def test_a_verdict_is_a_word(
    db: SQLite, signals: tuple[str, ...], after_s: float, verdict: str
) -> None:
    """One of three."""
    put(db, pending(), clicked("c1", at_s=SENT_S + after_s, signals=signals))
    assert only(db, "clicks_v")["verdict"] == verdict


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        (None, None),
        ("203.0.113.255", "203.0.113.255"),
        ("10.0.9.100", "10.0.9.100"),
        ("2001:db8:1::", "2001:0db8:0001:0000:0000:0000:0000:0000"),
    ],
)
def test_an_address_is_text(db: SQLite, kept: str | None, shown: str | None) -> None:
    """Of IPv6 with all of its digits."""
    put(db, clicked("c1", ip=kept))
    assert only(db, "clicks_v")["ip"] == shown


def test_a_click_that_tells_of_nobody(db: SQLite) -> None:
    """On a message that is not known, on a shared copy, without an agent."""
    put(db, clicked("c1", user_agent=""))
    put(db, pending("m2", shared=True), clicked("c2", "m2", recipient=1))
    told = {row["message_id"]: row for row in db["clicks_v"].rows}
    unknown = told[M1]
    assert (unknown["campaign"], unknown["person"], unknown["user_agent"]) == (None, None, None)
    assert told[message_text(message_number("m2"))]["person"] is None


def test_a_click_on_a_purged_message_has_its_campaigns_name(db: SQLite) -> None:
    """As reports call it; and its link."""
    db.execute("INSERT INTO settings VALUES ('purged_before_s', ?)", [SENT_S + 1])
    put(db, clicked("c1", at_s=SENT_S + 90))
    row = only(db, "clicks_v")
    assert (row["campaign_id"], row["campaign"], row["link"]) == (PURGED, "(purged)", "(purged)")
    assert only(db, "messages_v")["state"] == "purged"


def test_every_column_of_a_message(db: SQLite) -> None:
    """With sums over its copies."""
    put(db, pending(message_id=M1), accepted(M1, 1), refused(M1, 2), clicked("c1", M1))
    details.feed(db, [handled(1)], 0)
    db.execute("UPDATE details SET sent_s = ?, message_id = ?", [SENT_S, message_number(M1)])
    (subject,) = db.execute(
        "SELECT text FROM details JOIN detail_texts ON id = subject_id"
    ).fetchone()
    assert only(db, "messages_v") == {
        "message_id": M1,
        "sent_at": AT,
        "sent_s": SENT_S,
        "campaign_id": 3,
        "campaign": "news",
        "sender_domain": "example.com",
        "subject": subject,
        "shared": 0,
        "state": "sent",
        "recipients": 2,
        "deliveries": 1,
        "clicked_deliveries": 1,
        "shared_recipients": 0,
        "clicks_human": 1,
        "clicks_doubtful": 0,
        "clicks_all": 1,
    }


def test_what_became_of_a_message_is_a_word(db: SQLite) -> None:
    """Also of one that nobody got."""
    put(db, pending("m1"), accepted("m1"), pending("m2"), pending("m3"), refused("m3"))
    told = {row["message_id"]: row["state"] for row in db["messages_v"].rows}
    assert [told[message_text(message_number(each))] for each in ("m1", "m2", "m3")] == [
        "sent",
        "unknown",
        "refused",
    ]


def test_every_column_of_a_delivery(db: SQLite) -> None:
    """Who it is under the application's own id, and where the mail went."""
    bob = Recipient(1, "bob@example.net", "id-7")
    put(db, pending(recipients=(bob,)), accepted("m1", 1), clicked("c1", signals=("head",)))
    assert only(db, "deliveries_v") == {
        "message_id": M1,
        "sent_at": AT,
        "sent_s": SENT_S,
        "campaign_id": 3,
        "campaign": "news",
        "recipient": 1,
        "person": "id-7",
        "address": "bob@example.net",
        "outcome": "delivered",
        "is_delivery": 1,
        "clicks_human": 0,
        "clicks_doubtful": 0,
        "clicks_all": 1,
    }


def test_what_became_of_a_delivery_is_a_word(db: SQLite) -> None:
    """Of each recipient."""
    three = tuple(Recipient(n, f"r{n}@example.net") for n in (1, 2, 3))
    put(db, pending(recipients=three), accepted("m1", 1), refused("m1", 2))
    told = {row["recipient"]: row["outcome"] for row in db["deliveries_v"].rows}
    assert told == {1: "delivered", 2: "refused", 3: "unknown"}


def test_every_column_of_a_campaign(db: SQLite) -> None:
    """As a row of the report in CSV calls them."""
    put(db, pending(), accepted(), clicked("c1"))
    (figures,) = summary.report(db).campaigns
    row = only(db, "campaigns_v")
    assert row == {"campaign_id": 3, "campaign": "news", **figures.figures.columns()}
    assert list(row) == list(views.CAMPAIGNS)


def test_every_column_of_a_link(db: SQLite) -> None:
    """As a row of the report in CSV calls them; those that nobody clicked are there too."""
    put(db, pending(links=(SentLink(1, "https://example.net/1", "offer", "Go"),)), accepted())
    (figures,) = summary.report(db).links
    row = only(db, "links_v")
    named = {"link": "offer", "url": "https://example.net/1", "text": "Go"}
    assert row == {"link_id": 1, **named, **figures.figures.click_columns()}
    campaign = only(db, "campaign_links_v")
    assert campaign == {"campaign_id": 3, "campaign": "news", **row}


@pytest.mark.parametrize("view", views.VIEWS)
def test_a_view_has_the_columns_that_are_declared(db: SQLite, view: str) -> None:
    """In this order, each called once; an empty store has no row."""
    cursor = db.execute(f"SELECT * FROM {view}")
    assert [column[0] for column in cursor.description] == list(views.VIEWS[view][1])
    assert cursor.fetchall() == []


def history(seed: int) -> list[Event]:
    """Return what happened with some mail: copies of one or of several, taken, refused, in doubt."""
    die = random.Random(seed)
    events: list[Event] = []
    for number in range(25):
        name, at_s = f"m{number}", SENT_S + die.randrange(4) * DAY_S + number
        shared = die.random() < 0.2
        links = (*LINKS, own_link(f"r{number}"))
        about = {"campaign": die.choice([None, "news", "offer"]), "shared": shared}
        to = tuple(Recipient(n, f"r{die.randrange(6)}@example.net") for n in (1, 2))
        if die.random() < 0.9:
            events.append(pending(name, at_s=at_s, recipients=to, links=links, **about))
        events += [accepted(name, n, sent_s=at_s) for n in (1, 2) if die.random() < 0.6]
        for click in range(die.randrange(5)):
            when = {"at_s": at_s + die.choice([3, 3.1, 400, 9000, 4 * DAY_S]), "sent_at_s": at_s}
            who = {"recipient": 0 if shared else die.choice([1, 1, 2])}
            what = {"signals": die.choice([(), (), ("no-html",), ("head",)])}
            event = f"{name}c{click}"
            if die.random() < 0.2:
                events.append(own_click(event, name, f"r{number}", **when, **who, **what))
            else:
                link = die.choice([1, 2, 3])
                to_page = {"link": link, "destination": f"https://example.net/{link}"}
                events.append(clicked(event, name, **to_page, **when, **who, **what))
    return die.sample(events, len(events))


@pytest.mark.parametrize("seed", range(8))
def test_figures_of_views_are_those_of_reports(seed: int) -> None:
    """Sums and single rows; of all and of each campaign and link."""
    db = empty()
    events = history(seed)
    put(db, *events[:40])
    put(db, *events[40:])
    report = summary.report(db)
    told = {row: name.text for row, name in names.campaigns(db).items()}
    counted, summed = checks.counted(db), checks.summed(db)
    assert counted.pop(checks.ALL) == report.totals == recount(db).totals
    of_report = {each.campaign: each.figures for each in report.campaigns}
    assert {told[row]: figures for row, figures in counted.items()} == of_report
    assert {told[row]: figures for row, figures in summed.items()} == of_report
    assert checks.deliveries(db) == {
        row: (each.deliveries, each.clicked) for row, each in summed.items() if each.deliveries
    }
    assert checks.links(db) == [_bare(each) for each in report.links]
    for row, name in told.items():
        if name is not None and row != PURGED:
            links = summary.report(db, campaign=name).links
            assert checks.links(db, row) == [_bare(each) for each in links]
    db.close()


def _bare(link: checks.LinkFigures) -> checks.LinkFigures:
    """Return a link without figures that its view does not have."""
    figures = link.figures
    kept = ("clicks_human", "clicks_doubtful", "clicks_all")
    unique = ("unique_human", "unique_doubtful", "unique_all")
    wanted = {name: getattr(figures, name) for name in (*kept, *unique)}
    return checks.LinkFigures(link.link, link.url, link.text, checks.Figures(**wanted))


@PLANS_OF_SQLITE
@pytest.mark.parametrize(
    ("view", "where", "first"),
    [
        ("clicks_v", "sent_s >= 5 AND sent_s < 9", "SEARCH clicks USING PRIMARY KEY"),
        ("clicks_v", "sent_s = 5 AND recipient = 1", "SEARCH clicks USING PRIMARY KEY"),
        ("messages_v", "sent_s >= 5", "SEARCH messages USING PRIMARY KEY"),
        ("deliveries_v", "person = 'ann@example.net'", "SEARCH persons USING"),
        ("campaign_links_v", "campaign_id = 3", "SEARCH counters USING"),
    ],
)
def test_a_question_by_key_is_answered_by_an_index(
    db: SQLite, view: str, where: str, first: str
) -> None:
    """Of a period, a person, a campaign's links."""
    plan = [
        step[3] for step in db.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE {where}")
    ]
    big = ("SCAN clicks", "SCAN messages", "SCAN deliveries", "SCAN persons")
    assert [step for step in plan if step.startswith(big)] == []
    assert any(step.startswith(first) for step in plan)


@PLANS_OF_SQLITE
def test_what_is_not_asked_for_is_not_looked_up(db: SQLite) -> None:
    """A count of clicks looks at clicks alone."""
    plan = db.execute("EXPLAIN QUERY PLAN SELECT count(*) FROM clicks_v").fetchall()
    assert [step[3].split()[1] for step in plan] == ["clicks"]


@IN_A_FILE
def test_a_store_of_before_gets_the_views(db: SQLite) -> None:
    """When it is next opened to be fed; again, where they have changed."""
    for view in views.VIEWS:
        db.execute(f"DROP VIEW {view}")
    db.execute("DELETE FROM _sqlite_migrations WHERE name = 'views_for_people'")
    assert migrations.pending(db)
    migrations.apply(db)
    views.make(db, views.in_sqlite)
    assert set(db.view_names()) == set(views.VIEWS)


def test_every_column_is_documented() -> None:
    """With what it means, on the page and for Datasette: `make docs` writes both."""
    page = explore.PAGE.read_text()
    assert page == explore.written(page)
    assert page.count("\n| `sent_s` | ") == 3
    assert explore.METADATA.read_text() == explore.metadata()
