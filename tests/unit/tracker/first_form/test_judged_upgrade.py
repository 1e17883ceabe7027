"""A store whose clicks were judged by their method alone becomes one of the present version."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.facts import (
    LINKS,
    NAMING,
    SENT_S,
    accepted,
    clicked,
    empty,
    own_click,
    own_link,
    pending,
)
from tests.support.checks.recount import judged_sums, recount, recount_judged
from tests.support.earlier_stores import upgraded
from tests.unit.tracker.counting.test_batch import histories, sums
from tracker.counting.batch import feed
from tracker.events import Clicked, Event, Recipient
from tracker.first_form import judged_upgrade
from tracker.first_form.schema import migrations
from tracker.judging.rules import RULES, Settings
from tracker.reports import clicks, summary
from tracker.reports.figures import Figures, Report
from tracker.sql.sqlite import SQLite
from tracker.store import keys
from tracker.store.reserved import DAY_S, PURGED_NAME, RESERVED_NAME
from tracker.store.rows.clicked_by import PART, Persons

STEP = "judged_clicks"
BY_METHOD = Settings(points={rule.name: 0 for rule in RULES if rule.name != "head"})
"""As the version before judged: HEAD alone was a machine's."""

COPIED = (
    *("settings", "campaigns", "persons", "user_agents", "links", "link_set_links"),
    *("link_set_ignored", "campaign_links", "unknown_messages"),
)
"""Tables of both forms that the step leaves alone."""


def put(db: SQLite, events: Iterable[Event]) -> None:
    """Feed events, judged as the version before did."""
    with db.atomic():
        feed(db, list(events), NAMING, BY_METHOD)


TEMPLATE = SQLite(sqlite3.connect(":memory:"))
migrations.apply(TEMPLATE, stop_before=STEP)


def before_step() -> SQLite:
    """Return an empty store of the version before."""
    db = SQLite(sqlite3.connect(":memory:"))
    TEMPLATE.conn.backup(db.conn)
    return db


def earlier(events: Sequence[Event]) -> SQLite:
    """Return the store that the version before made of events."""
    now, old = empty(), before_step()
    put(now, events)
    for table in COPIED:
        names = ", ".join(column.name for column in old[table].columns)
        old.execute(f"DELETE FROM {table}")
        rows = now.execute(f"SELECT {names} FROM {table}").fetchall()
        places = ", ".join("?" * len(old[table].columns))
        old.conn.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)
    copy_rows(now, old)
    count(old)
    now.close()
    return old


_NUMBERED = """
    CREATE TEMP TABLE numbered AS
    SELECT row_number() OVER (ORDER BY sent_s, message_id) AS row, * FROM messages
"""
_ROWS = (
    (
        "SELECT id, CAST(hash || 'old' AS BLOB) FROM link_sets",
        "INSERT INTO link_sets VALUES (?, ?)",
    ),
    (
        """SELECT row, message_text(message_id), sent_s, domains.name, campaign_id, link_set_id,
            shared, counted, unknown
        FROM numbered LEFT JOIN domains ON domains.id = domain_id""",
        "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    (
        """SELECT sightings.id, hash, row FROM sightings JOIN numbered USING (sent_s, message_id)""",
        "INSERT INTO sightings VALUES (?, ?, ?)",
    ),
    (
        """SELECT row, number, person_id, address, accepted, clicks > 0, refused
        FROM deliveries JOIN numbered USING (sent_s, message_id)""",
        "INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?)",
    ),
    (
        """SELECT arrival, event_text(event_id), moment_s(event_id), row, recipient, clicks.number,
            url, method, human, iif(human, '', 'head'), address_text(ip), user_agent_id,
            campaign_id, link_id, iif(shared, NULL, person_id)
        FROM clicks JOIN numbered USING (sent_s, message_id)
        JOIN destinations ON destinations.id = destination_id
        JOIN verdicts ON verdicts.id = verdict_id
        JOIN signal_sets ON signal_sets.id = signal_set_id
        LEFT JOIN deliveries ON deliveries.sent_s = clicks.sent_s
            AND deliveries.message_id = clicks.message_id AND deliveries.number = recipient""",
        f"INSERT INTO clicks VALUES ({', '.join('?' * 15)})",
    ),
)


def copy_rows(now: SQLite, old: SQLite) -> None:
    """Copy what the second form keeps otherwise, or the step changes, with the columns of before."""
    for function in (keys.message_text, keys.event_text, keys.moment_s, keys.address_text):
        now.conn.create_function(function.__name__, 1, function)
    now.execute(_NUMBERED)
    for query, statement in _ROWS:
        old.conn.executemany(statement, now.execute(query).fetchall())


