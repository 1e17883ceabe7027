"""All persons by number: what went to each, and how often they clicked."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.facts import SENT_S, empty, put
from tests.support.checks.plans import scans
from tests.support.checks.random_history import history
from tests.support.feeding import click_rows
from tracker.reports.figures import Json
from tracker.reports.lists import people
from tracker.sql.db import Db


def every(db: Db, limit: int) -> list[Json]:
    """Read the list to its end."""
    found: list[Json] = []
    after: int | None = 0
    while after is not None:
        part = people.people(db, after=after, limit=limit)
        found += part.rows
        after = part.next
    return found


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_each_person_is_listed_once_with_their_clicks(seed: int, limit: int) -> None:
    """As many as there are clicks of theirs."""
    db = empty()
    put(db, *history(Random(seed), SENT_S))
    listed = every(db, limit)
    assert [each["id"] for each in listed] == [row["id"] for row in db["persons"].rows]
    clicks = [row for row in click_rows(db) if row["person"]]
    for each in listed:
        theirs = [row for row in clicks if row["person"] == each["person"]]
        assert each["clicks"] == {
            "human": sum(row["human"] for row in theirs),
            "doubtful": sum(row["doubtful"] for row in theirs),
            "all": len(theirs),
        }
    db.close()


def test_a_person_is_known_by_name_and_address(filled: Db) -> None:
    """Whatever the case; the own id of an application is no address."""
    (number,) = people.called(filled, "BOB@example.net") and people.named(filled, ["id-7"])
    assert number in people.called(filled, "bob@example.net")
    assert people.called(filled, "id-7") == [number]
    (bob,) = people.told(filled, [number])
    assert (bob["person"], bob["addresses"], bob["messages"]) == ("id-7", ["bob@example.net"], 1)
    assert people.called(filled, "nobody") == []
    assert people.told(filled, [999]) == []


def test_no_question_looks_at_all_rows(filled: Db) -> None:
    """Nor at all entries of an index."""
    assert list(scans(filled, lambda: every(filled, 1))) == []
    assert list(scans(filled, lambda: people.called(filled, "bob@example.net"))) == []
