"""A store of an earlier version is fed on, and its figures stay."""

import sqlite3
from collections.abc import Iterator

import pytest

from tests.support.checks.facts import LINKS, SENT_S, accepted, clicked, pending, put
from tests.support.earlier_stores import upgraded
from tracker.events import SentLink, decode, encode
from tracker.first_form.schema import migrations
from tracker.reports import summary
from tracker.reports.opens import report as opens_report
from tracker.retention import retention
from tracker.sql.sqlite import SQLite
from tracker.store.reserved import PURGED, PURGED_NAME, RESERVED_NAME

URL = "https://example.net/a"
"""Shared by two messages; a third has a link of its own."""
OWN = "https://example.net/for/ann"


def _purged_click(db: SQLite) -> None:
    """Add a click on a message that was purged."""
    db.execute("INSERT INTO links (id, name) VALUES (9, 'https://example.net/?wp_id=1')")
    db.execute("INSERT INTO user_agents (id, name) VALUES (1, 'Browser/1')")
    db.execute(
        """INSERT INTO clicks VALUES (1, 'p1', ?, 9, 1, 1, 'https://example.net/?wp_id=1', 'GET', 1,
               '', '192.0.2.0', 1, 2, 9, NULL)""",
        [SENT_S],
    )
    for link in (0, 9):
        db.execute(
            "INSERT INTO counters (day, campaign_id, link_id, clicks_all) VALUES (0, 2, ?, 4)",
            [link],
        )


