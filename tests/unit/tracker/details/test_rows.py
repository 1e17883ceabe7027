"""Rows of details: texts stand once, and replies are alike but for their queue ids."""

from dataclasses import replace

from tests.support.checks.facts import empty
from tests.support.details import handled
from tracker.details import feed, rows
from tracker.details.rows import CopyKey
from tracker.store.keys import MessageKey

KEY = MessageKey.of(1_790_000_000, "00000000000000aa")


def test_texts_that_messages_have_in_common_stand_once() -> None:
    """Their replies too, though each names another queue id."""
    db = empty()
    events = [
        replace(handled(n), queue_id=f"4Fk{n}", reply=f"250 2.0.0 Ok: queued as 4Fk{n}")
        for n in range(1, 10)
    ]
    feed.feed(db, events, 0)
    assert db["detail_texts"].count == 7
    assert {row["uses"] for row in db["detail_texts"].rows} == {9}


def test_rows_that_are_not_there_cannot_be_dropped_twice() -> None:
    """And what others still need stays."""
    db = empty()
    feed.feed(db, [handled(1), handled(2)], 0)
    assert rows.drop(db, [CopyKey(*KEY, 1)]) == 1
    assert rows.drop(db, [CopyKey(*KEY, 1)]) == 0
    assert {row["uses"] for row in db["detail_texts"].rows} == {1}
