"""Persons are found by what destinations are told of them, without all of them being tried."""

from unittest.mock import patch

import pytest

from tests.support.engines import engine, gives_back
from tracker.sql.sqlite import SQLite
from tracker.store.rows import identities, named_rows
from tracker.urls.reader_id import Identifier

__all__ = ["engine", "gives_back"]

IDENTIFIER = Identifier("wp_id", bytes(range(32)))
OTHER = Identifier("wp_id", bytes(32))
NAMES = [f"reader{number}@example.net" for number in range(5)]


@pytest.fixture
def known(db: SQLite) -> SQLite:
    """Return a store that knows some persons."""
    named_rows.ids(db, "persons", NAMES)
    return db


def tried(db: SQLite, name: str, identifier: Identifier = IDENTIFIER) -> int:
    """Find a person; return how many ids had to be made for that."""
    with patch.object(Identifier, "hashed", autospec=True, side_effect=Identifier.hashed) as made:
        person_id = identifier.hashed(name)
        assert identities.person(db, identifier, person_id) == name
    return int(made.call_count) - 1


def test_whoever_has_an_id_is_found_by_it(known: SQLite) -> None:
    """One is made to be sure; those who have none yet are tried one by one."""
    assert tried(known, NAMES[4]) == 5
    identities.keep(known, IDENTIFIER)
    assert tried(known, NAMES[4]) == 1
    named_rows.ids(known, "persons", ["new@example.net"])
    assert tried(known, "new@example.net") == 1
    assert identities.person(known, IDENTIFIER, IDENTIFIER.hashed("cay@example.net")) is None


def test_ids_are_made_a_chunk_at_a_time(known: SQLite, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nothing waits for those of an older store."""
    monkeypatch.setattr(identities, "CHUNK", 2)
    found = []
    for _ in range(4):
        identities.keep(known, IDENTIFIER)
        found.append(known["persons"].count_where("told IS NOT NULL"))
    assert found == [2, 4, 5, 5]


def test_with_another_secret_ids_are_made_anew(known: SQLite) -> None:
    """Those of the former one lead to nobody."""
    identities.keep(known, IDENTIFIER)
    assert tried(known, NAMES[0], OTHER) == 1
    identities.keep(known, OTHER)
    assert tried(known, NAMES[3], OTHER) == 1
    assert identities.person(known, OTHER, IDENTIFIER.hashed(NAMES[3])) is None


@pytest.mark.parametrize("person_id", ["x" * 22, "short", "ü" * 22, "", "=" * 22])
def test_what_is_no_id_is_nobodys(known: SQLite, person_id: str) -> None:
    """Whatever it is written with."""
    identities.keep(known, IDENTIFIER)
    assert identities.person(known, IDENTIFIER, person_id) is None


def test_an_id_of_which_bits_were_changed_is_nobodys(known: SQLite) -> None:
    """Though base64url would read it as the same octets."""
    identities.keep(known, IDENTIFIER)
    person_id = IDENTIFIER.hashed(NAMES[0])
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = person_id[:-1] + digits[digits.index(person_id[-1]) ^ 1]
    assert identities.person(known, IDENTIFIER, other) is None