_EVERYONES = """
    SELECT messages.*, max(1, CAST(sent_at_s / 86400 AS INTEGER)) AS day, (
        SELECT count(*) FROM deliveries AS own WHERE own.message = messages.id AND own.number > 0
        AND (own.accepted OR own.clicked OR EXISTS (
            SELECT 1 FROM deliveries AS everyones WHERE everyones.message = messages.id
            AND everyones.number = 0 AND (everyones.accepted OR everyones.clicked)
        ))
    ) AS got_it FROM messages WHERE counted AND campaign_id != 2
"""
_CLICKS = "SELECT clicks.*, max(1, CAST(at_s / 86400 AS INTEGER)) AS day FROM clicks"


def count(old: SQLite) -> None:
    """Make the sums that the version before kept up to date, from the rows."""
    for day, campaign, link in (
        ("0", "0", "0"),
        ("0", "campaign_id", "0"),
        ("0", "campaign_id", "link_id"),
        ("day", "0", "0"),
        ("day", "campaign_id", "0"),
    ):
        scope = f"{day} AS a, {campaign} AS b, {link} AS c"
        if link == "0":
            old.execute(
                f"""INSERT INTO counters (day, campaign_id, link_id, messages, recipients, personal)
                SELECT {scope}, count(*), sum(got_it),
                    sum(iif(shared OR link_set_id IS NULL, 0, got_it))
                FROM ({_EVERYONES}) GROUP BY a, b, c"""
            )
        old.execute(
            f"""INSERT INTO counters (day, campaign_id, link_id,
                clicks_human, clicks_all, unique_human, unique_all)
            SELECT {scope}, sum(human), count(*),
                count(DISTINCT iif(human, person_id, NULL)), count(DISTINCT person_id)
            FROM ({_CLICKS}) GROUP BY a, b, c
            ON CONFLICT DO UPDATE SET clicks_human = excluded.clicks_human,
                clicks_all = excluded.clicks_all, unique_human = excluded.unique_human,
                unique_all = excluded.unique_all"""
        )
        old.execute(
            f"""INSERT INTO clickers
            SELECT {scope}, person_id, sum(human), count(*)
            FROM ({_CLICKS}) WHERE person_id IS NOT NULL GROUP BY a, b, c, person_id"""
        )
    old.conn.commit()


_FORGET = (
    """DELETE FROM persons WHERE NOT EXISTS
        (SELECT 1 FROM deliveries WHERE person_id = persons.id)""",
    "DELETE FROM clickers WHERE person_id NOT IN (SELECT id FROM persons)",
    "DELETE FROM user_agents WHERE id NOT IN (SELECT user_agent_id FROM clicks)",
)


def purge_as_before(old: SQLite, before_s: float) -> None:
    """Let go of what is old as the version before did; sums stay."""
    old.execute("INSERT OR REPLACE INTO settings VALUES ('purged_before_s', ?)", [before_s])
    gone = "(SELECT id FROM messages WHERE sent_at_s < ?)"
    for table in ("clicks", "deliveries", "sightings"):
        old.execute(f"DELETE FROM {table} WHERE message IN {gone}", [before_s])
    old.execute("DELETE FROM messages WHERE sent_at_s < ?", [before_s])
    for statement in _FORGET:
        old.execute(statement)
    old.conn.commit()


def by_method(event: Event) -> Event:
    """Return an event as the version before wrote it: of its request, a click tells the method."""
    if not isinstance(event, Clicked):
        return event
    return replace(event, signals=(), method="HEAD" if "head" in event.signals else "GET")


def clickers(db: SQLite) -> set[tuple[object, ...]]:
    """Return who clicked what in the messages of which day, by names."""
    named = dict(db.execute("SELECT id, name FROM persons").fetchall())
    sets = db.execute("""
        SELECT ifnull(links.name, ''), ifnull(campaigns.name, campaign_id), day, part,
            certain, doubtful, machines
        FROM clicked_by LEFT JOIN campaigns ON campaigns.id = campaign_id
        LEFT JOIN links ON links.id = link_id
    """)
    found = set()
    for link, campaign, day, part, *columns in sets:
        persons = Persons.read(columns)
        for kind in ("certain", "doubtful", "machines"):
            names = {named.get(part * PART + number) for number in getattr(persons, kind)}
            found.add((link, campaign, day, kind, frozenset(names)))
    return found


def hours(db: SQLite) -> set[tuple[object, ...]]:
    """Return the clicks of each hour and of each day of sending."""
    sql = """
        SELECT 'hour', hour, ifnull(name, campaign_id), '', clicks_human, clicks_all, 0 FROM hours
        LEFT JOIN campaigns ON campaigns.id = campaign_id UNION ALL
        SELECT 'day', day, ifnull(campaigns.name, campaign_id), links.name, clicks_human, clicks_all,
            clicks_shared
        FROM cohorts LEFT JOIN campaigns ON campaigns.id = campaign_id
        LEFT JOIN links ON links.id = link_id
    """
    return set(db.execute(sql).fetchall())


