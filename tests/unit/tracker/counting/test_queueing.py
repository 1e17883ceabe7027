"""Webhooks hear of clicks as these are counted: each created once, and then what its label becomes."""

import itertools
import json
import random
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.checks.facts import LINKS, NAMING, SENT_S, accepted, clicked, empty, pending
from tests.support.checks.histories import histories
from tests.support.engines import engine, gives_back
from tracker.counting import reclassify
from tracker.counting.batch import feed
from tracker.counting.queueing import queue as queue_clicks
from tracker.events import Event
from tracker.judging.rules import Settings
from tracker.outbox import queue
from tracker.outbox.filling import webhook_ids
from tracker.outbox.queue import Failure, Result
from tracker.outbox.subscriptions import Subscription, Subscriptions
from tracker.sql.sqlite import SQLite
from tracker.store.database import Store

__all__ = ["engine", "gives_back"]

LATE_S = SENT_S + 7200
STRICT = Settings(threshold=60, doubtful=20)
PEOPLE = Subscription("people", settle_s=0.0)
EVERYBODY = Subscription("everybody", machines=True, settle_s=0.0)
NEWS = Subscription("news", campaigns=frozenset({"news"}), settle_s=0.0)
HOOKS = Subscriptions((PEOPLE, EVERYBODY, NEWS), lambda: 0.0)


def put(db: SQLite, *events: Event) -> None:
    """Feed events in one transaction."""
    with db.atomic():
        feed(db, events, NAMING, subscriptions=HOOKS)


def sent(db: SQLite, hook: Subscription = PEOPLE) -> list[dict[str, Any]]:
    """Send all that waits for a webhook; return what was sent."""
    with db.atomic():
        webhook_id = webhook_ids(db, [hook.name])[hook.name]
        taken = queue.take(db, hook, webhook_id, now_s=1.0, lease_s=0.0, most=1000)
        results = [Result(each.event, is_sent=True) for each in taken]
        queue.settle(db, webhook_id, results, None, 1.0)
    return [json.loads(each.body) for each in taken]


