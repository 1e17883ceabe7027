"""What a webhook is told of a click: what the store knows by then."""

import json
from typing import Any

from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put
from tests.support.checks.plans import scans
from tests.support.engines import engine, gives_back
from tracker.events import Event as Fact
from tracker.events import Recipient
from tracker.outbox.events import Event, example, payload
from tracker.outbox.subscriptions import Subscription
from tracker.sql.sqlite import SQLite
from tracker.store.keys import MessageKey

__all__ = ["engine", "gives_back"]

HOOK, ALL = Subscription("x"), Subscription("x", machines=True)
LATE = {"at_s": SENT_S + 7200}


def stored(db: SQLite, *facts: Fact) -> Event:
    """Feed facts; return the event of the last click."""
    put(db, *facts)
    row = db.execute("SELECT sent_s, message_id, event_id FROM clicks ORDER BY arrival DESC")
    *key, event_id = row.fetchone()
    return Event(MessageKey(*key), event_id)


def said(db: SQLite, event: Event, webhook: Subscription = HOOK) -> Any:
    """Return what is said."""
    body = payload(db, event, webhook)
    return None if body is None else json.loads(body)


def test_a_click_is_told_in_anymails_names_and_ours(db: SQLite) -> None:
    """All that is known of it."""
    event = stored(db, pending(), accepted(), clicked("c1", **LATE))
    told = said(db, event)
    assert told["type"] == "click.created"
    assert told["timestamp"] == told["data"]["timestamp"] == "2026-09-21T16:13:20.000+00:00"
    verdict = db.execute("SELECT human, doubtful, score, reasons FROM verdicts").fetchone()
    assert told["data"] == {
        "event_type": "clicked",
        "event_id": event.event_id.hex(),
        "timestamp": "2026-09-21T16:13:20.000+00:00",
        "message_id": event.message.text,
        "recipient": "ann@example.net",
        "click_url": "https://example.net/1",
        "user_agent": "Browser/1",
        "tags": ["news"],
        "person": "ann@example.net",
        "campaign": "news",
        "link": "https://example.net/1",
        "human": True,
        "doubtful": bool(verdict[1]),
        "score": verdict[2],
        "reasons": verdict[3].split(),
    }


def test_a_person_with_an_id_of_their_own_is_told_with_the_address(db: SQLite) -> None:
    """Both."""
    own = pending(recipients=(Recipient(1, "ann@example.net", "customer-7"),))
    data = said(db, stored(db, own, accepted(), clicked("c1", **LATE)))["data"]
    assert (data["recipient"], data["person"]) == ("ann@example.net", "customer-7")


def test_a_shared_click_is_nobodys(db: SQLite) -> None:
    """Nobody can tell which of the recipients it was."""
    event = stored(db, pending(shared=True), accepted(), clicked("c1", recipient=0, **LATE))
    data = said(db, event)["data"]
    assert (data["recipient"], data["person"], data["campaign"]) == (None, None, "news")


def test_of_a_message_that_is_not_known_nothing_is_said(db: SQLite) -> None:
    """But the click."""
    data = said(db, stored(db, clicked("c1", **LATE)))["data"]
    assert (data["recipient"], data["person"], data["campaign"], data["tags"]) == (
        *(None, None, None),
        [],
    )


def test_a_change_of_the_label_says_when_it_was(db: SQLite) -> None:
    """And what the click is now; its id is another one."""
    event = stored(db, pending(), accepted(), clicked("c1", **LATE))
    changed = event._replace(number=2, changed_s=SENT_S + 9000.0)
    told = said(db, changed)
    assert (told["type"], told["timestamp"]) == (
        "click.relabelled",
        "2026-09-21T16:43:20.000+00:00",
    )
    assert told["data"] == said(db, event)["data"]
    assert (event.id, changed.id) == (event.event_id.hex(), f"{event.event_id.hex()}-2")


def test_a_machines_click_that_nobody_knows_of_is_not_told(db: SQLite) -> None:
    """Unless machines are wanted; one that somebody may know of is."""
    event = stored(db, pending(), accepted(), clicked("c1", signals=("head",), method="HEAD"))
    assert said(db, event) is None
    assert said(db, event, ALL)["data"]["human"] is False
    assert said(db, event._replace(attempts=1))["data"]["human"] is False


def test_of_a_click_that_is_gone_nothing_is_told(db: SQLite) -> None:
    """It was purged."""
    event = stored(db, clicked("c1", **LATE))
    db.execute("DELETE FROM clicks")
    assert said(db, event, ALL) is None


def test_hostile_text_is_json(db: SQLite) -> None:
    """Whatever agents and URLs hold: ASCII, one line, read back as it was."""
    agent = 'a"\\\u2028\x00\ud800</script>' + "x" * 500
    event = stored(db, clicked("c1", user_agent=agent.replace("\ud800", ""), **LATE))
    body = payload(db, event, HOOK) or b""
    assert body.isascii()
    assert b"\n" not in body
    assert json.loads(body)["data"]["user_agent"] == agent.replace("\ud800", "")


def test_the_click_is_found_by_its_key(db: SQLite) -> None:
    """However many there are."""
    event = stored(db, pending(), accepted(), clicked("c1", **LATE))
    assert list(scans(db, lambda: payload(db, event, HOOK))) == []


def test_an_example_says_all_that_events_say(db: SQLite) -> None:
    """So that a receiver can be tried before anybody clicks."""
    told, shown = said(db, stored(db, clicked("c1", **LATE))), json.loads(example(SENT_S))
    assert shown["type"] == "webhook.test"
    assert list(shown["data"]) == list(told["data"])
