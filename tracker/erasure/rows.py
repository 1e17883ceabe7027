"""Forgetting a person: the rows of the store that say who somebody is.

Owns: which rows are deleted, emptied or rewritten, and that sums stay as they are.
Does not own: what gives a person away in a URL (`patterns`), what campaigns and links are called
(`labels`), the spool (`spool`), consents (`consents`), or how later clicks are counted
(`tracker.counting.batch`).

A delivery outlives its person as a tombstone: the links in delivered mail go on working, and a
click on one counts, but as nobody's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlite_utils import Database

from tracker.erasure import labels
from tracker.erasure.patterns import PersonPatterns
from tracker.persons import is_opaque, normal_address, written_alike
from tracker.store import named_rows, queries, slots
from tracker.store.reserved import ERASED_ADDRESS
from tracker.urls.reader_id import Identifier


@dataclass(slots=True)
class Person:
    """Whom to forget: all names that they are known by, and their rows.

    `copies` are the message and number of each of their copies of mail.
    """

    names: set[str]
    rows: set[int] = field(default_factory=set)
    copies: set[tuple[int, int]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows of each kind were deleted or emptied, and how many URLs were rewritten.

    `campaigns` are those that were called by something of the person: their names before and now.
    """

    persons: int = 0
    deliveries: int = 0
    clicks: int = 0
    urls: int = 0
    campaigns: dict[str, str] = field(default_factory=dict)


_BY_NAME = "SELECT id, name FROM persons WHERE written_alike(name) IN (:values)"
_BY_ADDRESS = """
    SELECT DISTINCT persons.id, persons.name FROM deliveries JOIN persons ON persons.id = person_id
    WHERE address IS NOT NULL AND written_alike(address) IN (:values)
"""
_ADDRESSES = """
    SELECT DISTINCT address FROM deliveries
    WHERE person_id IN (:values) AND address IS NOT NULL AND address != ''
"""
_COPIES = "SELECT message, number FROM deliveries WHERE person_id IN (:values)"


def find(db: Database, name: str) -> Person:
    """Find who is known by an address (whatever its case) or by an id of the application's own.

    An address leads to those who got mail there, an id to its addresses.
    """
    # SQLite's own lower() knows ASCII alone.
    db.conn.create_function("written_alike", 1, written_alike, deterministic=True)
    person = Person({name, normal_address(name)})
    _add(person, queries.rows_in(db, _BY_NAME, {written_alike(name)}), name)
    if not is_opaque(name):
        _add(person, queries.rows_in(db, _BY_ADDRESS, {written_alike(name)}), None)
    addresses = {each for (each,) in queries.rows_in(db, _ADDRESSES, person.rows)}
    if is_opaque(name):
        person.names |= addresses
        alike = {written_alike(each) for each in addresses}
        _add(person, queries.rows_in(db, _BY_NAME, alike), None)
    person.copies = set(queries.rows_in(db, _COPIES, person.rows))
    return person


def _add(person: Person, rows: Iterable[tuple[int, str]], exactly: str | None) -> None:
    """Add rows to a person; an id of the application's own must be written exactly so."""
    for row, name in rows:
        if exactly is None or not is_opaque(name) or name == exactly:
            person.rows.add(row)
            person.names.add(name)


def forget(db: Database, person: Person, identifier: Identifier) -> Erased:
    """Forget a person, within the caller's transaction. Sums stay."""
    patterns = PersonPatterns.of(person.names, identifier)
    clicks = set(_clicks(db, person))
    relabelled = labels.clean(db, person.rows, patterns)
    urls = relabelled.links + _clean_clicks(db, clicks, patterns)
    _anonymise_clicks(db, clicks)
    _forget_hashes(db, person)
    slots.forget_persons(db, person.rows)
    db.conn.executemany(
        "UPDATE deliveries SET person_id = NULL, address = ? WHERE message = ? AND number = ?",
        [(ERASED_ADDRESS, *copy) for copy in person.copies],
    )
    for sql in (
        "DELETE FROM clickers WHERE person_id = ?",
        "DELETE FROM persons WHERE id = ?",
    ):
        db.conn.executemany(sql, [(row,) for row in person.rows])
    return Erased(len(person.rows), len(person.copies), len(clicks), urls, relabelled.campaigns)


def _clicks(db: Database, person: Person) -> Iterator[int]:
    """Yield the clicks on their copies; a click on a copy that several share is nobody's."""
    sql = "SELECT id, message, recipient FROM clicks WHERE message IN (:values)"
    for row, message, recipient in queries.rows_in(db, sql, {copy[0] for copy in person.copies}):
        if (message, recipient) in person.copies:
            yield row


def _anonymise_clicks(db: Database, clicks: set[int]) -> None:
    """Remove person, IP address and user agent from clicks, and user agents of nobody else."""
    if not clicks:
        return
    sql = "SELECT DISTINCT user_agent_id FROM clicks WHERE id IN (:values)"
    agents = {agent for (agent,) in queries.rows_in(db, sql, clicks)}
    nameless = named_rows.ids(db, "user_agents", {""})[""]
    db.conn.executemany(
        "UPDATE clicks SET person_id = NULL, ip = NULL, user_agent_id = ? WHERE id = ?",
        [(nameless, row) for row in clicks],
    )
    used = {agent for (agent,) in db.execute("SELECT DISTINCT user_agent_id FROM clicks")}
    db.conn.executemany("DELETE FROM user_agents WHERE id = ?", [(row,) for row in agents - used])


def _forget_hashes(db: Database, person: Person) -> None:
    """Delete hashes of URLs that stood in messages to nobody else: such a URL could be guessed."""
    messages = {message for message, _ in person.copies}
    alone = """SELECT message FROM deliveries WHERE message IN (:values) AND number != 0
               GROUP BY message HAVING count(*) = 1"""
    theirs = {message for (message,) in queries.rows_in(db, alone, messages)}
    deletion = "DELETE FROM sightings WHERE message IN (:values)"
    queries.change_in(db, deletion, theirs)


def _clean_clicks(db: Database, theirs: set[int], patterns: PersonPatterns) -> int:
    changed = [
        (clean, row)
        for row, url in db.execute("SELECT id, destination FROM clicks")
        if (clean := patterns.without(url, theirs=row in theirs)) != url
    ]
    db.conn.executemany("UPDATE clicks SET destination = ? WHERE id = ?", changed)
    return len(changed)
