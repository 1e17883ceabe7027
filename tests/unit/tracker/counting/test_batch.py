"""Feeding events to real SQLite: in any order, any number of times, with the same sums."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.checks.facts import (
    NAMING,
    SENT_S,
    accepted,
    clicked,
    empty,
    pending,
    put,
    refused,
    totals,
)
from tests.support.checks.histories import histories
from tests.support.checks.recount import judged_sums, recount, recount_judged
from tests.support.engines import engine, gives_back
from tests.support.feeding import click_rows, stored_id
from tracker.counting.batch import feed
from tracker.events import Event, Recipient, SentLink
from tracker.judging.rules import FLOOD
from tracker.privacy.agents import Agents
from tracker.privacy.pseudonyms import DaySecrets
from tracker.reports import clicks, summary
from tracker.reports.figures import Figures, Report
from tracker.retention import retention
from tracker.sql.sqlite import SQLite
from tracker.store.keys import message_number
from tracker.store.reserved import ERASED_ADDRESS, day_of

__all__ = ["engine", "gives_back"]


def sums(db: SQLite) -> set[tuple[Any, ...]]:
    """Return all sums by the names of what they are over, those of nothing apart."""
    return set(
        db.execute("""
            SELECT day, coalesce(campaigns.name, CAST(campaign_id AS TEXT)), coalesce(links.name, ''),
                messages, deliveries, clicked, shared_messages, shared_recipients,
                clicks_human, clicks_doubtful, clicks_all, clicks_shared,
                unique_human, unique_doubtful, unique_all
            FROM counters LEFT JOIN campaigns ON campaigns.id = campaign_id
            LEFT JOIN links ON links.id = link_id
            WHERE messages > 0 OR clicks_all > 0
        """).fetchall()
    )


def rows(db: SQLite) -> set[tuple[Any, ...]]:
    """Return all clicks with what they are counted under and judged to be."""
    told = ("campaign", "link", "person", "human", "doubtful", "score", "reasons")
    return {(row["event_id"], *(row[name] for name in told)) for row in click_rows(db)}


def test_message_counts_when_accepted(db: SQLite) -> None:
    """Not before."""
    put(db, pending())
    assert totals(db) == Figures()
    put(db, accepted())
    assert totals(db) == Figures(messages=1, deliveries=2)


def test_of_a_message_that_was_neither_taken_nor_refused_nobody_knows(db: SQLite) -> None:
    """In whatever order it is heard; a refusal counts for nothing where the relay took it later."""
    put(db, pending("m1"), refused("m2"), pending("m2"), pending("m3"), refused("m3", 1))
    put(
        db, pending("m4"), accepted("m4", 1), refused("m4", 1, 2), pending("m5"), clicked("c", "m5")
    )
    unknown = {row["message_id"] for row in db["messages"].rows if row["unknown"]}
    assert unknown == {message_number("m1"), message_number("m3")}
    assert totals(db).messages == 2
    put(db, accepted("m1"), refused("m3", 2))
    assert not any(row["unknown"] for row in db["messages"].rows)


def test_click_rate_is_of_deliveries_with_a_human_click(db: SQLite) -> None:
    """One of two readers clicked, twice; the other's scanner did too."""
    machine = clicked("c3", recipient=2, method="HEAD")
    put(db, pending(), accepted(), clicked("c1"), clicked("c2"), machine)
    assert totals(db) == Figures(
        messages=1,
        deliveries=2,
        clicked=1,
        clicks_human=2,
        clicks_all=3,
        unique_human=1,
        unique_all=2,
    )
    assert totals(db).click_rate == 0.5


def test_ten_mails_that_ten_people_click_each_make_a_rate_of_one(db: SQLite) -> None:
    """As every delivery was clicked, though there are only ten people."""
    people = tuple(Recipient(n, f"reader{n}@example.net") for n in range(1, 11))
    for mail in range(10):
        message = f"m{mail}"
        put(db, pending(message, recipients=people), accepted(message, *range(1, 11)))
        put(db, *(clicked(f"{message}c{n}", message, recipient=n) for n in range(1, 11)))
    assert (totals(db).deliveries, totals(db).unique_human) == (100, 10)
    assert totals(db).click_rate == 1.0