def assert_same(one: SQLite, other: SQLite) -> None:
    """See that two stores say the same, in sums and in rows."""
    assert summary.report(one) == summary.report(other)
    assert recount(one) == recount(other) == summary.report(one)
    assert judged_sums(one) == recount_judged(one)
    assert judged_sums(other) == recount_judged(other)
    assert hours(one) == hours(other)
    assert (sums(one), clickers(one)) == (sums(other), clickers(other))
    copies = (
        "SELECT sent_s, message_id, number, clicks, clicks_human, clicks_doubtful FROM deliveries"
    )
    assert set(one.execute(copies)) == set(other.execute(copies))


@given(histories(), st.integers(0, 99))
def test_an_upgraded_store_equals_a_fresh_one_and_goes_on_as_such(
    history: list[Event], cut: int
) -> None:
    """Fed with the same events: some before the step and some after it."""
    events = [by_method(event) for event in history]
    cut %= len(events) + 1
    fresh, older = empty(), upgraded(earlier(events[:cut]))
    put(fresh, events[:cut])
    assert_same(older, fresh)
    put(older, events[cut:])
    put(fresh, events[cut:])
    assert_same(older, fresh)
    fresh.close()
    older.close()


EVENTS = (
    pending(links=(*LINKS, own_link("m1"))),
    accepted(),
    pending("m2", campaign="other", shared=True),
    accepted("m2"),
    clicked("c1"),
    clicked("c2", link=2, destination=LINKS[1].url, at_s=SENT_S + DAY_S),
    clicked("c3", recipient=2, method="HEAD"),
    own_click("c4", "m1", "m1", recipient=2),
    clicked("s1", "m2", recipient=0),
    clicked("s2", "m2", recipient=0, method="HEAD", at_s=SENT_S + DAY_S),
    clicked("early", "m3"),
)


CLICKS = tuple(event for event in EVENTS if isinstance(event, Clicked))


def recounted(db: SQLite) -> Report:
    """Return the report, which has to be that of the rows."""
    found = summary.report(db)
    assert found == recount(db)
    return found


def test_figures_of_a_store_of_everything() -> None:
    """Personal and shared copies, people and machines, and a click whose message is not known."""
    db = upgraded(earlier(EVENTS))
    totals = recounted(db).totals
    assert totals == Figures(
        messages=3,
        deliveries=3,
        clicked=3,
        clicks_human=5,
        clicks_all=7,
        unique_human=2,
        unique_all=2,
        shared_messages=1,
        shared_recipients=2,
        clicks_shared=2,
    )
    assert totals.click_rate == 1.0
    assert recounted(upgraded(earlier([]))) == Report(Figures(), (), ())


def test_clicks_keep_what_they_were_judged_to_be() -> None:
    """A HEAD by its signal, so that it is a machine's also when it is judged anew."""
    db = upgraded(earlier(EVENTS))
    told = {row["event_id"]: row for row in clicks.clicks(db)}
    names = {keys.event_text(keys.event_octets(e.event_id, e.at_s)): e.event_id for e in CLICKS}
    scores = {names[event_id]: row["score"] for event_id, row in told.items()}
    assert (scores["c1"], scores["c3"]) == (0, 100)
    kept = db.execute("""
        SELECT event_id, signals FROM clicks JOIN signal_sets ON signal_sets.id = signal_set_id
    """)
    signals = {names[keys.event_text(event_id)]: signals for event_id, signals in kept}
    assert {name for name, kept in signals.items() if kept == "head"} == {"c3", "s2"}
    assert {kept for name, kept in signals.items() if name not in {"c3", "s2"}} == {""}
    assert not any(row["doubtful"] for row in told.values())


def test_nobody_knows_how_many_links_an_earlier_message_has() -> None:
    """Those of later messages are told, also where they have the same links."""
    db = upgraded(earlier(EVENTS))
    assert {row["links"] for row in db["link_sets"].rows} == {None}
    put(db, [pending("m9")])
    assert [row["links"] for row in db["link_sets"].rows if row["links"]] == [3]


LATER_S = SENT_S + 9 * DAY_S


