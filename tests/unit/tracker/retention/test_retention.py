"""What the store lets go of, and what it keeps."""

from dataclasses import replace

import pytest

from tests.support.checks.facts import (
    LINKS,
    SENT_S,
    accepted,
    clicked,
    pending,
    put,
    refused,
    to_ann,
    totals,
)
from tests.support.engines import engine, gives_back
from tracker.counting.batch import feed
from tracker.events import Recipient, SentLink
from tracker.outbox.subscriptions import Subscription, Subscriptions
from tracker.privacy.agents import Agents
from tracker.reports import summary
from tracker.retention import retention
from tracker.retention.retention import Purged, expiring, lower_horizon, purge, read_clock
from tracker.sql.sqlite import SQLite
from tracker.store.keys import event_octets, message_number
from tracker.store.reserved import PURGED_NAME

__all__ = ["engine", "gives_back"]

DAY_S = 86400
LATER_S = SENT_S + DAY_S + 60
YEARS_S = 3652 * DAY_S
RETENTION_S = 90.0 * DAY_S


def names(db: SQLite, table: str) -> set[str]:
    """Return the names in a table."""
    return {row["name"] for row in db[table].rows if row["name"]}


def expire_pending(db: SQLite, before_s: float) -> int:
    """Drop what was never sent; return how many messages that were."""
    return sum(dropped.messages for dropped in expiring(db, before_s))


def kept_messages(db: SQLite) -> set[int]:
    """Return the ids of the messages that the store has."""
    return {row["message_id"] for row in db["messages"].rows}


def test_pending_messages_expire_unless_clicked(db: SQLite) -> None:
    """The relay's 250 or a click keeps them."""
    put(db, pending("m1"), pending("m2"), pending("m3"), accepted("m2"), clicked("c1", "m3"))
    assert expire_pending(db, SENT_S + 0.5) == 1
    assert kept_messages(db) == {message_number("m2"), message_number("m3")}
    assert totals(db).messages == 2


def test_it_is_kept_of_how_many_messages_nobody_knows(db: SQLite) -> None:
    """By day and campaign, when they expire and when they are purged; not of what was refused."""
    put(db, *(pending(f"m{number}") for number in range(3)), pending("m3", campaign="other"))
    put(db, refused("m0"), pending("m4", at_s=SENT_S + DAY_S), pending("m5", at_s=LATER_S))
    before = summary.report(db)
    assert before.unknown_messages == 5
    expire_pending(db, SENT_S + 1)
    assert summary.report(db) == before
    purge(db, LATER_S)
    assert summary.report(db).unknown_messages == 5
    assert summary.report(db, campaign="other").unknown_messages == 1
    assert summary.report(db, since_s=LATER_S).unknown_messages == 2  # of a whole day, once purged
    assert db["messages"].count == 1


def test_young_pending_messages_wait(db: SQLite) -> None:
    """Their 250 may still be on its way."""
    put(db, pending())
    assert expire_pending(db, SENT_S) == 0


