"""Clicks that count under another link, once more is known of it."""

import pytest

from tests.support.checks.facts import NAMING, clicked, put
from tests.support.checks.personal import SITE, mail, story
from tests.support.engines import engine, gives_back
from tracker.counting.links import moved_clicks
from tracker.reports import summary
from tracker.sql.sqlite import SQLite

__all__ = ["engine", "gives_back"]

OWN = f"{SITE}…"


def lines(db: SQLite) -> dict[str, int]:
    """Return the links of the report, with all clicks on them."""
    return {each.link: each.figures.clicks_all for each in summary.report(db).links}


def row_of(db: SQLite, name: str) -> int:
    """Return the number of a link."""
    return int(db.execute("SELECT id FROM links WHERE name = ?", [name]).fetchone()[0])


def aliases(db: SQLite) -> dict[int, int]:
    """Return the links that are gone, and where they lead."""
    return {row["link_id"]: row["leads_to"] for row in db["link_aliases"].rows}


def test_clicks_move_in_chunks(db: SQLite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each counts once, and all other sums are right, at any moment."""
    monkeypatch.setattr(moved_clicks, "CHUNK_MESSAGES", 2)
    for n in range(1, 6):
        put(db, mail(n % 2, [f"{SITE}{n}"], message_id=f"m{n}"))
        put(db, clicked(f"c{n}", f"m{n}", destination=f"{SITE}{n}"))
    put(db, *story(9, f"{SITE}9"))
    assert lines(db) == {OWN: 3, f"{SITE}3": 1, f"{SITE}4": 1, f"{SITE}5": 1}
    assert moved_clicks.has_moves(db)
    before = summary.report(db).totals
    with db.atomic():
        moved_clicks.move(db, NAMING)
    assert lines(db) == {OWN: 5, f"{SITE}5": 1}
    assert summary.report(db).totals == before
    while moved_clicks.has_moves(db):
        with db.atomic():
            moved_clicks.move(db, NAMING)
    assert lines(db) == {OWN: 6}


def test_the_number_of_an_old_link_leads_on(db: SQLite) -> None:
    """To the one link; no other link gets it, and nothing of its name is kept."""
    put(db, *story(1, f"{SITE}1"), *story(2, f"{SITE}2"))
    old = [row_of(db, f"{SITE}{n}") for n in (1, 2)]
    put(db, *story(3, f"{SITE}3"))
    assert aliases(db) == dict.fromkeys(old, row_of(db, OWN))
    assert f"{SITE}1" not in {row["name"] for row in db["links"].rows}
    put(db, clicked("other", "unknown", destination=f"{SITE}other"))
    assert row_of(db, f"{SITE}other") not in old


def test_a_link_that_becomes_several_leads_nowhere(db: SQLite) -> None:
    """Nor does what led to it."""
    for n in (1, 2, 3):
        put(db, *story(n, f"{SITE}{n}"))
    put(db, *story(4, f"{SITE}1"))
    assert lines(db) == {f"{SITE}1": 2, f"{SITE}2": 1, f"{SITE}3": 1}
    assert aliases(db) == {}


def test_clicks_of_the_forgotten_stay_where_they_are(db: SQLite) -> None:
    """What stood in their links is not known any more."""
    put(db, *story(1, f"{SITE}1"))
    db.execute("UPDATE deliveries SET address = '', person_id = NULL")
    db.execute("UPDATE destinations SET url = ?", [SITE])
    for n in (2, 3, 4):
        put(db, *story(n, f"{SITE}{n}"))
    assert lines(db) == {OWN: 3, f"{SITE}1": 1}


def test_a_link_that_others_need_stays(db: SQLite) -> None:
    """It is a link of another campaign, too."""
    put(db, *story(1, f"{SITE}1"), *story(2, f"{SITE}2"))
    put(db, mail(8, [f"{SITE}1"], campaign="other"))
    put(db, clicked("c8", "m8", destination=f"{SITE}1"))
    put(db, *story(3, f"{SITE}3"))
    assert lines(db) == {OWN: 3, f"{SITE}1": 1}
    assert row_of(db, f"{SITE}1") not in aliases(db)
