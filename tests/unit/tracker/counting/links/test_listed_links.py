"""Links that a report lists though nobody has clicked them."""

import pytest

from tests.support.checks.facts import (
    LINKS,
    SENT_S,
    accepted,
    clicked,
    own_click,
    own_link,
    pending,
    put,
    to_ann,
)
from tests.support.engines import engine, gives_back
from tracker.counting.links import listed_links
from tracker.events import SentLink
from tracker.reports import summary
from tracker.sql.sqlite import SQLite
from tracker.store.reserved import day_of

__all__ = ["engine", "gives_back"]


def test_personal_url_is_stored_only_when_clicked(db: SQLite) -> None:
    """A link that no other message had is nothing to list, unless it was clicked."""
    for reader in range(1, 51):
        own = SentLink(4, f"https://example.net/for/{reader}", None, "Yours")
        put(db, to_ann(f"m{reader}", links=(*LINKS, own)), accepted(f"m{reader}", 1))
    put(db, clicked("c1", "m7", link=4, destination="https://example.net/for/7"))
    assert {link.link for link in summary.report(db).links} == {
        *(link.url for link in LINKS),
        "https://example.net/for/7",
    }
    assert "https://example.net/for/8" not in "".join(db.conn.iterdump())


def test_personal_url_with_parameters_of_ours_is_stored_only_when_clicked(db: SQLite) -> None:
    """As without them: one set of links for all messages, and no row for what nobody clicked."""
    for reader in range(1, 51):
        own = own_link(f"r{reader}")
        put(db, to_ann(f"m{reader}", links=(*LINKS, own)), accepted(f"m{reader}", 1))
    assert (db["link_sets"].count, db["link_set_links"].count, db["links"].count) == (1, 0, 3)
    put(db, own_click("c1", "m7", "r7"))
    assert {link.link for link in summary.report(db).links} == {
        *(link.url for link in LINKS),
        "https://example.net/for/r7?p=1",
    }
    assert "https://example.net/for/r8" not in "".join(db.conn.iterdump())


def test_only_the_latest_single_urls_are_remembered(
    db: SQLite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are."""
    monkeypatch.setattr(listed_links, "KEPT", 10)
    for reader in range(50):
        own = SentLink(1, f"https://example.net/for/{reader}", None, "Yours")
        put(db, to_ann(f"m{reader}", links=(own,)))
    assert db["sightings"].count == 10


def test_message_told_twice_has_not_shared_its_links(db: SQLite) -> None:
    """Events may be fed again, and several copies tell of one message."""
    put(db, to_ann(), accepted("m1", 1))
    put(db, to_ann())
    assert summary.report(db).links == ()


def test_links_of_one_message_to_several_readers_are_listed(db: SQLite) -> None:
    """All of them have these, with the text that they see."""
    put(db, pending(), accepted())
    shown = [(link.link, link.text) for link in summary.report(db).links]
    assert shown == [(link.url, link.text) for link in LINKS]


def test_a_link_stays_listed_as_long_as_its_latest_message(db: SQLite) -> None:
    """Also where that one, to a single reader, came first, and only a hash was kept of it."""
    later = pending("m2", at_s=SENT_S + 86400, recipients=pending().recipients[:1])
    put(db, later)
    put(db, pending("m1", shared=True))
    days = {row["day"] for row in db["campaign_links"].rows}
    assert days == {day_of(SENT_S + 86400)}


def test_links_nobody_clicked_are_in_the_report(db: SQLite) -> None:
    """With zeros, where two messages share them."""
    put(db, pending("m1"), pending("m2"), accepted("m1"))
    put(db, clicked("c1", link=2, destination="https://example.net/2"))
    report = summary.report(db)
    assert [link.link for link in report.links] == [f"https://example.net/{n}" for n in (2, 1, 3)]
    assert [link.figures.clicks_all for link in report.links] == [1, 0, 0]


def test_a_group_that_is_called_like_a_url_is_listed_like_one(db: SQLite) -> None:
    """Earlier versions told URLs less what varies so, and a reader's own is nothing to list."""
    for number in (1, 2):
        own = SentLink(
            1, f"https://example.net/{number}?uid=7", f"https://example.net/{number}", ""
        )
        both = SentLink(2, "https://example.net/?uid=7", "https://example.net/", "")
        put(db, to_ann(f"m{number}", links=(own, both)), accepted(f"m{number}", 1))
    assert [link.link for link in summary.report(db).links] == ["https://example.net/"]