def test_a_click_that_only_a_clicked_copy_tells_of_counts_as_accepted(db: SQLite) -> None:
    """The relay's 250 was lost; the click proves it. The rate is never more than 1."""
    put(db, pending(), clicked("c1", recipient=2))
    assert (totals(db).deliveries, totals(db).clicked) == (1, 1)


def test_an_erased_recipients_click_counts_for_the_rate(db: SQLite) -> None:
    """It is nobody's, but its delivery was clicked."""
    forgotten = (Recipient(1, ERASED_ADDRESS),)
    put(db, pending(recipients=forgotten), accepted("m1", 1), clicked("c1"))
    assert (totals(db).unique_human, totals(db).click_rate) == (0, 1.0)


def test_a_burst_is_a_machines_from_its_first_click_on(db: SQLite) -> None:
    """Those that were counted as a person's before it was known as one are taken back."""
    put(db, pending(), accepted(), clicked("c1", link=1))
    assert totals(db).clicks_human == 1
    put(db, clicked("c2", link=2, at_s=SENT_S + 60.1))
    assert (totals(db).clicks_human, totals(db).clicks_all) == (0, 2)
    assert (totals(db).clicked, totals(db).unique_human, totals(db).unique_all) == (0, 0, 1)


def test_a_doubtful_click_is_a_humans_and_told_apart(db: SQLite) -> None:
    """So is a clicker of whom every click is doubtful."""
    put(db, pending(), accepted(), clicked("c1", signals=("no-html",), at_s=SENT_S + 4000))
    assert (totals(db).clicks_human, totals(db).clicks_doubtful) == (1, 1)
    assert (totals(db).unique_human, totals(db).unique_doubtful) == (1, 1)
    put(db, clicked("c2", at_s=SENT_S + 9000))
    assert (totals(db).unique_human, totals(db).unique_doubtful) == (1, 0)


def test_more_clicks_than_anybody_makes_are_a_machines(db: SQLite) -> None:
    """The copy's earlier ones as well; what it costs to count one more does not grow with them."""
    put(db, pending(), accepted(), clicked("first", at_s=SENT_S + 9000))
    flood = [clicked(f"c{n}", at_s=SENT_S + 20000 + 100 * n) for n in range(FLOOD)]
    put(db, *flood[:-1])
    assert totals(db).clicks_human == FLOOD
    put(db, flood[-1])
    put(db, clicked("last", at_s=SENT_S + 9500000))
    assert (totals(db).clicks_human, totals(db).clicks_all) == (0, FLOOD + 2)


def test_click_fed_twice_counts_once(db: SQLite) -> None:
    """Across transactions and within one."""
    put(db, pending(), accepted(), clicked("c1"), clicked("c1"))
    put(db, clicked("c1"), clicked("c2"))
    assert totals(db).clicks_all == 2


def test_click_on_a_shared_copy_is_nobodys(db: SQLite) -> None:
    """It is a click, and makes no clicker and no rate."""
    put(db, pending(shared=True), accepted(), clicked("c1", recipient=0))
    assert totals(db) == Figures(
        messages=1,
        clicks_human=1,
        clicks_all=1,
        shared_messages=1,
        shared_recipients=2,
        clicks_shared=1,
    )
    assert totals(db).click_rate is None


def test_click_before_its_message_moves_where_it_belongs(db: SQLite) -> None:
    """It counts at once, without campaign; then under its campaign and person."""
    put(db, clicked("c1"))
    c1, early = stored_id("c1", SENT_S + 60), (1, 0, 40, "early/1")
    assert rows(db) == {(c1, None, "https://example.net/1", None, *early)}
    alone = Figures(messages=1, deliveries=1, clicked=1, clicks_human=1, clicks_all=1)
    assert totals(db) == alone
    put(db, pending())
    assert rows(db) == {(c1, "news", "https://example.net/1", "ann@example.net", *early)}
    assert totals(db) == replace(alone, unique_human=1, unique_all=1)


