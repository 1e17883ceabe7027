"""A person is forgotten: neither the store nor the spool tells anything of them."""

import pytest

from tests.support.checks.facts import LINKS, SENT_S, accepted, clicked, pending, put, totals
from tests.support.checks.people import (
    ANN,
    ANNS_ID,
    IDENTIFIER,
    PERSONAL,
    Erased,
    erased,
    everything,
    sent,
)
from tests.support.engines import engine, gives_back
from tracker.counting.batch import feed
from tracker.erasure import rows
from tracker.erasure.patterns import PersonPatterns
from tracker.events import Recipient, SentLink
from tracker.privacy.agents import Agents
from tracker.reports import summary
from tracker.reports.activity import activity
from tracker.sql.sqlite import SQLite
from tracker.store.keys import message_number

__all__ = ["engine", "gives_back"]

_LED_TO = "SELECT url FROM clicks JOIN destinations ON destinations.id = destination_id"


@pytest.fixture
def known(db: SQLite) -> SQLite:
    """Return a store in which two persons clicked."""
    put(db, pending(), accepted())
    put(db, clicked("c1", destination=PERSONAL, link=9, ip="192.0.2.0"))
    put(db, clicked("c2", recipient=2), clicked("c3"))
    return db


def test_nothing_tells_of_the_person_any_more(known: SQLite):
    """Neither names nor URLs; others stay, and the figures do."""
    before = summary.report(known).json()
    assert ANNS_ID.lower() in everything(known)
    assert erased(known) == Erased(persons=1, deliveries=1, clicks=2, urls=2)
    left = everything(known)
    assert not any(each in left for each in ("ann", ANNS_ID.lower(), "192.0.2.0"))
    assert "bob@example.net" in left
    after = summary.report(known).json()
    assert after["totals"] == before["totals"]
    assert after["campaigns"] == before["campaigns"]
    assert list(activity(known, ANN)) == []


def test_it_may_be_done_again(known: SQLite):
    """There is nothing left then."""
    erased(known)
    assert erased(known) == Erased()


def test_later_clicks_count_as_nobodys(known: SQLite):
    """Also after the message's own event came again; nothing of who clicked is kept."""
    erased(known)
    before = totals(known)
    put(known, clicked("c4", destination=PERSONAL, ip="192.0.2.0"), pending(), accepted())
    after = totals(known)
    assert after.clicks_all == before.clicks_all + 1
    assert (after.unique_all, after.deliveries) == (before.unique_all, before.deliveries)
    left = everything(known)
    assert not any(each in left for each in ("ann", ANNS_ID.lower(), "192.0.2.0"))


def test_later_clicks_count_under_links_that_others_have(known: SQLite):
    """Not under their site's front page, which may be a link as well; what is theirs alone does."""
    more = (
        SentLink(4, "https://example.net/", None, ""),
        SentLink(5, "https://a.net/", "offer", ""),
    )
    put(known, pending("m2", links=(*LINKS, *more)), accepted("m2"), pending("m3"), accepted("m3"))
    erased(known)
    put(known, clicked("c4", "m2"), clicked("c5", "m2", link=2, destination=LINKS[1].url))
    put(known, clicked("c7", "m2", link=5, destination="https://a.net/"))
    put(known, clicked("c6", "m2", link=9, destination=PERSONAL))
    counted = {each.link: each.figures.clicks_all for each in summary.report(known).links}
    assert (counted["https://example.net/1"], counted["https://example.net/2"]) == (3, 1)
    assert (counted["offer"], counted["https://shop.example.net/"]) == (1, 1)
    kept = known.execute(f"{_LED_TO} ORDER BY arrival").fetchall()
    assert kept[3:5] == [("https://example.net/",)] * 2


def test_new_mail_is_to_somebody_new(known: SQLite):
    """Erasure is no opt-out: that is what consents are for."""
    erased(known)
    put(known, pending("m2"), accepted("m2"), clicked("c4", "m2"))
    assert [row["event"] for row in activity(known, ANN)] == ["clicked", "sent"]


@pytest.mark.parametrize("written", ["\u00c9MILE@example.net", "\u00e9mile@Example.NET"])
def test_capital_letters_beyond_ascii_hide_nobody(db: SQLite, written: str):
    """An address may be in any script (RFC 6531)."""
    put(db, pending(recipients=(Recipient(1, "\u00c9mile@example.net"),)), accepted("m1", 1))
    assert erased(db, written).persons == 1
    assert list(db["persons"].rows) == []


