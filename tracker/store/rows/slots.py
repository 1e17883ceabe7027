"""Rows of slots: what messages told of links that may be each reader's own.

Owns: reading and writing slots with their places and values, which numbers of a message stand in
which slot, and when none of it is needed any more.
Does not own: what a slot is, and what follows from what was told (`tracker.urls.slots`), rows of slots of
which one message told (`seen_once`), or links and sums (`tracker.counting.links.personal_links`).

Of a place that is settled no values are kept. So what is kept grows with the persons of a campaign
up to a thousand, and not at all with the links that all of them have.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from tracker.sql.db import Db, Given, Value
from tracker.store import queries
from tracker.store.keys import MessageKey
from tracker.store.rows import seen_once
from tracker.store.rows.seen_once import SeenOnce
from tracker.urls.slots import Place, Placed, Sighting, State

_OF_CAMPAIGN = """
    SELECT id, campaign_id, hash, text, places, since_s FROM slots
    WHERE campaign_id = {} AND hash IN (:values)
"""
_WANTED = Given("wanted_slots", {"campaign_id": "INTEGER", "hash": "BLOB"})
_OF_CAMPAIGNS = """
    SELECT campaign_id, hash, id, text, places, since_s, NULL, NULL, NULL
    FROM wanted_slots CROSS JOIN slots USING (campaign_id, hash)
    UNION ALL
    SELECT campaign_id, hash, link_set_id, NULL, NULL, since_s, person_id, numbers, held
    FROM wanted_slots CROSS JOIN slots_seen_once USING (campaign_id, hash)
"""
_HOLDER = "SELECT person_id FROM slot_values WHERE slot_id = ? AND place = ? AND value = ?"
_COUNTED = "SELECT 1 FROM slot_values WHERE person_id = ? AND slot_id = ? AND place = ? LIMIT 1"
_PUT = """
    INSERT INTO slots (id, campaign_id, hash, text, places, since_s) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET text = excluded.text, places = excluded.places,
        since_s = excluded.since_s
"""
_ADD = "INSERT INTO slots (id, campaign_id, hash, places, since_s) VALUES (?, ?, ?, ?, ?)"
_PUT_VALUE = "INSERT INTO slot_values VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_DROP_VALUES = "DELETE FROM slot_values WHERE slot_id = ? AND place = ?"
_OF_SETS = "SELECT link_set_id, number, hash FROM link_set_slots WHERE link_set_id IN (:values)"
_QUEUE = """
    INSERT INTO slot_moves (slot_id, after_sent_s, after_message_id) VALUES (?, ?, ?)
    ON CONFLICT (slot_id) DO UPDATE SET after_sent_s = excluded.after_sent_s,
        after_message_id = excluded.after_message_id
"""
_NEXT = """
    SELECT slots.id, campaign_id, hash, text, places, since_s, after_sent_s, after_message_id
    FROM slot_moves JOIN slots ON slots.id = slot_id ORDER BY slot_id LIMIT 1
"""
_MESSAGES = """
    SELECT sent_s, message_id, campaign_id, link_set_id FROM messages
    WHERE (sent_s, message_id) > (?, ?) ORDER BY sent_s, message_id LIMIT ?
"""
_SETS = """
    SELECT link_set_id FROM link_set_slots WHERE hash = :hash
    UNION SELECT link_set_id FROM slots_seen_once WHERE hash = :hash
"""
_UP_TO = "UPDATE slot_moves SET after_sent_s = ?, after_message_id = ? WHERE slot_id = ?"
_LAST_ID = 2**63 - 1
_PUT_NUMBER = """
    INSERT INTO link_set_slots (link_set_id, number, hash) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
"""
_HASHES_OF_SETS = "SELECT DISTINCT hash FROM link_set_slots WHERE link_set_id IN (:values)"
_DROP_SETS = "DELETE FROM link_set_slots WHERE link_set_id IN (:values)"
_UNUSED = """
    SELECT id FROM slots WHERE hash IN (:values)
    AND NOT EXISTS (SELECT 1 FROM link_set_slots WHERE link_set_slots.hash = slots.hash)
    AND NOT EXISTS (SELECT 1 FROM slots_seen_once WHERE slots_seen_once.hash = slots.hash)
