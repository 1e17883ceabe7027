"""Forgetting a person: the rows of the store that say who somebody is.

Owns: which rows are deleted, emptied or rewritten, in which order, and that sums stay as they are.
Does not own: what gives a person away in a URL (`patterns`), what campaigns and links are called
(`labels`), the spool (`spool`), consents (`consents`), or how later clicks are counted
(`tracker.counting.batch`).

A delivery outlives its person as a tombstone: the links in delivered mail go on working, and a
click on one counts, but as nobody's.

All of it is done bit by bit, while others feed the store. The rows by which a person is found go last, in
one transaction: their own, and one copy for each address that they got mail at. So it can be done again
from any point.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tracker.erasure.patterns import PersonPatterns
from tracker.persons import is_opaque, normal_address
from tracker.sql.db import Db
from tracker.store import queries
from tracker.store.chunks import Changeable, Pace, db_of, writing
from tracker.store.keys import MessageKey, destination_hash
from tracker.store.reserved import ERASED_ADDRESS
from tracker.store.rows import named_rows, persons, slots

CHUNK_CLICKS = 5000
"""Clicks and copies that are emptied in one transaction, at most."""
CHUNK_URLS = 10_000
"""Destinations that are looked at at once."""


class Copy(NamedTuple):
    """A copy of a message, by the number of its recipient."""

    message: MessageKey
    number: int


@dataclass(slots=True)
class Person:
    """Whom to forget: all names that they are known by, and their rows.

    `copies` are all copies of mail to them, `anchors` those of them by which they are found.
    """

    names: set[str]
    rows: set[int] = field(default_factory=set)
    copies: set[Copy] = field(default_factory=set)
    anchors: set[Copy] = field(default_factory=set)


@dataclass(slots=True)
class Emptied:
    """How many rows were deleted or emptied, and how many URLs were rewritten."""

    persons: int = 0
    deliveries: int = 0
    clicks: int = 0
    urls: int = 0


_BY_NAME = "SELECT id, name FROM persons WHERE name IN (:values)"
_BY_ADDRESS = """
    SELECT DISTINCT persons.id, persons.name FROM deliveries JOIN persons ON persons.id = person_id
    WHERE address = :name COLLATE NOCASE AND address = :name
"""
_ADDRESSES = """
    SELECT DISTINCT address FROM deliveries
    WHERE person_id IN (:values) AND address IS NOT NULL AND address != ''
"""
_COPIES = """
    SELECT sent_s, message_id, number, person_id, address FROM deliveries
    WHERE person_id IN (:values)
"""
_CLICKS = """
    SELECT event_id, destination_id, url, user_agent_id, ip
    FROM clicks JOIN destinations ON destinations.id = destination_id
    WHERE sent_s = ? AND message_id = ? AND event_id > ? AND recipient = ?
    ORDER BY event_id LIMIT ?
"""
_EMPTY_CLICK = """
    UPDATE clicks SET ip = NULL, destination_id = ?, user_agent_id = ?
    WHERE sent_s = ? AND message_id = ? AND event_id = ?
"""
_DROP_PSEUDONYM = """
    DELETE FROM pseudonyms WHERE sent_s = ? AND message_id = ? AND event_id = ?
"""
_EMPTY_COPY = """
    UPDATE deliveries SET person_id = NULL, address = ?
    WHERE sent_s = ? AND message_id = ? AND number = ?
"""
_READ_BY = """
    SELECT count(*) FROM deliveries WHERE sent_s = ? AND message_id = ? AND number != 0
"""
_FORGET_HASHES = """
    DELETE FROM sightings WHERE id IN (
        SELECT id FROM sightings WHERE (sent_s, message_id) IN (SELECT sent_s, message_id FROM alone)
    )
