"""All persons by number, or some of them: what went to each, and how often they clicked.

Owns: these questions, and their queries.
Does not own: finding persons by how their names begin (`tracker.reports.lookup.persons`), or what one was
sent and clicked (`tracker.reports.lookup.timeline`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tracker.persons import is_opaque
from tracker.reports.clicks import moment
from tracker.reports.figures import Json
from tracker.reports.lists.part import Part, cut
from tracker.sql.db import Db
from tracker.store.rows import named_rows, persons

_NUMBERS = "SELECT id FROM persons WHERE id > :after ORDER BY id LIMIT :most"
_ABOUT = "SELECT id, name FROM persons WHERE id IN (:ids) ORDER BY id"
_COPIES = """
    SELECT person_id, address, count(*) FILTER (WHERE accepted = 1 OR clicks > 0),
        sum(clicks_human), sum(clicks_doubtful), sum(clicks), max(sent_s)
    FROM deliveries WHERE person_id IN (:ids) GROUP BY person_id, address
"""
_AT_ADDRESS = """
    SELECT DISTINCT person_id FROM deliveries INDEXED BY deliveries_address
    WHERE address = :name COLLATE NOCASE AND address = :name AND address IS NOT NULL
"""


@dataclass(slots=True)
class _Sent:
    """What went to a person."""

    addresses: set[str | None]
    messages: int = 0
    human: int = 0
    doubtful: int = 0
    every: int = 0
    last_s: int | None = None


def people(db: Db, *, after: int = 0, limit: int) -> Part[Json]:
    """Return persons with what went to each."""
    found = db.execute(_NUMBERS, {"after": after, "most": limit + 1}).fetchall()
    part = cut([number for (number,) in found], limit)
    return Part(told(db, part.rows), part.next)


def called(db: Db, name: str) -> list[int]:
    """Return the numbers of the person who is known by a name or an address, whatever its case.

    There may be several, where an address was somebody's name, and is another's address.
    """
    names = persons.written_alike(db, name)
    numbers = set(named_rows.find(db, "persons", names).values())
    for each in names:
        numbers |= {number for (number,) in db.execute(_AT_ADDRESS, {"name": each})}
    return sorted(numbers - {None})


def named(db: Db, names: Collection[str]) -> list[int]:
    """Return the numbers of persons by their names, exactly as they stand in the store."""
    return sorted(named_rows.find(db, "persons", names).values())


def told(db: Db, numbers: Iterable[int]) -> list[Json]:
    """Return what is told of persons, by their numbers."""
    ids = list(numbers)
    sent: defaultdict[int, _Sent] = defaultdict(lambda: _Sent(set()))
    for number, address, messages, human, doubtful, every, last_s in db.execute(
        _COPIES, {"ids": ids}
    ):
        of = sent[number]
        of.addresses.add(address)
        of.messages += messages
        of.human += human
        of.doubtful += doubtful
        of.every += every
        of.last_s = max(last_s, of.last_s or 0)
    return [_row(number, name, sent[number]) for number, name in db.execute(_ABOUT, {"ids": ids})]


def _row(number: int, name: str, sent: _Sent) -> Json:
    addresses = {name if each is None else each for each in sent.addresses}
    return {
        "id": number,
        "person": name,
        "addresses": sorted(each for each in addresses if each != name or not is_opaque(name)),
        "messages": sent.messages,
        "clicks": {"human": sent.human, "doubtful": sent.doubtful, "all": sent.every},
        "last_sent": None if sent.last_s is None else moment(sent.last_s),
    }