"""
_DROP_SEEN_THERE_ALONE = """
    DELETE FROM slots_seen_once WHERE link_set_id IN (:values)
    AND NOT EXISTS (SELECT 1 FROM link_set_slots WHERE link_set_slots.hash = slots_seen_once.hash)
    AND NOT EXISTS (
        SELECT 1 FROM slots_seen_once AS others
        WHERE others.hash = slots_seen_once.hash AND others.link_set_id <> slots_seen_once.link_set_id
    )
"""
_SEEN_IN = "SELECT DISTINCT slot_id FROM slot_values WHERE person_id IN (:values)"
_DROP_THEIRS = "DELETE FROM slot_values WHERE person_id = ? AND slot_id = ?"
_DROP_GONE = """
    DELETE FROM slot_values WHERE person_id IN (:values)
    AND NOT EXISTS (SELECT 1 FROM persons WHERE id = person_id)
"""
_NOBODYS = """
    SELECT DISTINCT hash FROM slots AS theirs WHERE id IN (:values) AND NOT EXISTS (
        SELECT 1 FROM slots WHERE slots.hash = theirs.hash AND text IS NOT NULL
    ) AND NOT EXISTS (
        SELECT 1 FROM slots JOIN slot_values ON slot_id = slots.id WHERE slots.hash = theirs.hash
    ) AND NOT EXISTS (SELECT 1 FROM slots_seen_once WHERE slots_seen_once.hash = theirs.hash)
"""
_UNNAME_SETS = """
    UPDATE link_sets SET hash = randomblob(16)
    WHERE id IN (SELECT link_set_id FROM link_set_slots WHERE hash IN (:values))
"""


@dataclass(slots=True)
class Slot:
    """A slot of a campaign, its row, and what is known of its places.

    `text` is kept while its links are one. `since_s` is when the first message was sent that told of
    it while a place was open: clicks on earlier ones need not be looked at when a verdict changes.
    `is_new`: nothing of it is written yet, so all that was told of it is in its places.
    """

    id: int
    campaign_id: int
    hash: bytes
    text: str | None
    places: list[Place]
    since_s: int = 0
    is_new: bool = False

    @property
    def readers(self) -> frozenset[int]:
        """The places where values are the reader's own."""
        return frozenset([at for at, place in enumerate(self.places) if place.is_readers])

    @property
    def is_settled(self) -> bool:
        """Whether nothing more need be known of it."""
        return all(place.state is not State.OPEN for place in self.places)


def seen_again(once: SeenOnce, row: int) -> Slot:
    """Return a slot that was seen once, with its places, of which more is to be told."""
    values = once.values
    places = [Place() for _ in values]
    for place, value in zip(places, values, strict=True):
        if value is not None:
            place.see(value, once.person)
    return Slot(row, once.campaign_id, once.hash, None, places, once.since_s, is_new=True)


_HASH = itemgetter(1, 2)
"""Of the row of a slot, its campaign and hash: neighbours in an index are written one after the other."""
_NONE, _ONE = (f"{State.OPEN:d}:{seen}:{seen}" for seen in (0, 1))
"""A place, as it is written, of which no value was told, or one, of one person."""


def load(db: Db, campaign_id: int, hashes: Iterable[bytes]) -> dict[bytes, Slot]:
    """Return those of these slots of a campaign that are known, without the values there."""
    sql = _OF_CAMPAIGN.format(int(campaign_id))
    return {slot.hash: slot for slot in map(_slot, queries.rows_in(db, sql, hashes))}


def load_all(db: Db, wanted: Iterable[tuple[int, bytes]]) -> tuple[list[Slot], list[SeenOnce]]:
    """Return those of these slots, by campaign and hash, that are known; for who writes to the store."""
    found, once = [], []
    for row in db.execute_given(_OF_CAMPAIGNS, _WANTED, sorted(wanted)):
        campaign_id, hash_, id_, text, places, since_s, person, numbers, held = row
        if places is None:
            once.append(SeenOnce(campaign_id, hash_, id_, person, since_s, numbers, held))
        else:
            found.append(Slot(id_, campaign_id, hash_, text, _places(places), since_s))
    return found, once


