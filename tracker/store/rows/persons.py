"""Persons of the store: who is behind an id, where they got mail, and how they are written.

Owns: these questions.
Does not own: what an id is (`tracker.urls.reader_id`), the ids that are kept (`identities`), or who is
the same person (`tracker.persons`).
"""

from typing import NamedTuple

from config.schema import Config
from tracker.persons import is_opaque
from tracker.persons import written_alike as alike
from tracker.sql.db import Db
from tracker.store.rows import identities, named_rows
from tracker.urls.reader_id import Identifier


class Known(NamedTuple):
    """A person, and the addresses at which they got mail."""

    person: str
    addresses: list[str]


def identified(db: Db, config: Config, person_id: str) -> Known | None:
    """Return whom destinations are told of as `person_id`; None if unknown.

    Raises `config.keys.secret_files.KeyFileError`.
    """
    person = behind_id(db, Identifier.of(config), person_id)
    return None if person is None else Known(person, addresses(db, person))


def behind_id(db: Db, identifier: Identifier, person_id: str) -> str | None:
    """Return the person behind an id: an address or the application's own id; None if unknown."""
    if is_opaque(person_id) and named_rows.find(db, "persons", [person_id]):
        return person_id
    return identities.person(db, identifier, person_id)


_EXACTLY = """
    SELECT name FROM persons WHERE name = :name
    UNION SELECT address FROM deliveries WHERE address = :name COLLATE NOCASE AND address = :name
"""
_IN_ASCII = """
    SELECT name FROM persons WHERE name = :name COLLATE NOCASE
    UNION SELECT address FROM deliveries
    WHERE address IS NOT NULL AND address = :name COLLATE NOCASE
"""
_BEYOND_ASCII = """
    SELECT name FROM persons WHERE length(CAST(name AS BLOB)) > length(name)
    UNION SELECT address FROM deliveries
    WHERE address IS NOT NULL AND length(CAST(address AS BLOB)) > length(address)
"""


def written_alike(db: Db, name: str) -> list[str]:
    """Return the names and addresses in the store that an address is, whatever its case.

    What looks like an address may be an id of the application's; one that does not is found only
    exactly as it is.
    """
    if is_opaque(name) or name.isascii():
        rows = db.execute(_EXACTLY if is_opaque(name) else _IN_ASCII, {"name": name})
        return sorted(str(found) for (found,) in rows)
    # The lower() and NOCASE of statements know ASCII alone.
    wanted = alike(name)
    return sorted(found for (found,) in db.execute(_BEYOND_ASCII) if alike(found) == wanted)


def addresses(db: Db, person: str) -> list[str]:
    """Return the addresses at which a person got mail; links made on request go to none."""
    rows = db.execute(
        """SELECT DISTINCT coalesce(address, name) AS address FROM persons
           JOIN deliveries ON person_id = persons.id WHERE name = :person ORDER BY address""",
        {"person": person},
    )
    return [str(address) for (address,) in rows if address != person or not is_opaque(person)]
