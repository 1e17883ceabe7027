"""The ids that destinations are told of persons, so that one is found again without trying all persons.

Owns: keeping them, some at a time, and finding a person by one.
Does not own: what an id is (`tracker.urls.reader_id`), or persons that are known by other names
(`persons`).

Ids follow from a secret. With another one they are made anew, a chunk with whatever is fed; those persons
whose turn has not come are tried one by one.
"""

import hashlib
from base64 import urlsafe_b64decode

from tracker.sql.db import Db
from tracker.store import database
from tracker.store.database import Watermark
from tracker.urls.reader_id import ID_CHARACTERS, Identifier

CHUNK = 2000
"""Persons whose ids are made in one transaction."""

_MADE_WITH: Watermark = "identify_secret"
_UP_TO: Watermark = "identified_up_to"
_NEXT = "SELECT id, name FROM persons WHERE id > :after ORDER BY id LIMIT :most"
_TOLD = "SELECT name FROM persons WHERE told = :told"
_UNTRIED = "SELECT name FROM persons WHERE id > :after"
_PUT = "UPDATE persons SET told = ? WHERE id = ?"


def keep(db: Db, identifier: Identifier) -> None:
    """Make the ids of the next persons that have none, within the open transaction."""
    secret = _number_of(identifier)
    if database.watermark(db, _MADE_WITH) != secret:
        database.set_watermark(db, _MADE_WITH, secret)
        database.set_watermark(db, _UP_TO, 0)
    asked = {"after": int(database.watermark(db, _UP_TO)), "most": CHUNK}
    rows = db.execute(_NEXT, asked).fetchall()
    if rows:
        ids = [(_octets(identifier.hashed(name)), row) for row, name in rows]
        db.executemany(_PUT, ids)
        database.set_watermark(db, _UP_TO, rows[-1][0])


def person(db: Db, identifier: Identifier, person_id: str) -> str | None:
    """Return whom destinations are told of by this id; None if nobody."""
    if len(person_id) != ID_CHARACTERS:
        return None
    kept = database.watermark(db, _MADE_WITH) == _number_of(identifier)
    found = db.execute(_TOLD, {"told": _octets(person_id) if kept else None}).fetchone()
    if found and identifier.hashed(found[0]) == person_id:
        return str(found[0])
    untried = int(database.watermark(db, _UP_TO)) if kept else 0
    for (name,) in db.execute(_UNTRIED, {"after": untried}):
        if identifier.hashed(name) == person_id:
            return str(name)
    return None


def _octets(person_id: str) -> bytes | None:
    """Return what an id is the base64url of; None for what is none."""
    try:
        return urlsafe_b64decode(f"{person_id}==")
    except ValueError:
        return None


def _number_of(identifier: Identifier) -> float:
    """Return by what a secret is known again, which says nothing of it."""
    digest = hashlib.blake2b(identifier.secret, digest_size=6, person=b"waypost identify").digest()
    return float(int.from_bytes(digest, "big"))
