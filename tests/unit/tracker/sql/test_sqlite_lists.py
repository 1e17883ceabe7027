"""Lists of values in statements: on SQLite, which has no type for them."""

import pytest

from tracker.sql.sqlite import SQLite

_OF = "SELECT name FROM campaigns WHERE {} ORDER BY name"


@pytest.fixture
def named(db: SQLite) -> SQLite:
    """Return a store of some campaigns."""
    db.executemany(
        "INSERT INTO campaigns (id, name) VALUES (?, ?)", [(5, "a"), (6, "b\0"), (7, "é")]
    )
    return db


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([5, 7, 99], ["a", "é"]),
        (list(range(5, 100_000)), ["a", "b\0", "é"]),
        ([], []),
    ],
    ids=["some", "more than a statement has parameters", "none"],
)
def test_a_list_of_numbers_has_any_length(
    named: SQLite, values: list[int], found: list[str]
) -> None:
    """As many as there are."""
    rows = named.execute(_OF.format("id IN (:ids)"), {"ids": values})
    assert [name for (name,) in rows] == found


def test_texts_are_compared_whole(named: SQLite) -> None:
    """Also what an octet of zero is in."""
    asked = {"names": ["b\0", "é", "b"], "least": 1}
    rows = named.query(_OF.format("name IN (:names) AND id > :least"), asked)
    assert [row["name"] for row in rows] == ["b\0", "é"]


def test_a_list_may_be_left_out(named: SQLite) -> None:
    """NOT IN of a list."""
    rows = named.execute(_OF.format("id > 2 AND id NOT IN (:ids)"), {"ids": [5]})
    assert [name for (name,) in rows] == ["b\0", "é"]
