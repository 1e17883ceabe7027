"""What is queued for webhooks: each click once, and each change of a label that somebody may know."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.checks.plans import asked, scans
from tests.support.engines import engine, gives_back
from tracker.outbox import queue
from tracker.outbox.filling import Judged, fill, webhook_ids
from tracker.outbox.subscriptions import Label, Subscription, Subscriptions
from tracker.sql.sqlite import SQLite
from tracker.store.keys import MessageKey

__all__ = ["engine", "gives_back"]

NOW_S = 1_790_000_000.0
KEY, CLICK = MessageKey(1_790_000_000, 7), b"c" * 16
HUMAN, DOUBTFUL = Label(1, human=True, doubtful=False), Label(1, human=True, doubtful=True)
MACHINE = Label(1, human=False, doubtful=False)
PEOPLE, ALL = Subscription("people"), Subscription("all", machines=True, settle_s=0.0)


def told(
    db: SQLite, now: Label, before: Label | None = None, *webhooks: Subscription, at_s: float = 0
) -> None:
    """Have a click counted, or its label changed, some seconds later."""
    subscriptions = Subscriptions(webhooks or (PEOPLE,), lambda: NOW_S + at_s)
    fill(db, subscriptions, [Judged(KEY, CLICK, now, before)])


def waiting(db: SQLite) -> list[dict[str, Any]]:
    """Return what waits."""
    columns = ("webhook_id", "number", "changed_s", "attempts", "due_s")
    return [{each: row[each] for each in columns} for row in db["outbox"].rows]


def tried(db: SQLite) -> None:
    """Have all that waits tried once, in vain."""
    db.execute("UPDATE outbox SET attempts = attempts + 1, due_s = NULL")


def test_a_click_waits_until_it_has_settled(db: SQLite) -> None:
    """As long as its webhook says, from when it was counted."""
    told(db, HUMAN, None, PEOPLE, ALL)
    due = {row["webhook_id"]: row["due_s"] - NOW_S for row in waiting(db)}
    assert due == {1: 15.0, 2: 0.0}
    assert {(row["number"], row["changed_s"]) for row in waiting(db)} == {(0, None)}


def test_a_machines_click_waits_where_it_is_wanted(db: SQLite) -> None:
    """And nothing of it is remembered elsewhere."""
    told(db, MACHINE, None, PEOPLE, ALL)
    assert [row["webhook_id"] for row in waiting(db)] == [2]
    assert db["told_clicks"].count == 1


def test_a_machines_click_is_queued_once_it_is_a_persons(db: SQLite) -> None:
    """As one that is new."""
    told(db, MACHINE)
    told(db, DOUBTFUL, MACHINE, at_s=100)
    (row,) = waiting(db)
    assert (row["number"], row["changed_s"], row["due_s"]) == (0, None, NOW_S + 115)


def test_a_change_before_the_first_attempt_is_no_event(db: SQLite) -> None:
    """What is sent says what the click is by then."""
    told(db, HUMAN)
    told(db, MACHINE, HUMAN)
    told(db, HUMAN, MACHINE)
    assert [row["number"] for row in waiting(db)] == [0]


def test_a_change_after_an_attempt_is_an_event(db: SQLite) -> None:
    """Whether that was taken, or nobody knows: each change that somebody may have missed, once."""
    told(db, HUMAN)
    tried(db)
    told(db, MACHINE, HUMAN, at_s=50)
    told(db, HUMAN, MACHINE, at_s=60)
    assert [(row["number"], row["changed_s"]) for row in waiting(db)] == [
        (0, None),
        (1, NOW_S + 50),
    ]
    db.execute("DELETE FROM outbox")
    told(db, DOUBTFUL, HUMAN, at_s=70)
    assert [(row["number"], row["due_s"]) for row in waiting(db)] == [(2, NOW_S + 85)]


def test_what_is_not_judged_otherwise_is_no_event(db: SQLite) -> None:
    """As where a click counts for another campaign, or link."""
    told(db, HUMAN)
    tried(db)
    told(db, HUMAN._replace(campaign_id=2), HUMAN)
    told(db, HUMAN, HUMAN)
    assert len(waiting(db)) == 1


def test_a_click_of_before_the_webhook_is_not_queued(db: SQLite) -> None:
    """Unless it becomes a person's."""
    told(db, DOUBTFUL, HUMAN)
    told(db, MACHINE, DOUBTFUL)
    assert waiting(db) == []
    told(db, HUMAN, MACHINE)
    assert len(waiting(db)) == 1


def test_a_click_whose_campaign_is_known_later_is_queued_then(db: SQLite) -> None:
    """Its message came after it."""
    db["campaigns"].insert({"id": 9, "name": "news"})
    news = replace(PEOPLE, campaigns=frozenset({"news", "other"}))
    told(db, HUMAN, None, news)
    assert waiting(db) == []
    told(db, HUMAN._replace(campaign_id=9), HUMAN, news)
    assert len(waiting(db)) == 1


def test_without_webhooks_nothing_is_asked_of_the_store(db: SQLite) -> None:
    """Counting costs what it did."""
    assert asked(db, lambda: fill(db, Subscriptions(), [Judged(KEY, CLICK, HUMAN)])) == []
    assert asked(db, lambda: fill(db, Subscriptions((PEOPLE,)), [])) == []


def test_a_webhook_keeps_its_row(db: SQLite) -> None:
    """Whatever else is made."""
    first = webhook_ids(db, ["a", "b"])
    assert webhook_ids(db, ["b", "c", "a"]) == first | {"c": 3}
    assert queue.state(db, first["a"]) == queue.State()


@pytest.mark.parametrize("before", [None, MACHINE, DOUBTFUL])
def test_no_question_looks_at_all_rows(db: SQLite, before: Label | None) -> None:
    """However many clicks were told."""
    told(db, HUMAN)
    tried(db)
    assert list(scans(db, lambda: told(db, HUMAN, before, PEOPLE, ALL))) == []
