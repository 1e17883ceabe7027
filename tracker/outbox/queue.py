"""The queue of one webhook: what is due, and what became of it.

Owns: taking events from the outbox for an attempt, putting down what came of it, and what is known of a
webhook from one attempt to the next.
Does not own: what is queued (`filling`), what an event says (`events`), how long is waited between
attempts (`tracker.webhooks.schedule`), or sending (`tracker.webhooks`).

An event is taken for an attempt in a transaction of its own, before that: from then on its webhook may
know of it. Whoever dies meanwhile leaves it due again once `lease_s` have passed, or when another takes
over; so nothing is lost, and what was sent twice has the same id.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tracker.outbox.events import Event, payload
from tracker.outbox.subscriptions import Subscription
from tracker.sql.db import Db
from tracker.store.keys import MessageKey

UNDER_WAY_S = 60.0
"""Longer than an attempt takes."""

_ROW = "SELECT id FROM webhooks WHERE name = ?"
_STATE = """
    SELECT failures, rests_until_s, stopped_s IS NOT NULL FROM webhooks WHERE id = ?
"""
_DUE = """
    SELECT sent_s, message_id, event_id, number, changed_s, attempts FROM outbox
    WHERE webhook_id = ? AND due_s <= ? ORDER BY due_s LIMIT ?
"""
_NEXT = "SELECT min(due_s) FROM outbox WHERE webhook_id = ?"
_KEY = "sent_s = ? AND message_id = ? AND event_id = ? AND webhook_id = ?"
_TAKE = f"UPDATE outbox SET attempts = attempts + 1, due_s = ? WHERE {_KEY} AND number = ?"  # noqa: S608 - a constant
_AGAIN = f"UPDATE outbox SET due_s = ? WHERE {_KEY} AND number = ?"  # noqa: S608 - a constant
_DROP = f"DELETE FROM outbox WHERE {_KEY} AND number = ?"  # noqa: S608 - a constant
_NOT_TOLD = f"DELETE FROM told_clicks WHERE {_KEY} AND relabelled = 0"  # noqa: S608 - a constant
_SENT = """
    UPDATE webhooks SET sent = sent + :sent, sent_at_s = :now_s, failures = 0, rests_until_s = 0
    WHERE id = :id
"""
_FAILED = """
    UPDATE webhooks SET failures = failures + 1, failed_at_s = :now_s, error = :error,
        rests_until_s = :rests_until_s, stopped_s = CASE WHEN :stops = 1 THEN :now_s ELSE stopped_s END
    WHERE id = :id
"""
_TAKE_OVER = """
    UPDATE outbox SET due_s = :now_s
    WHERE webhook_id = :id AND due_s > :now_s AND due_s <= :now_s + :lease_s AND attempts > 0
"""
_EARLIER = "UPDATE outbox SET due_s = :now_s WHERE webhook_id = :id AND due_s > :latest_s"
_REST_LESS = "UPDATE webhooks SET rests_until_s = 0 WHERE id = :id AND rests_until_s > :latest_s"
_GO_ON = """
    UPDATE webhooks SET stopped_s = NULL, failures = 0, rests_until_s = 0, error = '' WHERE id = ?
"""
_TRY_AGAIN = """
    UPDATE outbox SET attempts = CASE WHEN attempts > 1 THEN 1 ELSE attempts END, due_s = :now_s
    WHERE (sent_s, message_id, event_id, webhook_id, number) IN (
        SELECT sent_s, message_id, event_id, webhook_id, number FROM outbox INDEXED BY outbox_due
        WHERE webhook_id = :id AND (due_s IS NULL OR due_s > :after_s AND attempts > 0) LIMIT :chunk)