def _slot(row: Sequence[Any]) -> Slot:
    return Slot(row[0], row[1], row[2], row[3], _places(row[4]), row[5])


def load_values(db: Db, slot: Slot, seen: Sighting) -> None:
    """Add to a place what it must know before it sees this."""
    if slot.is_new or seen.value is None:
        return
    place = slot.places[seen.place]
    if place.state is not State.OPEN:
        return
    if seen.value not in place.holders:
        for (person,) in db.execute(_HOLDER, [slot.id, seen.place, seen.value]):
            place.holders[seen.value] = person
    if (
        seen.person not in place.counted
        and db.execute(_COUNTED, [seen.person, slot.id, seen.place]).fetchone()
    ):
        place.counted.add(seen.person)


def save(db: Db, slots: Collection[Slot]) -> None:
    """Write slots that changed, with the values that were seen."""
    rows: list[tuple[Value, ...]] = [
        (slot.id, slot.campaign_id, slot.hash, slot.text, _written(slot.places), slot.since_s)
        for slot in slots
    ]
    db.executemany(_PUT, rows)
    every = [(slot, at, place) for slot in slots for at, place in enumerate(slot.places)]
    seen = [
        (slot.id, at, *held)
        for slot, at, place in every
        if place.state is State.OPEN
        for held in place.holders.items()
    ]
    settled = [
        (slot.id, at)
        for slot, at, place in every
        if place.state is not State.OPEN and not slot.is_new
    ]
    db.executemany(_PUT_VALUE, seen)
    db.executemany(_DROP_VALUES, settled)
    for slot in slots:
        slot.is_new = False


def add(db: Db, once: Iterable[SeenOnce], first_id: int) -> None:
    """Write slots that were seen once as those that were seen again are, with numbers from one on."""
    rows: list[tuple[Value, ...]] = []
    seen: list[tuple[Value, ...]] = []
    for row, each in enumerate(once, first_id):
        values = each.values
        places = " ".join([_NONE if value is None else _ONE for value in values])
        rows.append((row, each.campaign_id, each.hash, places, each.since_s))
        seen += [
            (row, at, value, each.person) for at, value in enumerate(values) if value is not None
        ]
    db.executemany(_ADD, sorted(rows, key=_HASH))
    db.executemany(_PUT_VALUE, seen)


def _unfold(db: Db, once: Collection[SeenOnce]) -> None:
    """Have what stands in rows of slots that were seen once stand where that of all others does."""
    if once:
        add(db, once, queries.next_id(db, "slots"))
        number_again(db, once)


def number_again(db: Db, once: Collection[SeenOnce]) -> None:
    """Write down in which slots links stand where their row told it, and delete the row."""
    db.executemany(_PUT_NUMBER, [row for each in once for row in each.numbered])
    seen_once.drop(db, once)


class Move(NamedTuple):
    """A slot whose clicks are to be moved, but for those on messages up to one."""

    slot: Slot
    after: MessageKey


class Passed(NamedTuple):
    """Messages with links in a slot that is moved, how many were looked at, and the last of these.

    `last` is None where there are no more.
    """

    messages: list[MessageKey]
    looked_at: int
    last: MessageKey | None


def queue_moves(db: Db, moved: Iterable[Slot]) -> None:
    """Have the clicks of slots moved, all of them."""
    db.executemany(_QUEUE, [(slot.id, slot.since_s - 1, _LAST_ID) for slot in moved])


def next_move(db: Db) -> Move | None:
    """Return what is to be moved next."""
    row = db.execute(_NEXT).fetchone()
    if row is None:
        return None
    return Move(_slot(row), MessageKey(*row[6:]))


def messages_after(db: Db, move: Move, chunk: int, look_at: int) -> Passed:
    """Return the next messages with links in a slot that is moved: a chunk, at most.

    No more than `look_at` messages are looked at, in the order of their keys: there is no index of
    the links that messages have.
    """
    sets = {row for (row,) in db.execute(_SETS, {"hash": move.slot.hash})}
    found: list[MessageKey] = []
    looked_at, last = 0, move.after
    for *key, campaign_id, link_set_id in db.execute(_MESSAGES, [*move.after, look_at]):
        looked_at, last = looked_at + 1, MessageKey(*key)
        if campaign_id == move.slot.campaign_id and link_set_id in sets:
            found.append(last)
            if len(found) == chunk:
                return Passed(found, looked_at, last)
    return Passed(found, looked_at, last if looked_at == look_at else None)


