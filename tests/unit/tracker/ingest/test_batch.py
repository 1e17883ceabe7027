"""Feeding events to real SQLite: in any order, any number of times, with the same sums."""

import itertools
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from tests.support.checks.facts import LINKS, SENT_S, accepted, clicked, empty, pending, put, totals
from tracker.events import Clicked, Event, MessageAccepted, Recipient, SentLink
from tracker.ingest import listed_links
from tracker.reports import clicks
from tracker.store import retention


def sums(db: Database) -> set[tuple[Any, ...]]:
    """Give all sums by the names of what they are over, those of nothing apart."""
    return set(
        db.execute("""
            SELECT day, ifnull(campaigns.name, campaign_id), ifnull(links.name, ''), messages,
                recipients, personal, clicks_human, clicks_all, unique_human, unique_all
            FROM counters LEFT JOIN campaigns ON campaigns.id = campaign_id
            LEFT JOIN links ON links.id = link_id
            WHERE messages OR recipients OR personal OR clicks_all OR unique_all
        """).fetchall()
    )


def rows(db: Database) -> set[tuple[Any, ...]]:
    """Give all clicks with what they are counted under."""
    return set(
        db.execute("""
            SELECT event_id, campaigns.name, links.name, persons.name
            FROM clicks JOIN campaigns ON campaigns.id = campaign_id
            JOIN links ON links.id = link_id LEFT JOIN persons ON persons.id = person_id
        """).fetchall()
    )


def test_message_counts_when_accepted(db: Database) -> None:
    """Not before."""
    put(db, pending())
    assert totals(db) == clicks.Figures()
    put(db, accepted())
    assert totals(db) == clicks.Figures(messages=1, recipients=2, personal=2)


def test_click_rate_is_human_clickers_of_personal_recipients(db: Database) -> None:
    """One of two readers clicked, twice; the other's scanner did too."""
    machine = clicked("c3", recipient=2, human=False, method="HEAD", reasons=("head",))
    put(db, pending(), accepted(), clicked("c1"), clicked("c2"), machine)
    assert totals(db) == clicks.Figures(1, 2, 2, 2, 3, 1, 2)
    assert totals(db).click_rate == 0.5


def test_click_fed_twice_counts_once(db: Database) -> None:
    """Across transactions and within one."""
    put(db, pending(), accepted(), clicked("c1"), clicked("c1"))
    put(db, clicked("c1"), clicked("c2"))
    assert totals(db).clicks_all == 2


def test_click_on_a_shared_copy_is_nobodys(db: Database) -> None:
    """It is a click, and makes no clicker and no rate."""
    put(db, pending(shared=True), accepted(), clicked("c1", recipient=0))
    assert totals(db) == clicks.Figures(1, 2, 0, 1, 1, 0, 0)
    assert totals(db).click_rate is None


def test_click_before_its_message_moves_where_it_belongs(db: Database) -> None:
    """It counts at once, without campaign; then under its campaign and person."""
    put(db, clicked("c1"))
    assert rows(db) == {("c1", None, "https://example.net/1", None)}
    assert totals(db) == clicks.Figures(1, 1, 0, 1, 1, 0, 0)
    put(db, pending())
    assert rows(db) == {("c1", "news", "https://example.net/1", "ann@example.net")}
    assert totals(db) == clicks.Figures(1, 1, 1, 1, 1, 1, 1)


def test_person_is_the_applications_id_else_the_address(db: Database) -> None:
    """Two addresses of one X-Track-Person are one clicker."""
    people = (Recipient(1, "ann@example.net", "id-7"), Recipient(2, "ann@example.org", "id-7"))
    put(db, pending(recipients=people), accepted())
    put(db, clicked("c1", recipient=1), clicked("c2", recipient=2))
    assert totals(db).unique_human == 1


