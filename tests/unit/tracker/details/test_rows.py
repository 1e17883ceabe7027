"""Rows of details: texts stand once, and replies are alike but for their queue ids."""

from dataclasses import replace

import pytest

from tests.support.checks.facts import empty
from tests.support.details import handled
from tests.support.engines import engine, gives_back
from tracker.details import feed, lookup, rows
from tracker.details.rows import CopyKey
from tracker.store.keys import MessageKey

__all__ = ["engine", "gives_back"]

KEY = MessageKey.of(1_790_000_000, "00000000000000aa")


def test_texts_that_messages_have_in_common_stand_once() -> None:
    """Their replies too, though each names another queue id."""
    db = empty()
    events = [
        replace(handled(n), queue_id=f"4Fk{n}", reply=f"250 2.0.0 Ok: queued as 4Fk{n}")
        for n in range(1, 10)
    ]
    feed.feed(db, events, 0)
    assert db["detail_texts"].count == 8
    assert {row["uses"] for row in db["detail_texts"].rows} == {9}


def test_rows_that_are_not_there_cannot_be_dropped_twice() -> None:
    """And what others still need stays."""
    db = empty()
    feed.feed(db, [handled(1), handled(2)], 0)
    assert rows.drop(db, [CopyKey(*KEY, 1)]) == 1
    assert rows.drop(db, [CopyKey(*KEY, 1)]) == 0
    assert {row["uses"] for row in db["detail_texts"].rows} == {1}


@pytest.mark.parametrize(
    "header_message_id",
    ["<1@example.com>", "<a@b@example.com>", "1@example.com", "<1>", "", "<@x>", None],
)
def test_a_message_id_comes_back_as_it_was(header_message_id: str | None) -> None:
    """Whatever its form; of the usual one its domain stands once."""
    db = empty()
    feed.feed(db, [replace(handled(), header_message_id=header_message_id)], 0)
    (found,) = lookup.copies(db, KEY)
    assert found.header_message_id == header_message_id
    assert rows.drop(db, [CopyKey(*KEY, 1)]) == 1
    assert [db[table].count for table in ("detail_texts", "detail_names")] == [0, 0]
