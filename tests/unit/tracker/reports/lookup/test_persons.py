"""Persons, found by what their name or address begins with."""

import pytest

from tests.support.checks import plans
from tests.support.checks.facts import SENT_S, accepted, pending, put
from tracker.events import Recipient
from tracker.reports.lookup.persons import COLUMNS, Found, starting_with
from tracker.sql.db import Db

NAMES = (
    "Ann@example.net",
    "ann@example.net",
    "annabel@example.net",
    "bob@example.net",
    "id-1",
    "id-2",
)


@pytest.fixture
def known(db: Db) -> Db:
    """Return a store of six persons: two of ids, who have one address, and got mail twice."""
    addresses = [each if "@" in each else "both@Example.net" for each in NAMES]
    recipients = tuple(
        Recipient(number, address, None if address == name else name)
        for number, (name, address) in enumerate(zip(NAMES, addresses, strict=True), 1)
    )
    for message in ("m1", "m2"):
        put(db, pending(message, recipients=recipients), accepted(message, *range(1, 7)))
    return db


def _names(db: Db, text: str, limit: int = 100) -> list[str]:
    """Read page by page to the end."""
    found: list[str] = []
    page = Found([], "")
    while page.cursor is not None:
        page = starting_with(db, text, after=page.cursor, limit=limit)
        found += [row["person"] for row in page.rows]
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_tell_everybody_once_in_alphabetical_order(known: Db, limit: int) -> None:
    """Those whose address is another than their name come once more, under it."""
    found = _names(known, "", limit)
    assert sorted(found) == sorted([*NAMES, "id-1", "id-2"])
    assert [each.lower() for each in found[:6]] == sorted(each.lower() for each in NAMES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ANN@", ["Ann@example.net", "ann@example.net"]),
        ("annabel@example.net", ["annabel@example.net"]),
        ("id-", ["id-1", "id-2"]),
        ("BOTH", ["id-1", "id-2"]),
        ("%", []),
        ("nobody", []),
        ("ann@example.nett", []),
        ("\x00", []),
    ],
)
def test_a_beginning_is_enough(known: Db, text: str, expected: list[str]) -> None:
    """Of a name, or of an address where mail went, whatever the case; nothing in it is a pattern."""
    assert sorted(_names(known, text)) == expected


def test_a_page_of_many_takes_as_many_questions_as_one_of_few(known: Db) -> None:
    """Each is a way to the server and back."""
    few, many = (
        plans.how_many(known, lambda n=n: starting_with(known, "", limit=n)) for n in (7, 100)
    )
    assert len(starting_with(known, "", limit=100).rows) == 8
    assert many == few


def test_a_row_tells_when_mail_was_last_sent(known: Db) -> None:
    """And where it went, where that is not the name."""
    (first, _) = starting_with(known, "both").rows
    assert tuple(first) == COLUMNS
    assert first == {"person": "id-1", "address": "both@example.net", "last_sent_s": SENT_S}


@pytest.mark.parametrize("cursor", ["x", "nx y", "n", "7"])
def test_what_is_no_cursor_is_refused(known: Db, cursor: str) -> None:
    """By an error that is not SQLite's."""
    with pytest.raises(ValueError, match=cursor):
        starting_with(known, "", after=cursor)