def moved_up_to(db: Db, slot: Slot, message: MessageKey | None) -> None:
    """Write down up to which message the clicks of a slot were moved; None where all of them."""
    if message is None:
        db.execute("DELETE FROM slot_moves WHERE slot_id = ?", [slot.id])
    else:
        db.execute(_UP_TO, [*message, slot.id])


def put_numbers(db: Db, sets: Mapping[int, Iterable[Placed]]) -> None:
    """Write down in which slots the links of sets stand."""
    rows = [(row, link.number, link.slot) for row, links in sets.items() for link in links]
    db.executemany(_PUT_NUMBER, sorted(rows, key=itemgetter(2)))  # as with `_HASH`


def numbers(db: Db, sets: Iterable[int]) -> dict[tuple[int | None, int], bytes]:
    """Return the slots of links, by set and number."""
    sets = {*sets}
    rows = *seen_once.numbers(db, sets), *queries.rows_in(db, _OF_SETS, sets)
    return {(row[0], row[1]): row[2] for row in rows}


def drop_sets(db: Db, sets: Collection[int]) -> None:
    """Delete what is known of these sets, and of slots that no other has."""
    hashes = {row for (row,) in queries.rows_in(db, _HASHES_OF_SETS, sets)}
    hashes.update([each.hash for each in seen_once.of_sets(db, sets)])
    queries.change_in(db, _DROP_SETS, sets)
    queries.change_in(db, _DROP_SEEN_THERE_ALONE, sets)
    if left := seen_once.of_sets(db, sets):
        add(db, left, queries.next_id(db, "slots"))
        seen_once.drop(db, left)
    _drop(db, [row for (row,) in queries.rows_in(db, _UNUSED, hashes)])


def forget_persons(db: Db, persons: Collection[int], chunk: int) -> bool:
    """Delete the values that these persons had, and the slots that nobody else was seen in.

    How many persons had a value is kept, so no clicks move. Of a chunk of slots, at most; return
    whether there may be more.
    """
    once = seen_once.of_persons(db, persons, chunk)
    _unfold(db, once)
    seen = {slot for (slot,) in queries.rows_in(db, _SEEN_IN, persons)}
    theirs = sorted(seen)[:chunk]
    db.executemany(_DROP_THEIRS, [(row, slot) for row in persons for slot in theirs])
    alone = [hash_ for (hash_,) in queries.rows_in(db, _NOBODYS, theirs)]
    # Whoever knows the text could make such a hash.
    queries.change_in(db, _UNNAME_SETS, alone)
    queries.change_in(db, "DELETE FROM link_set_slots WHERE hash IN (:values)", alone)
    _drop(db, [row for (row,) in queries.rows_in(db, _UNUSED, alone)])
    return len(theirs) < len(seen) or len(once) >= chunk


def forget_gone(db: Db, persons: Collection[int]) -> None:
    """Delete the values of those of these persons who have no row any more."""
    _unfold(db, seen_once.of_gone(db, persons))
    queries.change_in(db, _DROP_GONE, persons)


def _drop(db: Db, rows: Collection[int]) -> None:
    queries.change_in(db, "DELETE FROM slot_values WHERE slot_id IN (:values)", rows)
    queries.change_in(db, "DELETE FROM slot_moves WHERE slot_id IN (:values)", rows)
    queries.change_in(db, "DELETE FROM slots WHERE id IN (:values)", rows)


def _written(places: Iterable[Place]) -> str:
    return " ".join([f"{each.state:d}:{each.persons}:{each.values}" for each in places])


def _places(text: str) -> list[Place]:
    """Return places as they were written. Settled ones never change: one list of them is enough."""
    is_open = f"{State.OPEN:d}:"
    return _read(text) if text.startswith(is_open) or f" {is_open}" in text else _settled(text)


def _read(text: str) -> list[Place]:
    fields = (each.split(":") for each in text.split())
    return [Place(State(int(state)), int(n), int(values)) for state, n, values in fields]


_settled = lru_cache(maxsize=4096)(_read)