"""
_URLS = "SELECT id, url FROM destinations WHERE id > ? ORDER BY id LIMIT ?"
_PUT_URL = """
    UPDATE destinations SET url = :url, hash = CASE
        WHEN EXISTS (SELECT 1 FROM destinations WHERE hash = :hash) THEN randomblob(16)
        ELSE :hash END
    WHERE id = :row AND url = :before
"""


def find(db: Db, name: str) -> Person:
    """Find who is known by an address (whatever its case) or by an id of the application's own.

    An address leads to those who got mail there, an id to its addresses.
    """
    person = Person({name, normal_address(name)})
    alike = persons.written_alike(db, name)
    _add(person, queries.rows_in(db, _BY_NAME, alike))
    if not is_opaque(name):
        for address in alike:
            _add(person, db.execute(_BY_ADDRESS, {"name": address}))
    addresses = {each for (each,) in queries.rows_in(db, _ADDRESSES, person.rows)}
    if is_opaque(name):
        person.names |= addresses
        for address in addresses:
            _add(person, queries.rows_in(db, _BY_NAME, persons.written_alike(db, address)))
    _add_copies(db, person)
    return person


def _add(person: Person, rows: Iterable[tuple[int, str]]) -> None:
    for row, name in rows:
        person.rows.add(row)
        person.names.add(name)


def _add_copies(db: Db, person: Person) -> None:
    found: set[tuple[int, str | None]] = set()
    for *key, number, row, address in queries.rows_in(db, _COPIES, person.rows):
        copy = Copy(MessageKey(*key), number)
        person.copies.add(copy)
        if (row, address) not in found:
            found.add((row, address))
            person.anchors.add(copy)


def empty(opened: Changeable, person: Person, patterns: PersonPatterns) -> Emptied:
    """Empty the copies of a person, but for the anchors, and all of their clicks. Sums stay."""
    emptied = Emptied()
    todo = deque(sorted(person.copies - person.anchors) + sorted(person.anchors))
    pace = Pace(CHUNK_CLICKS)
    after = b""
    while todo:
        with pace.writing(opened) as db:
            clicks = _Clicks(db, patterns)
            left, before = pace.size, len(todo)
            done: list[Copy] = []
            while todo and left > 0:
                last = clicks.empty(todo[0], after, left)
                left -= clicks.looked_at + 1
                emptied.clicks += clicks.looked_at
                after = last
                if not last:
                    done.append(todo.popleft())
            _empty_copies(db, [copy for copy in done if copy not in person.anchors])
            clicks.finish()
        emptied.deliveries += before - len(todo)
        emptied.urls += clicks.urls
    return emptied


class _Clicks:
    """Emptying clicks within one transaction."""

    def __init__(self, db: Db, patterns: PersonPatterns) -> None:
        self._db = db
        self._patterns = patterns
        self._nameless = named_rows.ids(db, "user_agents", {""})[""]
        self._agents: dict[int, int] = {}
        self._destinations: dict[int, int] = {}
        self._clean: dict[int, int] = {}
        self.urls = self.looked_at = 0

    def empty(self, copy: Copy, after: bytes, most: int) -> bytes:
        """Remove address, user agent and person from clicks on a copy, and rewrite their URLs.

        Begin after an event. Return the last one where there may be more, else nothing.
        """
        values = [*copy.message, after, copy.number, most]
        clicks = self._db.execute(_CLICKS, values).fetchall()
        self.looked_at = len(clicks)
        changed = []
        for event_id, destination, url, agent, ip in clicks:
            clean = self._destination(destination, url)
            if (clean, self._nameless, None) != (destination, agent, ip):
                self._count(self._agents, agent, self._nameless)
                self._count(self._destinations, destination, clean)
                self.urls += clean != destination
                changed.append((clean, self._nameless, *copy.message, event_id))
        self._db.executemany(_EMPTY_CLICK, changed)
        self._db.executemany(_DROP_PSEUDONYM, [(*copy.message, row[0]) for row in clicks])
        return clicks[-1][0] if len(clicks) == most else b""

    def finish(self) -> None:
        """Delete what no click names any more."""
        tables: tuple[tuple[Literal["user_agents", "destinations"], dict[int, int]], ...]
        tables = ("user_agents", self._agents), ("destinations", self._destinations)
        for table, more in tables:
            named_rows.count_clicks(self._db, table, more)
            named_rows.drop_unnamed(self._db, table, more)

    def _destination(self, row: int, url: str) -> int:
        """Return where a click led, without the person."""
        if row not in self._clean:
            clean = self._patterns.without(url, theirs=True)
            same = clean == url
            self._clean[row] = row if same else named_rows.destination_ids(self._db, [clean])[clean]
        return self._clean[row]

    @staticmethod
    def _count(more: dict[int, int], before: int, now: int) -> None:
        if before != now:
            more[before] = more.get(before, 0) - 1
            more[now] = more.get(now, 0) + 1


def _empty_copies(db: Db, copies: Collection[Copy]) -> None:
    """Make tombstones of copies, and delete hashes of URLs that stood in messages to nobody else.

    Such a URL could be guessed.
    """
    db.executemany(_EMPTY_COPY, [(ERASED_ADDRESS, *copy.message, copy.number) for copy in copies])
    alone = [
        copy.message for copy in copies if db.execute(_READ_BY, copy.message).fetchone()[0] == 1
    ]
    if alone:
        db.execute("CREATE TEMP TABLE IF NOT EXISTS alone (sent_s INTEGER, message_id INTEGER)")
        db.execute("DELETE FROM alone")
        db.executemany("INSERT INTO alone VALUES (?, ?)", alone)
        db.execute(_FORGET_HASHES)


def clean_urls(opened: Changeable, patterns: PersonPatterns) -> int:
    """Rewrite what tells of a person in URLs that anybody clicked; return how many there were."""
    changed, pace = 0, Pace(CHUNK_CLICKS)
    for found in _telling(opened, patterns):
        todo = found
        while todo:
            chunk, todo = todo[: pace.size], todo[pace.size :]
            with pace.writing(opened) as db:
                db.executemany(_PUT_URL, chunk)
        changed += len(found)
    return changed


def _telling(opened: Changeable, patterns: PersonPatterns) -> Iterator[list[dict[str, object]]]:
    """Yield URLs that tell of a person: without that, the hash of this, the row, and as they are."""
    after = 0
    while urls := db_of(opened).execute(_URLS, [after, CHUNK_URLS]).fetchall():
        after = urls[-1][0]
        clean = ((row, url, patterns.without(url)) for row, url in urls)
        yield [
            {"url": now, "hash": destination_hash(now), "row": row, "before": before}
            for row, before, now in clean
            if now != before
        ]


def forget(
    opened: Changeable,
    person: Person,
    patterns: PersonPatterns,
    noted: Callable[[Db], None] = lambda _: None,
) -> Emptied | None:
    """Delete the rows of a person, once all else is done, with the last copies and new clicks on them.

    Return None where they have got mail meanwhile: then all has to be done again. `noted` is called in the
    transaction that deletes them.
    """
    pace = Pace(CHUNK_CLICKS)
    more = True
    while more:
        with pace.writing(opened) as db:
            more = slots.forget_persons(db, person.rows, pace.size)
    with writing(opened) as db:
        now = Person(set(), person.rows)
        _add_copies(db, now)
        if now.copies - person.anchors:
            return None
        clicks = _Clicks(db, patterns)
        for copy in person.anchors:
            after = clicks.empty(copy, b"", CHUNK_CLICKS)
            while after:
                after = clicks.empty(copy, after, CHUNK_CLICKS)
        _empty_copies(db, person.anchors)
        clicks.finish()
        db.executemany("DELETE FROM persons WHERE id = ?", [(row,) for row in person.rows])
        noted(db)
        return Emptied(persons=len(person.rows), urls=clicks.urls)
