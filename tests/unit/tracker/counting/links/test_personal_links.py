"""Links that are each reader's own are one link."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.facts import accepted, clicked, empty, put
from tests.support.checks.personal import KINDS, SITE, known_of_slots, mail, story, token
from tests.support.engines import engine, gives_back
from tracker.events import Event, SentLink
from tracker.reports import summary
from tracker.sql.sqlite import SQLite
from tracker.urls import slots as places
from tracker.urls.slots import hashed

__all__ = ["engine", "gives_back"]


def lines(db: SQLite) -> dict[str, int]:
    """Return the links of the report, with all clicks on them."""
    return {each.link: each.figures.clicks_all for each in summary.report(db).links}


@pytest.mark.parametrize("kind", KINDS)
def test_links_of_readers_are_one(db: SQLite, kind: str) -> None:
    """Whatever differs in them, and where."""
    url_of, name = KINDS[kind]
    for reader in range(1, 21):
        put(db, *story(reader, url_of(reader)))
    assert lines(db) == {name: 20}


def test_two_readers_have_two_links(db: SQLite) -> None:
    """Nobody can tell yet what is whose."""
    put(db, *story(1, f"{SITE}1"), *story(2, f"{SITE}2"))
    assert lines(db) == {f"{SITE}1": 1, f"{SITE}2": 1}


def test_what_readers_share_stays_apart(db: SQLite) -> None:
    """Languages, the halves of a test, recommended products; beside what is the reader's."""
    for n in range(1, 31):
        put(
            db,
            mail(n, ()),
            *story(
                n,
                f"{SITE}{('en', 'de', 'fr')[n % 3]}/sale?u={token(n)}",
                f"{SITE}spring-{'ab'[n % 2]}?u={token(n)}",
                *(f"{SITE}p/{n * k % 7}/x?u={token(n)}" for k in (1, 2)),
            ),
        )
    assert lines(db) == {
        **{f"{SITE}{language}/sale": 10 for language in ("en", "de", "fr")},
        **{f"{SITE}spring-{half}": 15 for half in "ab"},
        **{f"{SITE}p/{product}/x": lines(db)[f"{SITE}p/{product}/x"] for product in range(7)},
    }
    assert summary.report(db).totals.clicks_all == 120


def test_sessions_of_a_conference_are_never_one(db: SQLite) -> None:
    """Though each reader is invited to two that nobody else is."""
    for n in range(1, 9):
        put(db, *story(n, f"{SITE}?session={n}1", f"{SITE}?session={n}2"))
    assert len(lines(db)) == 16


def test_a_verdict_may_be_taken_back(db: SQLite) -> None:
    """The fourth reader has what the first had: each has their own line again."""
    for n in range(1, 4):
        put(db, *story(n, f"{SITE}{n}"))
    assert lines(db) == {f"{SITE}…": 3}
    put(db, *story(4, f"{SITE}1"))
    assert lines(db) == {f"{SITE}1": 2, f"{SITE}2": 1, f"{SITE}3": 1}
    assert {row["name"] for row in db["links"].rows} == set(lines(db))


def test_people_who_clicked_are_people_of_the_one_link(db: SQLite) -> None:
    """Each once, however many of the URLs they clicked."""
    for n in range(1, 5):
        put(db, *story(n, f"{SITE}{n}"), clicked(f"again{n}", f"m{n}", destination=f"{SITE}{n}"))
    (link,) = summary.report(db).links
    assert (link.link, link.text) == (f"{SITE}…", "Sale")
    assert (link.figures.clicks_all, link.figures.unique_all) == (8, 4)


def test_readers_links_without_clicks_are_in_no_report(db: SQLite) -> None:
    """And none of their URLs is anywhere in the store."""
    for n in range(1, 30):
        put(db, mail(n, [f"{SITE}u/{token(n)}", f"{SITE}sale"]), accepted(f"m{n}", 1))
    assert lines(db) == {f"{SITE}sale": 0}
    assert token(7) not in "".join(db.conn.iterdump())


def test_a_url_that_one_reader_got_twice_is_no_line(db: SQLite) -> None:
    """It was one, as two messages had it, until it turned out to be the reader's own."""
    for n in (1, 1, 2):
        message = f"m{n}{db['messages'].count}"
        put(db, mail(n, [f"{SITE}{n}"], message_id=message), accepted(message, 1))
    assert lines(db) == {f"{SITE}1": 0}
    put(db, *story(3, f"{SITE}3"))
    assert lines(db) == {f"{SITE}…": 1}
    put(db, mail(4, [f"{SITE}3"]))
    assert lines(db) == {f"{SITE}1": 0, f"{SITE}3": 1}


