"""How webhooks stand: the same for command, page and API."""

from pathlib import Path

from config.schema import Config, WebhookConfig
from tests.support.checks.plans import scans
from tests.support.engines import engine, gives_back
from tracker.outbox import filling, queue
from tracker.outbox.filling import Judged
from tracker.outbox.queue import Failure, Result
from tracker.outbox.standing import COLUMNS, webhooks
from tracker.outbox.subscriptions import Label, Subscriptions
from tracker.sql.sqlite import SQLite
from tracker.store.keys import MessageKey

__all__ = ["engine", "gives_back"]

NOW_S = 1_790_000_000.0


def config(*names: str) -> Config:
    """Return a configuration with these webhooks."""
    return Config(
        webhook=tuple(
            WebhookConfig(url="https://example.com/", name=name, secret_file=Path("s"))
            for name in names
        )
    )


def wait(db: SQLite, names: Config, count: int = 1) -> None:
    """Have clicks wait."""
    label = Label(1, human=True, doubtful=False)
    judged = [Judged(MessageKey(5, n), b"c" * 16, label) for n in range(count)]
    filling.fill(db, Subscriptions(Subscriptions.of(names).webhooks, lambda: NOW_S), judged)


def test_a_new_webhook_works_and_has_nothing(db: SQLite) -> None:
    """All columns are there."""
    (one,) = webhooks(db, config("one"))
    assert tuple(one) == COLUMNS
    assert (one["name"], one["state"], one["waiting"], one["sent"]) == ("one", "working", 0, 0)


def test_what_waits_and_what_was_given_up_are_told_apart(db: SQLite) -> None:
    """With the last failure, and when it is tried again."""
    both = config("one", "two")
    wait(db, both, 3)
    event = queue.Event(MessageKey(5, 0), b"c" * 16)
    failure = Failure("answered 500", NOW_S + 60)
    queue.settle(db, 1, [Result(event, is_sent=False)], failure, NOW_S)
    one, two = webhooks(db, both)
    assert (one["state"], one["waiting"], one["given_up"]) == ("failing", 2, 1)
    assert (one["error"], one["failed_at"]) == ("answered 500", "2026-09-21T14:13:20.000+00:00")
    assert one["next_at"] == "2026-09-21T14:14:20.000+00:00"
    assert (two["state"], two["waiting"], two["given_up"]) == ("working", 3, 0)
    queue.settle(db, 1, [], Failure("answered 410", 0, stops=True), NOW_S)
    stopped = webhooks(db, both)[0]
    assert (stopped["state"], stopped["next_at"]) == ("stopped", None)


def test_a_former_webhook_is_told_while_anything_of_it_waits(db: SQLite) -> None:
    """It may be put back."""
    wait(db, config("one"))
    assert [(each["name"], each["state"]) for each in webhooks(db, config("two"))] == [
        ("two", "working"),
        ("one", "removed"),
    ]
    db.execute("DELETE FROM outbox")
    assert [each["name"] for each in webhooks(db, config("two"))] == ["two"]


def test_a_moment_that_no_date_can_tell_does_no_harm(db: SQLite) -> None:
    """As after a wrong clock."""
    wait(db, config("one"))
    db.execute("UPDATE outbox SET due_s = 1e15")
    assert webhooks(db, config("one"))[0]["next_at"] is not None


def test_it_counts_no_more_than_it_says(db: SQLite) -> None:
    """And looks at no rows of other webhooks."""
    wait(db, config("one"))
    assert list(scans(db, lambda: webhooks(db, config("one")))) == []