def test_of_what_was_purged_as_many_are_clicked_as_there_were_clickers() -> None:
    """But never more than deliveries; what is kept is counted, and campaigns add up."""
    people = tuple(Recipient(n, f"reader{n}@example.net") for n in range(1, 5))
    old = earlier(
        [
            *(pending("m1", recipients=people), accepted("m1", 1, 2, 3, 4)),
            *(clicked(f"c{n}", recipient=n) for n in (1, 2, 3)),
            clicked("again"),
            pending("m2", at_s=LATER_S, campaign="other"),
            accepted("m2", sent_s=LATER_S),
            clicked("c9", "m2", at_s=LATER_S, sent_at_s=LATER_S),
        ]
    )
    purge_as_before(old, SENT_S + DAY_S)
    report = summary.report(upgraded(old))
    found = {each.campaign: each.figures for each in report.campaigns}
    assert (found["news"].deliveries, found["news"].clicked) == (4, 3)
    assert (found["other"].deliveries, found["other"].clicked) == (2, 1)
    assert (report.totals.deliveries, report.totals.clicked) == (6, 4)
    (first, *_) = report.links
    assert (first.link, first.figures.clicks_all) == ("https://example.net/1", 5)


def test_people_who_clicked_a_purged_link_stay_in_its_figures() -> None:
    """Though they are forgotten: of one campaign, the link has as many as there."""
    people = tuple(Recipient(n, f"reader{n}@example.net") for n in range(1, 4))
    old = earlier(
        [
            *(pending("m1", recipients=people), accepted("m1", 1, 2, 3)),
            pending("m2"),
            *(clicked(f"c{n}", recipient=n) for n in (1, 2)),
            clicked("c3", recipient=3, method="HEAD"),
        ]
    )
    purge_as_before(old, SENT_S + DAY_S)
    db = upgraded(old)
    (link,) = (each for each in summary.report(db).links if each.figures.clicks_all)
    assert (link.figures.unique_human, link.figures.unique_all) == (2, 3)
    (same,) = (
        each for each in summary.report(db, campaign="news").links if each.figures.clicks_all
    )
    assert same == link


def test_people_who_clicked_links_of_their_own_are_added_up_over_campaigns() -> None:
    """A purge left of these one link a campaign, and nobody's of one campaign is another's."""
    old = earlier([])
    old.execute("INSERT INTO campaigns (id, name) VALUES (3, 'news'), (4, 'other')")
    old.execute("INSERT INTO links (id, name) VALUES (9, ?)", [RESERVED_NAME])
    for campaign, people in ((3, 5), (4, 2)):
        old.execute(
            """INSERT INTO counters (day, campaign_id, link_id,
                clicks_human, clicks_all, unique_human, unique_all) VALUES (0, ?, 9, ?, ?, ?, ?)""",
            [campaign, people * 2, people * 3, people, people + 1],
        )
    old.conn.commit()
    (link,) = summary.report(upgraded(old)).links
    assert (link.link, link.purged_link) == (PURGED_NAME, True)
    assert link.figures == Figures(clicks_human=14, clicks_all=21, unique_human=7, unique_all=9)


def test_a_partly_purged_campaign_has_no_rate_above_one() -> None:
    """Who clicked is counted once for all mail; what is kept may be clicked more often."""
    ann = {"recipients": (Recipient(1, "ann@example.net"),)}
    kept = [f"k{n}" for n in range(3)]
    old = earlier(
        [
            *(pending("m1", **ann), accepted("m1", 1), clicked("c1")),
            *(pending(name, at_s=LATER_S, **ann) for name in kept),
            *(accepted(name, 1, sent_s=LATER_S) for name in kept),
            *(clicked(f"{name}c", name, at_s=LATER_S + 60, sent_at_s=LATER_S) for name in kept),
        ]
    )
    purge_as_before(old, SENT_S + DAY_S)
    totals = summary.report(upgraded(old)).totals
    assert (totals.deliveries, totals.clicked) == (4, 3)


def test_clicks_on_purged_messages_are_counted_on() -> None:
    """They make no delivery, before the step or after it."""
    old = earlier([pending(), accepted(), clicked("c1")])
    purge_as_before(old, SENT_S + DAY_S)
    db = upgraded(old)
    before = summary.report(db).totals
    put(db, [clicked("late", at_s=SENT_S + 2 * DAY_S)])
    report = summary.report(db)
    assert report.totals.clicks_all == before.clicks_all + 1
    assert (report.totals.deliveries, report.totals.clicked) == (2, 1)
    assert {each.campaign for each in report.campaigns} == {"news", PURGED_NAME}


def test_a_step_that_is_broken_off_leaves_the_store_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A large store takes its time; whoever is stopped meanwhile begins again."""
    old = earlier(EVENTS)
    before = list(old.conn.iterdump())

    def stopped(_db: SQLite) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(judged_upgrade, "_count_clickers_of_links", stopped)
        with pytest.raises(KeyboardInterrupt):
            upgraded(old)
    assert list(old.conn.iterdump()) == before
    assert recounted(upgraded(old)).totals.deliveries == 3