"""


class State(NamedTuple):
    """What is known of a webhook: failures since it last took something, and until when it rests."""

    failures: int = 0
    rests_until_s: float = 0.0
    is_stopped: bool = False


class Attempt(NamedTuple):
    """An event that was taken for an attempt, and what it says."""

    event: Event
    body: bytes


class Result(NamedTuple):
    """What came of an attempt; where it failed, when the next is due (None: given up)."""

    event: Event
    is_sent: bool
    due_s: float | None = None


class Failure(NamedTuple):
    """The last failure of some attempts: in words of ours, and until when the webhook rests."""

    error: str
    rests_until_s: float
    stops: bool = False


def row(db: Db, name: str) -> int | None:
    """Return the row of a webhook; None where nothing was ever queued for it."""
    found = db.execute(_ROW, [name]).fetchone()
    return None if found is None else int(found[0])


def state(db: Db, webhook_id: int) -> State:
    """Return what is known of a webhook."""
    failures, rests_until_s, stopped = db.execute(_STATE, [webhook_id]).fetchone()
    return State(failures, rests_until_s, bool(stopped))


def next_due_s(db: Db, webhook_id: int) -> float | None:
    """Return when the next event of a webhook is due; None where none waits."""
    found: float | None = db.execute(_NEXT, [webhook_id]).fetchone()[0]
    return found


def take(
    db: Db, webhook: Subscription, webhook_id: int, *, now_s: float, lease_s: float, most: int
) -> list[Attempt]:
    """Take what is due, `most` events at most, for an attempt now; in the open transaction.

    What there is nothing to tell of any more goes.
    """
    attempts: list[Attempt] = []
    for row in db.execute(_DUE, [webhook_id, now_s, most]).fetchall():
        event = Event(MessageKey(row[0], row[1]), *row[2:])
        body = payload(db, event, webhook)
        key = _key(event, webhook_id)
        if body is None:
            db.execute(_DROP, [*key, event.number])
            db.execute(_NOT_TOLD, key)
        else:
            db.execute(_TAKE, [now_s + lease_s, *key, event.number])
            attempts.append(Attempt(event._replace(attempts=event.attempts + 1), body))
    return attempts


def _key(event: Event, webhook_id: int) -> Sequence[object]:
    return *event.message, event.event_id, webhook_id


def settle(
    db: Db,
    webhook_id: int,
    results: Iterable[Result],
    failure: Failure | None,
    now_s: float,
) -> None:
    """Put down what came of attempts; in the open transaction. `failure` is the last one."""
    results = list(results)
    sent = [each.event for each in results if each.is_sent]
    db.executemany(_DROP, [(*_key(each, webhook_id), each.number) for each in sent])
    later = [
        (each.due_s, *_key(each.event, webhook_id), each.event.number)
        for each in results
        if not each.is_sent
    ]
    db.executemany(_AGAIN, later)
    if sent:
        db.execute(_SENT, {"id": webhook_id, "sent": len(sent), "now_s": now_s})
    if failure is not None:
        db.execute(_FAILED, {"id": webhook_id, "now_s": now_s, **failure._asdict()})


def take_over(db: Db, webhook_id: int, now_s: float, lease_s: float) -> None:
    """Have due now what another process that is gone may have taken; in the open transaction."""
    db.execute(_TAKE_OVER, {"id": webhook_id, "now_s": now_s, "lease_s": lease_s})


def come_earlier(db: Db, webhook_id: int, now_s: float, latest_s: float) -> None:
    """Have due now what is due after `latest_s`, for which no delay is long enough: the clock was wrong."""
    values = {"id": webhook_id, "now_s": now_s, "latest_s": latest_s}
    db.execute(_EARLIER, values)
    db.execute(_REST_LESS, values)


def go_on(db: Db, webhook_id: int) -> None:
    """Have a webhook that stopped, or rests, go on at once."""
    db.execute(_GO_ON, [webhook_id])


def try_again(db: Db, webhook_id: int, now_s: float, most: int) -> int:
    """Have due now what was given up, or waits after an attempt; `most` events at most, return how many.

    What is due within a minute may be under way.
    """
    after_s = now_s + UNDER_WAY_S
    values = {"id": webhook_id, "now_s": now_s, "after_s": after_s, "chunk": most}
    return int(db.execute(_TRY_AGAIN, values).rowcount)