def test_a_value_is_known_though_the_next_message_has_none(db: SQLite) -> None:
    """Told of at once, or one after the other."""
    messages = mail(1, ["https://example.net/?b=1"]), mail(2, ["https://example.net/?b="])
    put(db, *messages)
    other = empty()
    for message in messages:
        put(other, message)
    assert known_of_slots(db) == known_of_slots(other)
    assert [row[-2:] for row in known_of_slots(db)] == [(hashed("1"), "r1@example.net")]
    other.close()


def test_a_place_that_is_settled_leaves_no_values(db: SQLite) -> None:
    """What all readers have costs a row of each slot, and no more."""
    for n in range(1, 50):
        put(db, mail(n, [f"{SITE}{page}" for page in range(10)], f"text {n % 2}"))
    assert (db["slots"].count, db["slot_values"].count, db["link_sets"].count) == (2, 0, 2)


def test_after_many_readers_a_link_is_theirs_for_good(
    db: SQLite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nothing is kept of any more of them, and nothing changes."""
    monkeypatch.setattr(places, "MAX_PERSONS", 5)
    for n in range(1, 7):
        put(db, *story(n, f"{SITE}u?to={n}"))
    sightings = db["sightings"].count
    for n in range(7, 20):
        put(db, *story(n, f"{SITE}u?to=7"))
    assert lines(db) == {f"{SITE}u": 19}
    assert (db["slot_values"].count, db["sightings"].count) == (0, sightings)


def test_a_link_of_another_campaign_is_judged_by_itself(db: SQLite) -> None:
    """What readers of one share may be another's reader's own."""
    for n in range(1, 5):
        url = f"{SITE}{n}"
        other = mail(n + 10, [url], campaign="other")
        put(db, *story(n, url), other, clicked(f"o{n}", f"m{n + 10}", destination=url))
    put(db, mail(20, [f"{SITE}1"], campaign="other"))
    assert lines(db) == {f"{SITE}…": 4, **{f"{SITE}{n}": 1 for n in range(1, 5)}}


def test_a_named_link_is_called_so(db: SQLite) -> None:
    """Whatever its readers have."""
    for n in range(1, 9):
        link = SentLink(1, f"{SITE}{n}", "offer", "Sale")
        message = mail(n, ())
        put(db, type(message)(**{**_fields(message), "links": (link,)}))
        put(db, clicked(f"c{n}", f"m{n}", destination=link.url))
    assert lines(db) == {"offer": 8}
    assert db["slots"].count == 0


def _fields(message: Any) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__slots__}


VALUES = st.sampled_from("1234")
STORIES = st.lists(
    st.tuples(
        st.integers(1, 5),
        st.lists(st.tuples(VALUES, VALUES | st.just("")), min_size=1, max_size=2),
    ),
    max_size=7,
)


def events_of(stories: Sequence[tuple[int, list[tuple[str, str]]]]) -> list[Event]:
    """Return what happened; a person may get several messages."""
    found: list[Event] = []
    for number, (person, links) in enumerate(stories, 1):
        urls = [f"{SITE}{a}/x?b={b}" for a, b in links]
        told = story(number, *urls)
        message = mail(person, urls)
        found += [type(message)(**{**_fields(message), "message_id": f"m{number}"}), *told[1:]]
    return found


def counts(db: SQLite) -> list[tuple[Any, ...]]:
    """Return all sums of links, and what each click counts under."""
    return sorted(
        db.execute("""
            SELECT CASE WHEN campaign_id > 0 THEN 1 ELSE 0 END, name, clicks_all, clicks_human, unique_all
            FROM counters JOIN links ON links.id = link_id WHERE day = 0 AND clicks_all > 0
        """).fetchall()
        + db.execute("""
            SELECT event_id, name, 0, 0, 0 FROM clicks JOIN links ON links.id = link_id
        """).fetchall(),
        key=str,
    )


@given(STORIES, st.randoms(use_true_random=False))
def test_any_order_makes_the_same_links(stories: Any, random: Any) -> None:
    """All at once, or one by one, and repeated."""
    events = events_of(stories)
    shuffled = [*events, *events[: len(events) // 2]]
    random.shuffle(shuffled)
    one, other = empty(), empty()
    put(one, *events)
    for event in shuffled:
        put(other, event)
    assert counts(one) == counts(other)
    assert known_of_slots(one) == known_of_slots(other)
    assert summary.report(one).links == summary.report(other).links
    assert one["slot_moves"].count == other["slot_moves"].count == 0
    one.close()
    other.close()
