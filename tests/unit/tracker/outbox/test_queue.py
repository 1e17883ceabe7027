"""The queue of one webhook: what is due is taken, and what came of it put down."""

from typing import Any

import pytest

from tests.support.checks.facts import SENT_S, clicked, put
from tests.support.checks.plans import scans
from tests.support.engines import engine, gives_back
from tracker.outbox import queue
from tracker.outbox.filling import Judged, fill
from tracker.outbox.queue import Attempt, Failure, Result, State
from tracker.outbox.subscriptions import Label, Subscription, Subscriptions
from tracker.sql.sqlite import SQLite
from tracker.store.keys import MessageKey

__all__ = ["engine", "gives_back"]

NOW_S = float(SENT_S)
HOOK = Subscription("hook", settle_s=0.0)
HUMAN = Label(1, human=True, doubtful=False)


@pytest.fixture
def filled(db: SQLite) -> SQLite:
    """Return a store with three clicks that wait for a webhook, of which each was made later."""
    put(db, *(clicked(f"c{n}", f"m{n}", at_s=SENT_S + 7200 + n) for n in range(3)))
    for n, row in enumerate(db.execute("SELECT sent_s, message_id, event_id FROM clicks")):
        judged = Judged(MessageKey(*row[:2]), row[2], HUMAN)
        fill(db, Subscriptions((HOOK,), lambda n=n: NOW_S + n), [judged])
    return db


def taken(db: SQLite, now_s: float = NOW_S, most: int = 10) -> list[Attempt]:
    """Take what is due."""
    return queue.take(db, HOOK, 1, now_s=now_s, lease_s=20, most=most)


def rows(db: SQLite) -> list[dict[str, Any]]:
    """Return what waits, the first due first."""
    return list(db.query("SELECT * FROM outbox ORDER BY due_s IS NOT NULL, due_s"))


def test_what_is_due_first_is_taken_first(filled: SQLite) -> None:
    """And no more than is wanted; what was taken is not due for a while."""
    assert queue.next_due_s(filled, 1) == NOW_S
    assert len(taken(filled)) == 1
    assert len(taken(filled, NOW_S + 5, most=1)) == 1
    assert queue.next_due_s(filled, 1) == NOW_S + 2
    assert [attempt.event.attempts for attempt in taken(filled, NOW_S + 5)] == [1]
    assert taken(filled, NOW_S + 19) == []
    assert [attempt.event.attempts for attempt in taken(filled, NOW_S + 20)] == [2]


def test_what_was_sent_is_gone_and_what_failed_waits(filled: SQLite) -> None:
    """With what is known of the webhook."""
    one, two, three = (each.event for each in taken(filled, NOW_S + 5))
    results = [
        Result(one, is_sent=True),
        Result(two, is_sent=False, due_s=NOW_S + 9),
        Result(three, is_sent=False),
    ]
    queue.settle(filled, 1, results, Failure("answered 500", NOW_S + 7), NOW_S + 6)
    assert [row["due_s"] for row in rows(filled)] == [None, NOW_S + 9]
    assert queue.state(filled, 1) == State(1, NOW_S + 7)
    (row,) = filled["webhooks"].rows
    assert (row["sent"], row["sent_at_s"], row["error"]) == (1, NOW_S + 6, "answered 500")
    queue.settle(filled, 1, [Result(two, is_sent=True)], None, NOW_S + 9)
    assert queue.state(filled, 1) == State()


def test_failures_are_counted_one_after_another(filled: SQLite) -> None:
    """And a webhook that wants nothing more is stopped, until somebody says so."""
    for _ in range(3):
        queue.settle(filled, 1, [], Failure("answered 500", NOW_S + 7), NOW_S)
    queue.settle(filled, 1, [], Failure("answered 410", NOW_S + 7, stops=True), NOW_S)
    assert queue.state(filled, 1) == State(4, NOW_S + 7, is_stopped=True)
    queue.go_on(filled, 1)
    assert queue.state(filled, 1) == State()


def test_what_there_is_nothing_to_tell_of_is_dropped(filled: SQLite) -> None:
    """A click that was purged, and one of a machine's that was to be a person's when it was queued."""
    filled.execute(
        "DELETE FROM clicks WHERE event_id IN (SELECT event_id FROM clicks ORDER BY 1 LIMIT 1)"
    )
    filled.execute("UPDATE verdicts SET human = 0")
    assert taken(filled, NOW_S + 5) == []
    assert (filled["outbox"].count, filled["told_clicks"].count) == (0, 0)


def test_what_was_given_up_is_tried_again_some_at_a_time(filled: SQLite) -> None:
    """As is what waits for long; not what is due, or may be under way."""
    first, second, _ = (each.event for each in taken(filled, NOW_S + 5))
    results = [Result(first, is_sent=False), Result(second, is_sent=False, due_s=NOW_S + 7200)]
    queue.settle(filled, 1, results, None, NOW_S)
    counts = [queue.try_again(filled, 1, NOW_S + 6, 1) for _ in range(3)]
    assert counts == [1, 1, 0]
    assert [row["due_s"] for row in rows(filled)] == [NOW_S + 6, NOW_S + 6, NOW_S + 25]
    assert {each.event.attempts for each in taken(filled, NOW_S + 6)} == {2}


def test_what_was_taken_over_is_due(filled: SQLite) -> None:
    """Of what another process may have taken."""
    taken(filled, NOW_S)
    queue.take_over(filled, 1, NOW_S + 1, 20)
    assert queue.next_due_s(filled, 1) == NOW_S + 1


def test_what_a_wrong_clock_put_off_is_due(filled: SQLite) -> None:
    """Further ahead than any delay."""
    filled.execute("UPDATE outbox SET due_s = due_s + 1e9")
    filled.execute("UPDATE webhooks SET rests_until_s = 3e9, failures = 1")
    queue.come_earlier(filled, 1, NOW_S, NOW_S + 1e6)
    assert {row["due_s"] for row in rows(filled)} == {NOW_S}
    assert queue.state(filled, 1) == State(1)


def test_no_question_looks_at_all_that_waits(filled: SQLite) -> None:
    """Of all webhooks."""

    def ask() -> None:
        queue.state(filled, 1)
        queue.next_due_s(filled, 1)
        event = taken(filled, NOW_S + 5)[0].event
        queue.settle(filled, 1, [Result(event, is_sent=False, due_s=NOW_S)], None, NOW_S)
        queue.settle(filled, 1, [Result(event, is_sent=True)], Failure("x", NOW_S), NOW_S)
        queue.try_again(filled, 1, NOW_S, 5)
        queue.take_over(filled, 1, NOW_S, 20)
        queue.come_earlier(filled, 1, NOW_S, NOW_S + 1e6)

    assert list(scans(filled, ask)) == []
