"""Who is behind an id, and where they got mail."""

from pathlib import Path

import pytest

from config.keys.token_keys import new_token_key, write_token_keys
from config.schema import Config
from tests.support.checks.facts import accepted, clicked, pending, put
from tests.support.engines import engine, gives_back
from tracker.events import Recipient
from tracker.reports.activity import activity
from tracker.sql.sqlite import SQLite
from tracker.store.rows import persons
from tracker.urls.reader_id import Identifier

__all__ = ["engine", "gives_back"]

IDENTIFIER = Identifier("wp_id", bytes(range(32)))


@pytest.fixture
def known(db: SQLite) -> SQLite:
    """Return a store that knows a person by address, and one by an id."""
    people = (Recipient(1, "ann@Example.NET"), Recipient(2, "bob@example.net", "4711"))
    put(db, pending(recipients=people), accepted(), clicked("c1"))
    return db


def test_an_id_leads_back_to_the_person(known: SQLite):
    """To an address or to the application's id; what looks like neither is nobody's."""
    assert (
        persons.behind_id(known, IDENTIFIER, IDENTIFIER.hashed("ann@example.net"))
        == "ann@example.net"
    )
    assert persons.behind_id(known, IDENTIFIER, "4711") == "4711"
    assert persons.behind_id(known, IDENTIFIER, "ann@example.net") is None
    assert persons.behind_id(known, IDENTIFIER, IDENTIFIER.hashed("cay@example.net")) is None
    assert persons.addresses(known, "4711") == ["bob@example.net"]
    assert persons.addresses(known, "ann@example.net") == ["ann@example.net"]
    assert list(activity(known, "ann@example.net"))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("ann@example.net", ["ann@example.net"]),
        ("ANN@Example.NET", ["ann@example.net"]),
        ("Bob@example.net", ["bob@example.net"]),
        ("JÖRG@EXAMPLE.NET", ["Jörg@example.net", "jörg@example.net"]),
        ("id@EXAMPLE", ["ID@Example"]),
        ("4711", ["4711"]),
        ("kunde", []),
        ("KUNDE", ["KUNDE"]),
        ("an_@example.net", []),
        ("cay@example.net", []),
    ],
)
def test_a_person_is_found_however_they_are_written(
    known: SQLite, asked: str, found: list[str]
) -> None:
    """An address in any case, also beyond ASCII; an id of the application's only as it is."""
    more = (
        Recipient(1, "Jörg@example.net"),
        Recipient(2, "jörg@EXAMPLE.net"),
        Recipient(3, "cid@example.net", "ID@Example"),
        Recipient(4, "eve@example.net", "KUNDE"),
    )
    put(known, pending("m2", recipients=more), accepted("m2", 1, 2, 3, 4))
    assert persons.written_alike(known, asked) == found


def test_a_person_is_found_with_the_key_file_of_the_configuration(
    known: SQLite, tmp_path: Path
) -> None:
    """An unknown id is nobody's."""
    file = tmp_path / "token.keys"
    write_token_keys(file, [new_token_key()])
    config = Config.model_validate({"keys": {"file": str(file)}})
    person_id = Identifier.of(config).hashed("ann@example.net")
    found = persons.identified(known, config, person_id)
    assert found == ("ann@example.net", ["ann@example.net"])
    assert persons.identified(known, config, "x" * len(person_id)) is None


def test_a_link_that_is_not_in_mail_gives_no_address(db: SQLite):
    """Its person may be the application's own id, which is none."""
    sms = pending(recipients=(Recipient(1, "4711", "4711"),))
    put(db, sms, accepted())
    assert persons.behind_id(db, IDENTIFIER, "4711") == "4711"
    assert persons.addresses(db, "4711") == []