def said(found: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """Return types of events, and whether the click is a person's."""
    return [(each["type"], each["data"]["human"]) for each in found]


def scanner(count: int, first: int = 0) -> list[Event]:
    """Return clicks on all links of a message within a second, as no person makes them."""
    return [
        clicked(f"s{n}", link=link.number, destination=link.url, at_s=LATE_S + n / 10)
        for n, link in enumerate(LINKS[:count], first)
    ]


def test_a_persons_click_is_created(db: SQLite) -> None:
    """For each webhook that wants it, once, also where its event comes again."""
    for _ in range(2):
        put(db, pending(), accepted(), clicked("c1", at_s=LATE_S))
    for hook in HOOKS.webhooks:
        assert said(sent(db, hook)) == [("click.created", True)]
        assert sent(db, hook) == []


def test_a_click_that_turns_out_to_be_a_machines_is_relabelled(db: SQLite) -> None:
    """Once it was sent; before that it is not told at all."""
    put(db, pending(), accepted(), *scanner(1))
    assert said(sent(db)) == [("click.created", True)]
    put(db, *scanner(3)[1:])
    assert ("click.relabelled", False) in said(sent(db))
    assert said(sent(db, NEWS)) == []
    assert said(sent(db, EVERYBODY)) == [("click.created", False)] * 3


def test_a_click_counts_for_its_campaign_once_that_is_known(db: SQLite) -> None:
    """Its message comes after it."""
    put(db, clicked("c1", at_s=LATE_S))
    assert sent(db, NEWS) == []
    assert said(sent(db, PEOPLE)) == [("click.created", True)]
    put(db, pending(), accepted())
    (told,) = sent(db, NEWS)
    assert (told["type"], told["data"]["campaign"]) == ("click.created", "news")
    assert sent(db, PEOPLE) == []


def test_what_waits_goes_along_with_its_message(db: SQLite) -> None:
    """Whose second turns out to be another one: earlier versions read the clock twice."""
    put(db, clicked("c1", at_s=LATE_S, sent_at_s=SENT_S + 1))
    put(db, pending(), accepted())
    (told,) = sent(db, PEOPLE)
    assert told["data"]["recipient"] == "ann@example.net"
    assert db["told_clicks"].count == 3
    keys = {(row["sent_s"]) for row in db["told_clicks"].rows}
    assert keys == {row["sent_s"] for row in db["clicks"].rows}


def test_a_reader_who_asks_not_to_be_tracked_is_not_told_of(db: SQLite) -> None:
    """Their clicks are counted, and no more is kept of them (`[privacy] heed_gpc`)."""
    put(db, pending(), accepted(), clicked("c1", at_s=LATE_S, asks_for_privacy=True))
    assert [sent(db, hook) for hook in HOOKS.webhooks] == [[], [], []]


def test_without_webhooks_nothing_is_queued(db: SQLite) -> None:
    """Nor is anything asked."""
    queue_clicks(db, Subscriptions(), (), ())
    with db.atomic():
        feed(db, [pending(), clicked("c1")], NAMING)
    assert (db["outbox"].count, db["told_clicks"].count, db["webhooks"].count) == (0, 0, 0)


@pytest.mark.parametrize("notifies", [True, False])
def test_judging_anew_tells_only_where_it_is_to(*, notifies: bool) -> None:
    """By `--notify`."""
    store = Store(empty())
    put(store.db, pending(), accepted(), clicked("c1", at_s=SENT_S + 1))
    before = sent(store.db, EVERYBODY)
    hooks = HOOKS if notifies else Subscriptions()
    for _ in reclassify.reclassify(store, STRICT, notify=hooks):
        pass
    after = sent(store.db, EVERYBODY)
    human = [each["data"]["human"] for each in (*before, *after)]
    assert human == ([True, False] if notifies else [True])
    store.close()


def test_a_dry_run_tells_nobody() -> None:
    """It changes nothing."""
    store = Store(empty())
    put(store.db, pending(), accepted(), clicked("c1", at_s=SENT_S + 1))
    sent(store.db, EVERYBODY)
    for _ in reclassify.reclassify(store, STRICT, notify=HOOKS, dry_run=True):
        pass
    assert sent(store.db, EVERYBODY) == []
    store.close()


class Receiver:
    """A receiver that takes some events, and forgets what it heard of an id before."""

    def __init__(self, hook: Subscription, chance: random.Random) -> None:
        self.hook, self.chance = hook, chance
        self.known: dict[str, dict[str, bool]] = defaultdict(dict)

    def attempt(self, db: SQLite) -> None:
        """Take what is due; of what is refused, some was heard all the same."""
        with db.atomic():
            self._attempt(db)

    def _attempt(self, db: SQLite) -> None:
        webhook_id = webhook_ids(db, [self.hook.name])[self.hook.name]
        most = self.chance.randrange(1, 20)
        taken = queue.take(db, self.hook, webhook_id, now_s=1.0, lease_s=0.0, most=most)
        results = []
        for event, body in taken:
            is_sent = self.chance.random() < 0.7
            if is_sent or self.chance.random() < 0.5:
                self._hear(event.id, json.loads(body))
            results.append(Result(event, is_sent, due_s=1.0))
        queue.settle(db, webhook_id, results, Failure("x", 0.0), 1.0)

    def _hear(self, event_id: str, told: dict[str, Any]) -> None:
        """Remember the first that was heard of an event, as who goes by its id does."""
        self.known[told["data"]["event_id"]].setdefault(event_id, told["data"]["human"])

    def labels(self) -> dict[str, bool]:
        """Return what it takes clicks for: by the last change that it heard of."""
        return {click: told[max(told, key=number)] for click, told in self.known.items()}


def number(event_id: str) -> int:
    """Return the number of a change."""
    return int(event_id.partition("-")[2] or 0)


@given(histories(), st.integers(0, 2**32))
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
def test_receivers_end_up_knowing_what_the_store_does(events: list[Event], seed: int) -> None:
    """Whatever is refused, lost or heard twice on the way, and however counting goes on meanwhile."""
    chance = random.Random(seed)
    db = empty()
    receivers = [Receiver(hook, chance) for hook in (PEOPLE, EVERYBODY)]
    todo = list(events)
    while todo:
        size = chance.randrange(1, 6)
        put(db, *todo[:size])
        todo = todo[size:]
        chance.choice(receivers).attempt(db)
    for receiver in receivers:
        for _ in itertools.takewhile(
            lambda _: db["outbox"].count_where("webhook_id IS NOT NULL"), range(500)
        ):
            receiver.attempt(db)
    sql = "SELECT event_id, human FROM clicks JOIN verdicts ON verdicts.id = verdict_id"
    store = {event_id.hex(): bool(human) for event_id, human in db.execute(sql)}
    people, everybody = (each.labels() for each in receivers)
    assert everybody == store
    assert {click for click, human in store.items() if human} <= people.keys()
    assert {click: store[click] for click in people} == people
    db.close()