def test_messages_with_the_same_links_share_them(db: Database) -> None:
    """A thousand messages of three links are three rows, not three thousand."""
    links = tuple(SentLink(n, f"https://example.net/{n}", f"group {n}", "") for n in range(3))
    put(db, *(pending(f"a{n}") for n in range(1000)))
    put(db, *(pending(f"b{n}", links=links) for n in range(1000)))
    counts = {name: db[name].count for name in ("links", "link_set_links", "campaign_links")}
    assert counts == {"links": 6, "link_set_links": 3, "campaign_links": 6}


def test_group_is_one_link_and_keeps_what_was_clicked(db: Database) -> None:
    """Whatever the URLs of its readers are."""
    for reader in range(1, 51):
        link = SentLink(1, f"https://example.net/for/{reader}", "offer", "Your offer")
        put(db, pending(f"m{reader}", links=(link,)), accepted(f"m{reader}", 1))
    put(db, clicked("c1", "m7", destination="https://example.net/for/7"))
    assert db["links"].count == 1
    assert [row["destination"] for row in clicks.clicks(db)] == ["https://example.net/for/7"]
    assert clicks.report(db).links[0].link == "offer"


def test_personal_url_is_stored_only_when_clicked(db: Database) -> None:
    """A link that no other message had is nothing to list, unless it was clicked."""
    for reader in range(1, 51):
        own = SentLink(4, f"https://example.net/for/{reader}", None, "Yours")
        put(db, pending(f"m{reader}", links=(*LINKS, own)), accepted(f"m{reader}", 1))
    put(db, clicked("c1", "m7", link=4, destination="https://example.net/for/7"))
    assert {link.link for link in clicks.report(db).links} == {
        *(link.url for link in LINKS),
        "https://example.net/for/7",
    }
    assert "https://example.net/for/8" not in "".join(db.conn.iterdump())


OURS = ("uid", "utm_source")
"""Parameters that are no part of a name."""


def own_link(reader: str, number: int = 5) -> SentLink:
    """Give a link that is a reader's own, to which parameters of ours were added."""
    return SentLink(number, f"https://example.net/for/{reader}?p=1", None, "Yours", OURS)


def own_click(event_id: str, message: str, reader: str, **changes: Any) -> Clicked:
    """Give a click on it, as its token tells."""
    destination = f"https://example.net/for/{reader}?p=1&utm_source=mail&uid={reader}"
    return clicked(event_id, message, **{"link": 5, "destination": destination, **changes})


def test_personal_url_with_parameters_of_ours_is_stored_only_when_clicked(db: Database) -> None:
    """As without them: one set of links for all messages, and no row for what nobody clicked."""
    for reader in range(1, 51):
        own = own_link(f"r{reader}")
        put(db, pending(f"m{reader}", links=(*LINKS, own)), accepted(f"m{reader}", 1))
    assert (db["link_sets"].count, db["link_set_links"].count, db["links"].count) == (1, 0, 3)
    put(db, own_click("c1", "m7", "r7"))
    assert {link.link for link in clicks.report(db).links} == {
        *(link.url for link in LINKS),
        "https://example.net/for/r7?p=1",
    }
    assert "https://example.net/for/r8" not in "".join(db.conn.iterdump())


def test_a_clicked_link_is_the_sent_one(db: Database) -> None:
    """Its name is the same, whatever was added for whom, and whichever came first."""
    links = (SentLink(1, "https://example.net/a?p=1", None, "A", OURS),)
    for message in ("m1", "m2"):
        put(db, pending(message, links=links), accepted(message))
    at = "https://example.net/a?p=1&utm_source=mail"
    put(db, clicked("c1", destination=at), clicked("c2", "m2", destination=f"{at}&uid=ann"))
    put(db, clicked("c3", "m3", destination=f"{at}&uid=bob"))
    put(db, pending("m3", links=links))
    (link,) = clicks.report(db).links
    assert (link.link, link.figures.clicks_all) == ("https://example.net/a?p=1", 3)