def test_person_is_the_applications_id_else_the_address(db: SQLite) -> None:
    """Two addresses of one X-Track-Person are one clicker."""
    people = (Recipient(1, "ann@example.net", "id-7"), Recipient(2, "ann@example.org", "id-7"))
    put(db, pending(recipients=people), accepted())
    put(db, clicked("c1", recipient=1), clicked("c2", recipient=2))
    assert totals(db).unique_human == 1


def test_group_is_one_link_and_keeps_what_was_clicked(db: SQLite) -> None:
    """Whatever the URLs of its readers are."""
    for reader in range(1, 51):
        link = SentLink(1, f"https://example.net/for/{reader}", "offer", "Your offer")
        put(db, pending(f"m{reader}", links=(link,)), accepted(f"m{reader}", 1))
    put(db, clicked("c1", "m7", destination="https://example.net/for/7"))
    assert db["links"].count == 1
    assert [row["destination"] for row in clicks.clicks(db)] == ["https://example.net/for/7"]
    assert summary.report(db).links[0].link == "offer"


def test_names_may_hold_any_character(db: SQLite) -> None:
    """NUL, quotes and other scripts are only names."""
    name = "a\0b'c\"д"
    put(db, pending(campaign=name, recipients=(Recipient(1, name),)), accepted("m1", 1))
    put(db, clicked("c1", user_agent=name, destination=f"https://example.net/{name}", link=99))
    (campaign,) = summary.report(db).campaigns
    assert (campaign.campaign, campaign.figures.unique_human) == (name, 1)


def fed(events: Sequence[Event], cuts: Sequence[int]) -> SQLite:
    """Feed events in as many transactions as there are cuts, and one."""
    db = empty()
    edges = [0, *sorted(cut % (len(events) + 1) for cut in cuts), len(events)]
    for start, end in itertools.pairwise(edges):
        put(db, *events[start:end])
    return db


@given(histories(), st.randoms(use_true_random=False))
def test_order_and_transactions_do_not_matter(events: list[Event], random: Any) -> None:
    """The same events give the same sums and rows, all at once or shuffled and one by one."""
    shuffled = list(events)
    random.shuffle(shuffled)
    one, other = fed(events, []), fed(shuffled, range(len(events)))
    assert (sums(one), rows(one)) == (sums(other), rows(other))
    assert summary.report(one) == summary.report(other)
    one.close()
    other.close()


UNNEEDED = (
    "SELECT id FROM link_sets WHERE id NOT IN (SELECT coalesce(link_set_id, 0) FROM messages)",
    """SELECT link_set_id FROM link_set_links UNION SELECT link_set_id FROM link_set_ignored
       EXCEPT SELECT id FROM link_sets""",
    """SELECT id FROM links EXCEPT SELECT link_id FROM link_set_links
       EXCEPT SELECT link_id FROM campaign_links EXCEPT SELECT link_id FROM counters""",
    "SELECT link_id FROM counters WHERE link_id > 0 AND clicks_all = 0",
)
"""Rows by which nobody is told anything."""


@given(histories(), st.randoms(use_true_random=False))
def test_a_purge_leaves_the_same_whatever_the_order(events: list[Event], random: Any) -> None:
    """And figures as they were: sums of what nobody can be named by any more are added up."""
    shuffled = list(events)
    random.shuffle(shuffled)
    one, other = fed(events, []), fed(shuffled, range(len(events)))
    before = summary.report(one)
    for db in (one, other):
        retention.purge(db, SENT_S + 86400)
    after = summary.report(one)
    assert after == summary.report(other)
    assert (after.totals, after.campaigns) == (before.totals, before.campaigns)
    assert _clicks_of(after) == _clicks_of(before)
    dangling = """SELECT link_id FROM (SELECT link_id FROM clicks
        UNION SELECT link_id FROM counters WHERE link_id > 0 UNION SELECT link_id FROM clicked_by
        WHERE link_id > 0 UNION SELECT link_id FROM campaign_links UNION SELECT link_id FROM
        link_set_links) AS named WHERE link_id NOT IN (SELECT id FROM links)"""
    assert one.execute(dangling).fetchall() == []
    assert [one.execute(each).fetchall() for each in UNNEEDED] == [[]] * len(UNNEEDED)
    one.close()
    other.close()


