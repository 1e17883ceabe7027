"""Rows of what messages told of links that may be each reader's own."""

import pytest

from tests.support.checks.facts import SENT_S, accepted, put
from tests.support.checks.people import erased
from tests.support.checks.personal import SITE, known_of_slots, mail, story
from tests.support.engines import engine, gives_back
from tracker.reports import summary
from tracker.retention import retention
from tracker.sql.sqlite import SQLite
from tracker.store.rows import slots
from tracker.store.rows.slots import Slot
from tracker.urls.slots import Place, Sighting, State

__all__ = ["engine", "gives_back"]

TABLES = (
    *("slots", "slot_values", "slot_moves", "link_set_slots", "link_aliases"),
    "slots_seen_once",
)


def saved(db: SQLite) -> Slot:
    """Write a slot with an open place, in which two persons were seen, and with a shared one."""
    slot = Slot(1, 3, b"h", None, [Place(), Place()])
    slot.places[0].see(70, 1)
    slot.places[0].see(80, 2)
    slot.places[1].see(None, 1)
    slots.save(db, [slot])
    return slot


def test_a_slot_is_read_as_it_was_written(db: SQLite) -> None:
    """Of the values only those that are to be seen again."""
    saved(db)
    slot = slots.load(db, 3, [b"h", b"other"])[b"h"]
    assert slot.places == [Place(persons=2, values=2), Place(State.SHARED)]
    slots.load_values(db, slot, Sighting(b"h", 0, 70, 2))
    assert (slot.places[0].holders, slot.places[0].counted) == ({70: 1}, {2})
    assert slots.load(db, 4, [b"h"]) == {}


@pytest.mark.parametrize(
    ("value", "person", "place"),
    [
        (70, 1, Place(persons=2, values=2, holders={70: 1}, counted={1})),
        (90, 1, Place(persons=2, values=3, holders={90: 1}, counted={1})),
        (90, 3, Place(persons=3, values=3, holders={90: 3}, counted={3})),
        (70, 2, Place(State.SHARED, 2, 2)),
    ],
)
def test_what_was_seen_before_is_known(db: SQLite, value: int, person: int, place: Place) -> None:
    """Though it is not read as a whole."""
    saved(db)
    slot, seen = slots.load(db, 3, [b"h"])[b"h"], Sighting(b"h", 0, value, person)
    slots.load_values(db, slot, seen)
    slot.places[0].see(value, person)
    assert slot.places[0] == place


def test_a_slot_is_settled_once_all_of_it_is(db: SQLite) -> None:
    """Then its values go."""
    slot = saved(db)
    assert not slot.is_settled
    slot.places[0].see(None, 1)
    slots.save(db, [slot])
    assert (slot.is_settled, db["slot_values"].count) == (True, 0)


def test_nothing_is_left_after_the_last_message(db: SQLite) -> None:
    """But the link, as somebody clicked it."""
    for n in range(1, 5):
        put(db, *story(n, f"{SITE}u/{n}"))
    put(db, mail(9, [f"{SITE}other"], "Other"))
    retention.purge(db, SENT_S + 86400)
    counts = {table: db[table].count for table in TABLES}
    assert counts == {**dict.fromkeys(TABLES, 0), "link_aliases": 2}
    (link,) = summary.report(db).links
    assert (link.link, link.figures.clicks_all) == (f"{SITE}u/…", 4)


def test_what_a_campaign_goes_on_with_stays(db: SQLite) -> None:
    """Messages that are not old yet have the same slots."""
    for n in range(1, 5):
        put(db, mail(n, [f"{SITE}{n}"], at_s=SENT_S - 9e6), accepted(f"m{n}", 1))
    put(db, *story(5, f"{SITE}5"))
    retention.purge(db, SENT_S - 1e6)
    assert {row["person_id"] for row in db["slot_values"].rows} == {5}
    put(db, *story(6, f"{SITE}6"))
    assert [each.link for each in summary.report(db).links] == [f"{SITE}…"]


def test_forgetting_a_person_forgets_their_values(db: SQLite) -> None:
    """And moves nothing: it is known that there was somebody."""
    for n in range(1, 4):
        put(db, *story(n, f"{SITE}{n}"))
    erased(db, "r2@example.net")
    assert {row["person_id"] for row in db["slot_values"].rows} == {1, 3}
    assert [(each.link, each.figures.clicks_all) for each in summary.report(db).links] == [
        (f"{SITE}…", 3)
    ]
    put(db, *story(4, f"{SITE}4"))
    assert [each.figures.clicks_all for each in summary.report(db).links] == [4]


def test_a_slot_of_the_forgotten_alone_goes(db: SQLite) -> None:
    """Its hash tells of their text, to whoever guesses it."""
    put(db, mail(1, [f"{SITE}1"], "Hello r1"), mail(2, [f"{SITE}2"], "Hello r2"))
    sets = {row["id"]: row["hash"] for row in db["link_sets"].rows}
    erased(db, "r1@example.net")
    told = known_of_slots(db), slots.numbers(db, sets)
    assert tuple(map(len, told)) == (1, 1)
    now = {row["id"]: row["hash"] for row in db["link_sets"].rows}
    assert [now[row] == sets[row] for row in sorted(sets)] == [False, True]


def test_messages_of_a_slot_are_found_by_looking_at_some_at_a_time(db: SQLite) -> None:
    """In the order of sending, from the first that told of the slot on; others are passed."""
    put(db, mail(1, [f"{SITE}1"], message_id="m0", campaign="other", at_s=SENT_S - 5))
    sent = [SENT_S + number for number in range(4)]
    for number, at_s in enumerate(sent, 1):
        put(db, mail(number, [f"{SITE}{number}"], message_id=f"m{number}", at_s=at_s))
    (slot,) = (each for each in slots_of(db) if each.since_s == SENT_S)
    slots.queue_moves(db, [slot])
    found: list[int] = []
    while todo := slots.next_move(db):
        passed = slots.messages_after(db, todo, 2, 3)
        assert len(passed.messages) <= 2
        found += [key.sent_s for key in passed.messages]
        slots.moved_up_to(db, todo.slot, passed.last)
    assert found == sent


def slots_of(db: SQLite) -> list[Slot]:
    """Return all slots."""
    rows = list(db["slots"].rows)
    return [slots.load(db, row["campaign_id"], [row["hash"]])[row["hash"]] for row in rows]