def test_an_authors_own_parameter_stays_in_the_name(db: Database) -> None:
    """Though it is called like one that the operator adds elsewhere."""
    link = SentLink(1, "https://example.net/a?utm_source=blog", None, "A", ("uid",))
    put(db, pending(links=(link,)), accepted())
    put(db, clicked("c1", destination=f"{link.url}&uid=ann"))
    assert [each.link for each in clicks.report(db).links] == [link.url]


def test_link_of_an_unknown_message_is_named_without_what_is_ours(db: Database) -> None:
    """The readers of a lost store are one row, and no id of theirs is in it."""
    at = "https://example.net/a?p=1&utm_source=mail&wp_id="
    put(db, *(clicked(f"c{n}", f"lost{n}", destination=f"{at}{n}") for n in range(9)))
    (link,) = clicks.report(db).links
    assert (link.link, link.campaign) == ("https://example.net/a?p=1", None)
    assert link.figures.clicks_all == 9


def test_only_the_latest_single_urls_are_remembered(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are."""
    monkeypatch.setattr(listed_links, "KEPT", 10)
    for reader in range(50):
        own = SentLink(1, f"https://example.net/for/{reader}", None, "Yours")
        put(db, pending(f"m{reader}", links=(own,)))
    assert db["sightings"].count == 10


def test_message_told_twice_has_not_shared_its_links(db: Database) -> None:
    """Events may be fed again, and several copies tell of one message."""
    put(db, pending(), accepted())
    put(db, pending())
    assert clicks.report(db).links == ()


def test_links_nobody_clicked_are_in_the_report(db: Database) -> None:
    """With zeros, where two messages share them."""
    put(db, pending("m1"), pending("m2"), accepted("m1"))
    put(db, clicked("c1", link=2, destination="https://example.net/2"))
    report = clicks.report(db)
    assert [link.link for link in report.links] == [f"https://example.net/{n}" for n in (2, 1, 3)]
    assert [link.figures.clicks_all for link in report.links] == [1, 0, 0]


def test_a_group_that_is_called_like_a_url_is_listed_like_one(db: Database) -> None:
    """Earlier versions told URLs less what varies so, and a reader's own is nothing to list."""
    for number in (1, 2):
        own = SentLink(
            1, f"https://example.net/{number}?uid=7", f"https://example.net/{number}", ""
        )
        both = SentLink(2, "https://example.net/?uid=7", "https://example.net/", "")
        put(db, pending(f"m{number}", links=(own, both)), accepted(f"m{number}"))
    assert [link.link for link in clicks.report(db).links] == ["https://example.net/"]


def test_names_may_hold_any_character(db: Database) -> None:
    """NUL, quotes and other scripts are only names."""
    name = "a\0b'c\"д"
    put(db, pending(campaign=name, recipients=(Recipient(1, name),)), accepted("m1", 1))
    put(db, clicked("c1", user_agent=name, destination=f"https://example.net/{name}", link=99))
    (campaign,) = clicks.report(db).campaigns
    assert (campaign.campaign, campaign.figures.unique_human) == (name, 1)


GROUPS = st.sampled_from([None, "offer", "https://example.net/"])
DESTINATIONS = {link: f"https://example.net/{link}" for link in range(1, 5)}


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Draw what may have happened to a few messages, some events lost, some twice, in any order."""
    events: list[Event] = []
    for number in range(draw(st.integers(1, 4))):
        message = f"m{number}"
        shared = draw(st.booleans())
        day = 86400 * draw(st.integers(0, 1))
        readers = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True))
        people = tuple(Recipient(n, f"{name}@example.net") for n, name in enumerate(readers, 1))
        campaign = draw(st.sampled_from([None, "x", "y"]))
        about = pending(
            message,
            shared=shared,
            recipients=people,
            campaign=campaign,
            at_s=SENT_S + day,
            links=(
                *LINKS[:2],
                SentLink(3, "https://example.net/", draw(GROUPS), "three"),
                own_link(own := draw(st.sampled_from([message, "all"]))),
            ),
        )
        taken = draw(st.sets(st.integers(1, len(people))))
        events += [about, MessageAccepted(message, SENT_S + day + 1, tuple(sorted(taken)))]
        for click in range(draw(st.integers(0, 4))):
            event = draw(st.sampled_from([clicked, partial(own_click, reader=own)]))
            where = {"link": (link := draw(st.integers(1, 4))), "destination": DESTINATIONS[link]}
            events.append(
                event(
                    f"{message}c{click}",
                    message,
                    at_s=SENT_S + day + 86400 * draw(st.integers(0, 1)),
                    sent_at_s=SENT_S + day,
                    recipient=0 if shared else draw(st.integers(1, len(people))),
                    human=draw(st.booleans()),
                    **(where if event is clicked else {}),
                )
            )
    kept = draw(st.lists(st.sampled_from(events), min_size=1, max_size=2 * len(events)))
    return draw(st.permutations(kept))


def fed(events: Sequence[Event], cuts: Sequence[int]) -> Database:
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
    assert clicks.report(one) == clicks.report(other)
    one.close()
    other.close()


UNNEEDED = (
    "SELECT id FROM link_sets WHERE id NOT IN (SELECT ifnull(link_set_id, 0) FROM messages)",
    """SELECT link_set_id FROM link_set_links UNION SELECT link_set_id FROM link_set_ignored
       EXCEPT SELECT id FROM link_sets""",
    """SELECT id FROM links EXCEPT SELECT link_id FROM link_set_links
       EXCEPT SELECT link_id FROM campaign_links EXCEPT SELECT link_id FROM counters""",
    "SELECT link_id FROM counters WHERE link_id AND NOT clicks_all",
)
"""Rows by which nobody is told anything."""


@given(histories(), st.randoms(use_true_random=False))
def test_a_purge_leaves_the_same_whatever_the_order(events: list[Event], random: Any) -> None:
    """And figures as they were: sums of what nobody can be named by any more are added up."""
    shuffled = list(events)
    random.shuffle(shuffled)
    one, other = fed(events, []), fed(shuffled, range(len(events)))
    before = clicks.report(one)
    for db in (one, other):
        retention.purge(db, SENT_S + 86400)
    after = clicks.report(one)
    assert after == clicks.report(other)
    assert (after.totals, after.campaigns) == (before.totals, before.campaigns)
    assert _clicks_of(after) == _clicks_of(before)
    dangling = """SELECT link_id FROM (SELECT link_id FROM clicks
        UNION SELECT link_id FROM counters WHERE link_id UNION SELECT link_id FROM clickers
        WHERE link_id UNION SELECT link_id FROM campaign_links UNION SELECT link_id FROM
        link_set_links) WHERE link_id NOT IN (SELECT id FROM links)"""
    assert one.execute(dangling).fetchall() == []
    assert [one.execute(each).fetchall() for each in UNNEEDED] == [[]] * len(UNNEEDED)
    one.close()
    other.close()


def _clicks_of(report: clicks.Report) -> Counter[str | None]:
    """Add up what links count, by campaign."""
    clicks: Counter[str | None] = Counter()
    for link in report.links:
        clicks[link.campaign] += link.figures.clicks_all
    return +clicks


@given(histories(), st.lists(st.integers(0, 99), max_size=4))
def test_sums_equal_a_recount_of_the_rows(events: list[Event], cuts: list[int]) -> None:
    """The report from the sums is the one counted from messages and clicks."""
    db = fed(events, cuts)
    assert clicks.report(db) == clicks.report(db, since_s=0)
    per_day = """SELECT max(1, CAST(at_s / 86400 AS INTEGER)), campaign_id, sum(human), count(*),
        count(DISTINCT CASE WHEN human THEN person_id END), count(DISTINCT person_id)
        FROM clicks GROUP BY 1, 2"""
    kept = """SELECT day, campaign_id, clicks_human, clicks_all, unique_human, unique_all
        FROM counters WHERE day AND campaign_id AND clicks_all"""
    assert set(db.execute(per_day).fetchall()) == set(db.execute(kept).fetchall())
    db.close()