@pytest.fixture
def older() -> Iterator[SQLite]:
    """Return a store of before links were told less what is ours: each name is in a set."""
    db = SQLite(sqlite3.connect(":memory:"))
    migrations.apply(db, stop_before="names_less_parameters")
    db.execute("INSERT INTO campaigns (id, name) VALUES (3, 'news')")
    for row, name in enumerate((URL, OWN, "offer"), 1):
        db.execute("INSERT INTO links (id, name) VALUES (?, ?)", [row, name])
        db.execute("INSERT INTO campaign_links VALUES (3, ?)", [row])
    for links, message in enumerate(("m1", "m2", "m3"), 1):
        db.execute("INSERT INTO link_sets VALUES (?, ?)", [links, message.encode()])
        db.execute(
            "INSERT INTO messages VALUES (?, ?, ?, 'example.com', 3, ?, 0, 1)",
            [links, message, SENT_S, links],
        )
        db.execute("INSERT INTO deliveries VALUES (?, 1, NULL, NULL, 1, 0)", [links])
    for pair in ((1, 1), (2, 1), (3, 2)):
        db.execute("INSERT INTO link_set_links VALUES (?, 1, ?)", pair)
    db.execute("INSERT INTO link_set_links VALUES (3, 2, 3)")
    _purged_click(db)
    for scope in ((0, 0), (0, 3), (SENT_S // 86400, 0), (SENT_S // 86400, 3)):
        db.execute(
            """INSERT INTO counters (day, campaign_id, link_id, messages, recipients, personal)
               VALUES (?, ?, 0, 3, 3, 3)""",
            scope,
        )
    db.conn.commit()
    made = upgraded(db)
    yield made
    made.close()
    db.close()


def listed(db: SQLite) -> set[str]:
    """Return the links of the campaign."""
    return {link.link for link in summary.report(db, campaign="news").links}


def test_what_one_message_had_is_listed_no_more(older: SQLite) -> None:
    """What was named, and what messages share, is."""
    assert listed(older) == {URL, "offer"}


def test_links_already_sent_keep_counting(older: SQLite) -> None:
    """Under their names, whatever their destinations carry; with messages sent since as well."""
    at = f"{URL}?utm_source=mail&wp_id=4711"
    put(older, clicked("c1", destination=at), clicked("c2", "m3", destination=OWN))
    again = SentLink(1, URL, None, "", ("utm_source", "wp_id"))
    put(older, pending("m4", links=(again,)), accepted("m4"), clicked("c3", "m4", destination=at))
    links = summary.report(older, campaign="news").links
    figures = {link.link: link.figures.clicks_all for link in links}
    assert figures == {URL: 2, OWN: 1, "offer": 0}


def test_an_older_store_can_be_purged(older: SQLite) -> None:
    """All that is left are sums, the names of what was shared, and what somebody named."""
    put(older, clicked("c1"), clicked("c2", "m3", destination=OWN))
    retention.purge(older, SENT_S + 86400)
    assert listed(older) == {URL, "offer", PURGED_NAME}
    assert {row["name"] for row in older["links"].rows} == {URL, "offer", RESERVED_NAME}
    assert older["link_sets"].count == 0


def test_listed_links_of_younger_messages_stay(older: SQLite) -> None:
    """Their day is that of their campaign's latest message."""
    retention.purge(older, SENT_S - 86400)
    assert listed(older) == {URL, "offer"}


def test_clicks_on_what_was_purged_keep_nothing(older: SQLite) -> None:
    """Until now, each kept its full URL; they are one link, and the sum stays."""
    (purged,) = (each for each in summary.report(older).links if each.purged_link)
    assert (purged.link, purged.figures.clicks_all) == (PURGED_NAME, 4)
    retention.purge(older, 0)
    left = "".join(older.conn.iterdump())
    assert not any(each in left for each in ("wp_id=1", "192.0.2.0"))


def test_what_an_earlier_version_had_yet_to_let_go_of_goes() -> None:
    """It looked for that every few hours; now names are looked at when they lose a row."""
    db = SQLite(sqlite3.connect(":memory:"))
    migrations.apply(db, stop_before="indexes_of_what_goes")
    db.execute("INSERT INTO links (id, name) VALUES (1, 'https://example.net/'), (2, 'offer')")
    db.execute("INSERT INTO link_sets VALUES (1, x'00')")
    db.execute("INSERT INTO link_set_links VALUES (1, 1, 2)")
    db.execute("INSERT INTO link_set_ignored VALUES (1, 2, 'uid')")
    db.conn.commit()
    migrations.apply(db)
    tables = ("links", "link_sets", "link_set_links", "link_set_ignored")
    assert [db[table].count for table in tables] == [0] * 4
    db.close()


def test_events_of_an_earlier_version_are_read() -> None:
    """They say nothing of what is no part of a name."""
    event = pending(links=LINKS[:1])
    earlier = encode(event).replace(b',"ignored":[]', b"")
    assert b"ignored" not in earlier
    assert decode(earlier) == event


def test_what_authors_called_as_ours_is_told_from_ours() -> None:
    """A link of that name keeps its clicks, and ours those on purged messages; opens are theirs."""
    db = SQLite(sqlite3.connect(":memory:"))
    migrations.apply(db, stop_before="reserved_names")
    db.execute("INSERT INTO campaigns (id, name) VALUES (3, 'news')")
    db.execute("INSERT INTO links (id, name) VALUES (1, ?)", [PURGED_NAME])
    db.execute("INSERT INTO link_sets VALUES (1, x'00')")
    db.execute("INSERT INTO link_set_links VALUES (1, 1, 1)")
    for campaign, count in ((PURGED, 4), (3, 7)):
        for link in (0, 1):
            db.execute(
                """INSERT INTO counters (day, campaign_id, link_id, clicks_all)
                   VALUES (0, ?, ?, ?)""",
                [campaign, link, count],
            )
    db.execute("INSERT INTO pixels VALUES ('m1', 1, ?, ?, 1, 1)", [SENT_S, PURGED])
    db.conn.commit()
    db = upgraded(db)
    found = {
        (each.link, each.purged_link): each.figures.clicks_all for each in summary.report(db).links
    }
    assert found == {(PURGED_NAME, False): 7, (PURGED_NAME, True): 4}
    (news,) = summary.report(db, campaign="news").links
    assert (news.purged_link, news.figures.clicks_all) == (False, 7)
    assert [name for name, _ in opens_report(db).campaigns] == [PURGED_NAME]
    db.close()
