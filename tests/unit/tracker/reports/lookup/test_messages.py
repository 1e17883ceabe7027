"""Messages, the latest or by a name."""

import dataclasses

import pytest

from tests.support.checks import plans
from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put, refused
from tests.support.details import handled
from tracker.details import feed
from tracker.events import Recipient
from tracker.reports.lookup.messages import COLUMNS, Messages, found, latest
from tracker.reports.names import Name
from tracker.reports.story import find
from tracker.sql.db import Db

ID = "00000000000000aa"


def _fill(db: Db) -> None:
    """Feed a message of two copies, one refused, and eight others; one was left untouched."""
    put(db, pending(ID), accepted(ID, 1), refused(ID, 2), clicked("c", ID, at_s=SENT_S + 9000))
    for number in range(8):
        message, sent_s = f"00000000000000b{number}", SENT_S + 60 * (number // 2)
        put(db, pending(message, at_s=sent_s), accepted(message, sent_s=sent_s))
    left = dataclasses.replace(
        handled(1, Recipient(1, "carl@example.net")),
        message_id="00000000000000cc",
        untouched="several_from",
    )
    with db.atomic():
        feed.feed(db, [handled(1), left], 0)


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_the_latest_are_told_once_page_by_page(db: Db, limit: int) -> None:
    """Untracked mail as well, as long as its details are kept."""
    _fill(db)
    told: list[str] = []
    page = Messages([], "")
    while page.cursor is not None:
        page = latest(db, after=page.cursor, limit=limit)
        told += [row["message"] for row in page.rows]
        if not page.rows:
            break
    assert len(told) == len(set(told)) == 10
    assert {ID, "00000000000000cc"} <= set(told)
    moments = [row["sent_s"] for row in latest(db).rows]
    assert moments == sorted(moments, reverse=True)


def test_a_row_tells_what_became_of_a_message(db: Db) -> None:
    """In figures, with its subject."""
    _fill(db)
    (row,) = found(db, ID).rows
    assert tuple(row) == COLUMNS
    assert (row["recipients"], row["accepted"], row["refused"], row["clicks"]) == (2, 1, 1, 1)
    assert (row["campaign"], row["address"], row["outcome"]) == (
        Name("news"),
        "ann@example.net",
        "delivered",
    )
    (left,) = found(db, "carl@example.net").rows
    assert (left["campaign"], left["recipients"], left["address"]) == (None, 1, "carl@example.net")


def test_a_page_of_many_takes_as_many_questions_as_one_of_few(db: Db) -> None:
    """Each is a way to the server and back."""
    _fill(db)
    few, many = (plans.how_many(db, lambda n=n: latest(db, limit=n)) for n in (1, 10))
    assert many == few


@pytest.mark.parametrize(
    "name", [ID, "<1@example.com>", "4Fk2", "ANN@example.net", "bob@example.net"]
)
def test_a_message_is_found_by_what_people_know_of_it(db: Db, name: str) -> None:
    """As the command finds it."""
    _fill(db)
    rows = found(db, name).rows
    assert ID in [row["message"] for row in rows]
    assert [row["message"] for row in rows] == [key.text for key in find(db, name)]


def test_an_unknown_name_finds_nothing(db: Db) -> None:
    """It is no error."""
    assert found(db, "nobody@example.net") == Messages([])


@pytest.mark.parametrize("cursor", ["x", "1-2", "-00000000000000aa", "1-00000000000000AA"])
def test_what_is_no_cursor_is_refused(db: Db, cursor: str) -> None:
    """By an error that is not SQLite's."""
    with pytest.raises(ValueError, match=cursor):
        latest(db, after=cursor)