@given(histories(), st.sampled_from([0, 2, 86400, 2 * 86400]), st.data())
def test_what_comes_again_after_a_purge_changes_no_figure(
    events: list[Event], after_s: int, data: st.DataObject
) -> None:
    """Any of it, in any order: a click that was purged with its message has counted."""
    db = fed(events, [])
    retention.purge(db, SENT_S + after_s)
    before = summary.report(db)
    put(db, *data.draw(st.lists(st.sampled_from(events))))
    assert summary.report(db) == before
    retention.purge(db, SENT_S + after_s)
    assert summary.report(db).totals == before.totals
    db.close()


def _clicks_of(report: Report) -> int:
    """Return how many clicks there are on links."""
    return sum(link.figures.clicks_all for link in report.links)


@given(histories(), st.lists(st.integers(0, 99), max_size=4))
def test_sums_equal_a_recount_of_the_rows(events: list[Event], cuts: list[int]) -> None:
    """The report from the sums is the one counted from messages and clicks."""
    db = fed(events, cuts)
    assert summary.report(db) == recount(db)
    per_day: Counter[tuple[int, str | None]] = Counter()
    for row in click_rows(db):
        per_day[day_of(row["at_s"]), row["campaign"]] += 1
    kept = """SELECT day, name, clicks_all FROM counters JOIN campaigns ON campaigns.id = campaign_id
        WHERE day > 0 AND clicks_all > 0"""
    assert {(*key, n) for key, n in per_day.items()} == set(db.execute(kept).fetchall())
    assert judged_sums(db) == recount_judged(db)
    db.close()


@given(histories(), st.lists(st.integers(0, 99), max_size=4))
def test_rows_that_many_name_know_by_how_many(events: list[Event], cuts: list[int]) -> None:
    """With the last click or message that names it, a row can go."""
    db = fed(events, cuts)
    for table, named_by in NAMED.items():
        wrong = f"""SELECT id FROM {table} AS named WHERE {named_by.partition(".")[0]} != (
            SELECT count(*) FROM {named_by.partition(".")[0]} WHERE {named_by.partition(".")[2]} = named.id)"""
        assert db.execute(wrong).fetchall() == []
    assert db.execute("SELECT count(*) FROM arrivals").fetchone() == (db["clicks"].count,)
    db.close()


NAMED = {
    "destinations": "clicks.destination_id",
    "user_agents": "clicks.user_agent_id",
    "link_sets": "messages.link_set_id",
}
"""Which column names the rows of a table."""


def test_a_message_that_is_told_of_by_two_seconds_is_one(db: SQLite) -> None:
    """It is called by that of its own event, with the clicks that came before."""
    put(db, clicked("c1", sent_at_s=SENT_S + 1))
    assert [row["sent_s"] for row in db["messages"].rows] == [SENT_S + 1]
    put(db, pending())
    put(
        db,
        clicked("c1", sent_at_s=SENT_S + 1),
        clicked("c2", sent_at_s=SENT_S + 1, at_s=SENT_S + 90),
    )
    for table in ("messages", "deliveries", "clicks", "arrivals"):
        assert {row["sent_s"] for row in db[table].rows} == {SENT_S}
    assert totals(db) == Figures(
        messages=1,
        deliveries=1,
        clicked=1,
        clicks_human=2,
        clicks_all=2,
        unique_human=1,
        unique_all=1,
    )


def test_messages_of_one_id_are_told_apart_by_their_time(db: SQLite) -> None:
    """Ids are random: two may be the same, years apart."""
    later = SENT_S + 86400
    put(db, pending(), pending(at_s=later, campaign="later"), clicked("c1"))
    put(db, clicked("c2", sent_at_s=later, at_s=later + 60))
    assert [row["campaign"] for row in click_rows(db)] == ["news", "later"]


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:{}.0) Gecko/20100101 Firefox/{}.0"
AGENTS = [FIREFOX.format(version, version) for version in (128, 115)]