def test_an_own_id_and_its_addresses_are_one_person(db: SQLite):
    """Either name is enough; an id counts in their own URLs only, and as a whole value."""
    named = (Recipient(1, ANN, "7"), Recipient(2, "bob@example.net", "77"))
    for name in ("7", ANN):
        put(db, pending(name, recipients=named), accepted(name))
        put(db, pending(f"{name}x"), accepted(f"{name}x"))
        put(db, clicked(f"{name}1", name, link=8, destination="https://example.net/?p=7&q=77"))
        put(db, clicked(f"{name}2", name, link=9, destination="https://example.net/7", recipient=2))
        assert erased(db, name).persons == 2
        assert {row["name"] for row in db["persons"].rows} == {"77", "bob@example.net"}
    found = {url for (url,) in db.execute(_LED_TO)}
    assert found == {"https://example.net/?p=e&q=77", "https://example.net/7"}


def test_what_only_they_clicked_with_is_forgotten(db: SQLite):
    """A program's name may be as rare as a person's."""
    put(
        db, pending(), accepted(), clicked("c1", user_agent="Ann's own"), clicked("c2", recipient=2)
    )
    erased(db)
    assert {row["name"] for row in db["user_agents"].rows} == {"", "Browser/1"}


def test_urls_that_nobody_else_got_leave_no_hash(db: SQLite):
    """Who knows the address could make it; those of shared messages stay."""
    put(db, *sent("m1", Recipient(1, ANN), "news", "https://example.net/ann"))
    put(db, *sent("m2", Recipient(1, "bob@example.net"), "news", "https://example.net/bob"))
    kept = {row["message_id"] for row in db["sightings"].rows}
    erased(db)
    left = {row["message_id"] for row in db["sightings"].rows}
    assert (kept, left) == ({message_number("m1"), message_number("m2")}, {message_number("m2")})


def test_figures_of_days_stay(known: SQLite):
    """What was counted since a day is asked of rows, which are there, too; but nobody clicked."""
    erased(known)
    since = summary.report(known, since_s=SENT_S - 1).totals
    assert (since.messages, since.deliveries, since.clicks_all) == (1, 2, 3)


def test_who_has_many_mails_and_clicks_is_forgotten_bit_by_bit(
    db: SQLite, monkeypatch: pytest.MonkeyPatch
):
    """In small transactions; what others clicked keeps its URL, and nothing that nobody has is kept."""
    monkeypatch.setattr(rows, "CHUNK_CLICKS", 8)
    for number in range(7):
        message = f"m{number}"
        put(db, pending(message), accepted(message))
        put(db, *(clicked(f"a{message}{n}", message, user_agent="Ann's") for n in range(5)))
        put(db, clicked(f"b{message}", message, recipient=2))
    before = summary.report(db)
    assert erased(db) == Erased(persons=1, deliveries=7, clicks=35)
    assert summary.report(db).totals == before.totals
    assert "ann" not in everything(db)
    for table in ("user_agents", "destinations"):
        named = db.execute(f"SELECT {table[:-1]}_id, count(*) FROM clicks GROUP BY 1")
        assert dict(named.fetchall()) == {row["id"]: row["clicks"] for row in db[table].rows}


def test_what_was_forgotten_in_part_is_found_by_every_name(db: SQLite):
    """Whoever begins anew where the last one died, by the id or by any address, finds the rest."""
    second = "ann@work.example"
    for message, address in (("m1", ANN), ("m2", ANN), ("m3", second), ("m4", second)):
        put(db, pending(message, recipients=(Recipient(1, address, "pers-4711"),)))
        put(db, accepted(message, 1))
    person = rows.find(db, ANN)
    rows.empty(db, person, PersonPatterns.of(person.names, IDENTIFIER))
    for name in (ANN, second, "pers-4711"):
        found = rows.find(db, name)
        assert (found.rows, len(found.copies)) == (person.rows, 2)
    assert erased(db, second).persons == 1
    assert not any(each in everything(db) for each in ("ann", "4711"))


def test_mail_that_came_meanwhile_is_not_overlooked(db: SQLite):
    """The person's row stays until all is done again."""
    put(db, pending(), accepted())
    person = rows.find(db, ANN)
    patterns = PersonPatterns.of(person.names, IDENTIFIER)
    rows.empty(db, person, patterns)
    put(db, pending("m2"), accepted("m2"))
    assert rows.forget(db, person, patterns) is None
    assert erased(db).deliveries == 2


def test_no_pseudonym_of_theirs_is_left(db: SQLite) -> None:
    """Of networks and agents that are not kept."""
    with db.atomic():
        feed(db, [pending(), accepted()])
        feed(db, [clicked("c1"), clicked("c2", recipient=2)], agents=Agents("none"))
    assert erased(db).clicks == 1
    assert db["pseudonyms"].count == 1
    with db.atomic():
        feed(db, [clicked("c3")], agents=Agents("none"))
    assert db["pseudonyms"].count == 1