def test_purge_deletes_what_is_old_in_chunks(db: SQLite, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, and nothing else; the sums stay as they were."""
    monkeypatch.setattr(retention, "CHUNK_ROWS", 8)
    for number in range(10):
        message, sent_s = f"m{number}", SENT_S + number
        put(db, pending(message, at_s=sent_s), replace(accepted(message), sent_s=sent_s))
        put(db, clicked(message, message, sent_at_s=sent_s))
    before = totals(db)
    assert purge(db, SENT_S + 7) == Purged(messages=7, clicks=7)
    assert kept_messages(db) == {message_number(f"m{number}") for number in (7, 8, 9)}
    assert (db["clicks"].count, db["deliveries"].count, db["arrivals"].count) == (3, 6, 3)
    assert totals(db) == before


def test_a_message_of_many_clicks_and_readers_goes_bit_by_bit(
    db: SQLite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than one transaction takes; sums stay, and what no click names any more goes."""
    readers = tuple(Recipient(number, f"reader{number}@example.net") for number in range(1, 21))
    put(db, pending(recipients=readers, shared=True), *(accepted("m1", n) for n in range(1, 21)))
    put(db, *(clicked(f"c{n}", recipient=0, user_agent=f"Agent/{n % 3}") for n in range(30)))
    put(db, pending("young", at_s=LATER_S), clicked("last", "young", sent_at_s=int(LATER_S)))
    before = totals(db)
    monkeypatch.setattr(retention, "CHUNK_ROWS", 8)
    assert purge(db, SENT_S + 9) == Purged(messages=1, clicks=30)
    assert totals(db) == before
    assert (db["clicks"].count, db["arrivals"].count, db["deliveries"].count) == (1, 1, 2)
    for table in ("user_agents", "destinations"):
        assert [row["clicks"] for row in db[table].rows] == [1]
    assert names(db, "persons") == {"ann@example.net", "bob@example.net"}


def test_who_has_no_message_left_is_forgotten(db: SQLite) -> None:
    """Whoever has one is not: a further click makes no new clicker."""
    put(db, pending("old"), accepted("old"), clicked("c1", "old", recipient=2))
    only_ann = pending("new", at_s=SENT_S + DAY_S, recipients=pending().recipients[:1])
    put(db, only_ann, accepted("new", 1), clicked("c2", "new", at_s=SENT_S + DAY_S + 9))
    purge(db, SENT_S + DAY_S)
    assert names(db, "persons") == {"ann@example.net"}
    before = totals(db)
    put(db, clicked("c3", "new", at_s=SENT_S + DAY_S + 10))
    assert totals(db).unique_human == before.unique_human


def test_click_on_a_purged_message_counts_as_such(db: SQLite) -> None:
    """As a click, and as nothing else; also when the message's own event comes again."""
    put(db, pending(), accepted(), clicked("c1"))
    purge(db, SENT_S + DAY_S)
    before = totals(db)
    put(db, clicked("c2", at_s=LATER_S), pending(), accepted())
    put(db, clicked("c3", at_s=LATER_S))
    after = totals(db)
    assert (after.messages, after.deliveries, after.unique_human) == (1, 2, before.unique_human)
    campaigns = {row.campaign: row.figures.clicks_all for row in summary.report(db).campaigns}
    assert campaigns == {"news": 1, PURGED_NAME: 2}


def test_nothing_is_kept_of_a_click_on_a_purged_message_but_that_it_was(db: SQLite) -> None:
    """No URL, no id in it, no network; all of them are one link."""
    purge(db, SENT_S + DAY_S)
    at = "https://example.net/for/ann?wp_id="
    for number in range(3):
        message = f"m{number}"
        about = {"at_s": LATER_S, "ip": "192.0.2.0"}
        put(db, clicked(message, message, destination=f"{at}{number}", **about))
    put(db, clicked("again", "m1", destination=at, **about))
    report = summary.report(db)
    assert [each.campaign for each in report.campaigns] == [PURGED_NAME]
    (link,) = report.links
    assert (link.link, link.purged_link, link.figures.clicks_all) == (PURGED_NAME, True, 4)
    left = "".join(db.conn.iterdump())
    assert not any(each in left for each in ("example.net/for", "wp_id", "192.0.2.0", "Browser"))


def test_a_click_that_comes_again_after_a_purge_counts_once(db: SQLite) -> None:
    """Whether it was of before the horizon or of after it, and on whatever it was."""
    events = (
        *(pending(), accepted(), pending("m2", at_s=LATER_S), accepted("m2")),
        *(clicked("c1"), clicked("c2", at_s=LATER_S), clicked("c3", "gone", at_s=LATER_S)),
        clicked("c4", "m2", at_s=LATER_S + 9, sent_at_s=int(LATER_S)),
    )
    put(db, *events)
    for horizon_s in (SENT_S + DAY_S, SENT_S + DAY_S + 120, SENT_S + 9 * DAY_S):
        before = summary.report(db)
        purge(db, horizon_s)
        put(db, *events)
        put(db, *events)
        assert summary.report(db).totals == before.totals
    assert db["purged_clicks"].count == 0


def test_of_a_purged_click_no_more_is_kept_than_it_takes_to_know_it(db: SQLite) -> None:
    """Its id and its moment, until that is before the horizon as well."""
    put(db, pending(), accepted(), clicked("c1"), clicked("c2", at_s=LATER_S))
    purge(db, SENT_S + DAY_S)
    kept = [dict(row) for row in db["purged_clicks"].rows]
    assert kept == [{"event_id": event_octets("c2", LATER_S)}]
    purge(db, LATER_S + 1)
    assert db["purged_clicks"].count == 0


def test_a_click_in_the_second_of_the_purge_waits_for_its_message(db: SQLite) -> None:
    """Its token tells whole seconds; the message may be a little younger, and kept."""
    purge(db, SENT_S + 0.5)
    put(db, clicked("c1"))
    put(db, to_ann(at_s=SENT_S + 0.7), accepted("m1", 1))
    report = summary.report(db)
    assert [each.campaign for each in report.campaigns] == ["news"]
    assert [each.link for each in report.links] == ["https://example.net/1"]


def test_what_nobody_clicked_goes_with_its_last_message(db: SQLite) -> None:
    """What a younger message has stays in the report, and what somebody named."""
    old, both, young = (SentLink(n, f"https://example.net/{n}", None, "") for n in range(3))
    group = SentLink(3, "https://example.net/3", "offer", "")
    for message in ("m1", "m2"):
        put(db, pending(message, links=(old, both, group)), accepted(message))
    for message in ("m3", "m4"):
        links = (both, young)
        put(db, pending(message, at_s=SENT_S + DAY_S, links=links), accepted(message))
    assert len(summary.report(db).links) == 4
    purge(db, SENT_S + DAY_S)
    assert names(db, "links") == {both.url, young.url, "offer"}
    purge(db, SENT_S + 2 * DAY_S)
    assert names(db, "links") == {"offer"}
    tables = ("link_sets", "link_set_links", "link_set_ignored", "sightings")
    assert [db[table].count for table in tables] == [0] * 4


def test_sums_keep_the_names_of_what_was_clicked(db: SQLite) -> None:
    """Of a link that messages shared, of a group, and of one that several persons clicked."""
    group = SentLink(2, "https://example.net/2", "offer", "")
    for message in ("m1", "m2"):
        put(db, pending(message, links=(*LINKS[:1], group)), accepted(message))
    put(db, clicked("c1"), clicked("c2", link=2))
    put(db, pending("m3", campaign="single", links=LINKS[2:]), accepted("m3"))
    third = {"message": "m3", "link": 3, "destination": LINKS[2].url}
    put(db, clicked("c3", **third), clicked("c4", recipient=2, **third))
    before = summary.report(db)
    purge(db, SENT_S + DAY_S)
    assert summary.report(db) == before


def test_sums_of_readers_own_links_are_added_up(db: SQLite) -> None:
    """A purge leaves no URL that was somebody's; nor one's who agreed to totals alone."""
    for reader in ("ann", "bob"):
        own = SentLink(1, f"https://example.net/for/{reader}", None, "", ("uid",))
        to = (Recipient(1, f"{reader}@example.net"),)
        put(db, pending(reader, links=(own,), recipients=to, shared=reader == "bob"))
        put(db, clicked(f"{reader}1", reader, destination=own.url))
        put(db, clicked(f"{reader}2", reader, destination=f"{own.url}?uid=7"))
    before = summary.report(db)
    purge(db, SENT_S + DAY_S)
    after = summary.report(db)
    assert (after.totals, after.campaigns) == (before.totals, before.campaigns)
    (link,) = after.links
    assert (link.link, link.purged_link) == (PURGED_NAME, True)
    assert (link.figures.clicks_all, link.figures.unique_all) == (4, 1)
    assert summary.report(db, campaign="news").links == after.links
    assert "example.net/for" not in "".join(db.conn.iterdump())


def test_an_own_link_stays_while_a_click_on_it_does(db: SQLite) -> None:
    """Only old messages are let go of."""
    own = SentLink(1, "https://example.net/for/ann", None, "")
    put(db, pending("m1", at_s=SENT_S + DAY_S, links=(own,)), accepted("m1"))
    put(db, clicked("c1", destination=own.url))
    before = summary.report(db)
    purge(db, SENT_S + DAY_S)
    assert summary.report(db) == before


def test_a_link_of_a_purged_message_is_seen_for_the_first_time_again(db: SQLite) -> None:
    """Rows are numbered anew, and no later message is taken for the one that is gone."""
    put(db, pending("m1"), accepted("m1"))
    purge(db, SENT_S + DAY_S)
    put(db, pending("m2", at_s=SENT_S + DAY_S), accepted("m2"))
    put(db, pending("m3", at_s=SENT_S + DAY_S), accepted("m3"))
    assert len(summary.report(db).links) == len(LINKS)


def test_purges_do_not_go_back(db: SQLite) -> None:
    """A later purge of less does not bring back what an earlier one let go."""
    purge(db, SENT_S + 10)
    purge(db, SENT_S - 10)
    assert retention.purged_before_s(db) == SENT_S + 10


def test_the_latest_known_moment_is_noted(db: SQLite) -> None:
    """By who reads the clock next, in another process, a jump is seen; insistence is believed."""
    put(db, pending(), accepted())
    now_s = SENT_S + 9 * DAY_S
    assert read_clock(db, now_s, 0, RETENTION_S).believed
    doubted = read_clock(db, now_s + YEARS_S, 0, RETENTION_S)
    assert (doubted.believed, doubted.known_s) == (False, now_s)
    put(db, pending("m2", at_s=now_s + YEARS_S), accepted("m2"))
    assert not read_clock(db, now_s + YEARS_S, 0, RETENTION_S).believed


def test_mail_counts_again_after_a_purge_with_a_wrong_clock(db: SQLite) -> None:
    """Up to its last day, what is purged stays so; sums stay as they were, and no link is unlisted."""
    put(db, pending(), accepted(), clicked("c1"))
    before = totals(db)
    purge(db, SENT_S + YEARS_S)
    now_s = SENT_S + 20 * DAY_S
    put(db, pending("lost", at_s=now_s), accepted("lost"))
    assert totals(db) == before
    with db.atomic():
        time = read_clock(db, now_s, 0, RETENTION_S)
        assert lower_horizon(db, time) == SENT_S + YEARS_S
        assert lower_horizon(db, time) is None
    put(db, pending("m2", at_s=now_s), accepted("m2"), clicked("c2", "m2", sent_at_s=now_s))
    put(db, clicked("c3", at_s=now_s))
    report = summary.report(db)
    assert (report.totals.messages, report.totals.clicks_all) == (2, 3)
    assert {each.campaign: each.figures.clicks_all for each in report.campaigns} == {
        "news": 2,
        PURGED_NAME: 1,
    }


def test_a_horizon_of_the_past_stays(db: SQLite) -> None:
    """Whatever the clock says, and where no time is known."""
    assert lower_horizon(db, read_clock(db, SENT_S, 0, RETENTION_S)) is None
    put(db, pending(), accepted())
    purge(db, SENT_S - DAY_S)
    for clock_s in (SENT_S, 3600.0, SENT_S + YEARS_S):
        assert lower_horizon(db, read_clock(db, clock_s, 0, RETENTION_S)) is None
    assert retention.purged_before_s(db) == SENT_S - DAY_S


def test_what_webhooks_were_to_be_told_of_purged_clicks_goes(db: SQLite) -> None:
    """Sent or not; of other clicks it stays."""
    hooks = Subscriptions((Subscription("hook", machines=True),))
    put(db, pending("m1"), pending("m2", at_s=LATER_S))
    events = clicked("c1"), clicked("c2", "m2", sent_at_s=LATER_S, at_s=LATER_S + 60)
    with db.atomic():
        feed(db, events, subscriptions=hooks)
    assert (db["outbox"].count, db["told_clicks"].count) == (2, 2)
    purge(db, SENT_S + DAY_S)
    for table in ("outbox", "told_clicks"):
        assert [row["sent_s"] for row in db[table].rows] == [LATER_S]


def test_what_told_the_visitors_of_purged_clicks_apart_goes(db: SQLite) -> None:
    """With the clicks, though two days are not over; of other clicks it stays."""
    put(db, pending("m1"), pending("m2", at_s=LATER_S))
    events = clicked("c1"), clicked("c2", "m2", sent_at_s=LATER_S, at_s=LATER_S + 60)
    with db.atomic():
        feed(db, events, agents=Agents("none"))
    purge(db, SENT_S + DAY_S)
    assert [row["sent_s"] for row in db["pseudonyms"].rows] == [LATER_S]