def _fed(kept: Agents, events: Sequence[Event]) -> SQLite:
    db = empty()
    with db.atomic():
        feed(db, [pending(), accepted()], NAMING, agents=kept)
    for event in events:
        with db.atomic():
            feed(db, [event], NAMING, agents=kept)
    return db


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.2, 3.0, 40.0, 899.0, 900.0, 901.0, 5000.0]),
            st.integers(1, 3),
            st.integers(1, 3),
            st.sampled_from([(), (), ("head",), ("no-html",)]),
        ),
        min_size=1,
        max_size=9,
    ),
    st.randoms(use_true_random=False),
)
def test_clicks_that_come_one_by_one_are_judged_as_if_all_were_known(
    told: list[tuple[float, int, int, tuple[str, ...]]], random: Any
) -> None:
    """Whatever is read of their copy for each: `waypost reclassify`, which reads all, would change nothing."""
    at_s = SENT_S + 60.0
    clicks: list[Event] = []
    for n, (later_s, link, net, signals) in enumerate(told):
        at_s += later_s
        network = f"192.0.{net}.0"
        clicks.append(
            clicked(f"c{n}", link=link, at_s=at_s, ip=network, network=network, signals=signals)
        )
    random.shuffle(clicks)
    every = [pending(), accepted(), *clicks]
    one, other = fed(every, []), fed(every, range(len(every)))
    assert (sums(one), rows(one)) == (sums(other), rows(other))
    one.close()
    other.close()


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.3, 20.0, 50.0, 700.0]),
            st.integers(1, 3),
            st.integers(1, 3),
            st.integers(0, 1),
            st.sampled_from([(), (), ("head",), ("no-html",)]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_labels_are_the_same_whatever_is_kept_of_agents_and_networks(
    told: list[tuple[float, int, int, int, tuple[str, ...]]],
) -> None:
    """Of clicks of one day, as long as they can be told apart; of two of one moment, either may be first."""
    whole = [
        clicked(
            f"c{n}",
            link=link,
            at_s=SENT_S + 3600 + after_s + n / 100,
            network=f"192.0.{net}.0",
            user_agent=AGENTS[agent],
            signals=signals,
        )
        for n, (after_s, link, net, agent, signals) in enumerate(told)
    ]
    secrets = DaySecrets(lambda _call: None)
    hidden = [
        replace(each, network=secrets.pseudonym(each.network or "", each.at_s)) for each in whole
    ]
    expected = _fed(Agents("full"), [replace(each, ip=each.network) for each in whole])
    for mode in ("full", "family", "none"):
        db = _fed(Agents(mode), hidden)
        assert rows(db) == rows(expected)
        db.close()
    expected.close()


def test_what_is_kept_of_an_agent_names_what_many_have(db: SQLite) -> None:
    """With a pseudonym for each click, of which no octet tells of the agent or of its network."""
    kept = [clicked(f"c{n}", user_agent=agent) for n, agent in enumerate(AGENTS)]
    with db.atomic():
        feed(db, [pending(), *kept], NAMING, agents=Agents("family"))
    assert {row["user_agent"] for row in click_rows(db)} == {"Firefox on Linux"}
    assert [(row["name"], row["clicks"]) for row in db["user_agents"].rows] == [
        ("Firefox on Linux", 2)
    ]
    octets = [row["agent"] for row in db["pseudonyms"].rows]
    assert (len(set(octets)), {len(each) for each in octets}) == (2, {16})
    assert not any(agent in "\n".join(db.conn.iterdump()) for agent in AGENTS)


def test_by_default_there_is_no_pseudonym(db: SQLite) -> None:
    """All is there to be compared."""
    put(db, pending(), clicked("c1", network="192.0.2.0", ip="192.0.2.0"))
    assert db["pseudonyms"].count == 0


def test_a_message_that_is_named_anew_takes_its_pseudonyms_along(db: SQLite) -> None:
    """Where its own event tells another second than its links do."""
    with db.atomic():
        feed(db, [clicked("c1", sent_at_s=SENT_S)], NAMING, agents=Agents("none"))
        feed(db, [pending(at_s=SENT_S + 1.0, sent_s=SENT_S + 1)], NAMING)
    keys = [
        [(row["sent_s"], row["message_id"], row["event_id"]) for row in db[table].rows]
        for table in ("clicks", "pseudonyms")
    ]
    assert keys[0] == keys[1] != []
