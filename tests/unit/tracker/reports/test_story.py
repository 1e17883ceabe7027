"""All that is known of one message."""

import dataclasses

import pytest

from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put, refused
from tests.support.details import handled
from tracker.details import feed
from tracker.events import Opened, Recipient
from tracker.reports import story
from tracker.reports.known import Unknown
from tracker.sql.db import Db
from tracker.store.keys import MessageKey

ID = "00000000000000aa"
KEY = MessageKey.of(SENT_S, ID)


def tracked(db: Db) -> None:
    """Feed a message of two copies, one of which the relay refused; Ann clicked hers and opened it."""
    put(db, pending(ID, opens=True), accepted(ID, 1), refused(ID, 2))
    put(db, clicked("c1", ID, at_s=SENT_S + 9000), Opened("o1", SENT_S + 8000, ID, 1, SENT_S, True))  # noqa: FBT003
    with db.atomic():
        feed.feed(db, [handled(1), dataclasses.replace(handled(2), outcome="refused")], 0)


def test_a_tracked_message_tells_its_whole_story(db: Db) -> None:
    """Who handed it in, what the relay said of each copy, and what its readers did, in order."""
    tracked(db)
    told = story.story(db, KEY)
    assert (told["message"], told["tracked"], told["campaign"]) == (ID, True, "news")
    assert [copy["outcome"] for copy in told["copies"]] == ["delivered", "refused"]
    assert told["copies"][0]["reply"] == "250 2.0.0 Ok: queued as 4Fk2"
    assert [(each["address"], each["outcome"]) for each in told["recipients"]] == [
        ("ann@example.net", "delivered"),
        ("bob@example.net", "refused"),
    ]
    assert [(each["event"], each["recipient"]) for each in told["events"]] == [
        ("opened", 1),
        ("clicked", 1),
    ]
    assert all(set(each) == set(story.EVENTS) for each in told["events"])


@pytest.mark.parametrize(
    "name", [ID, "<1@example.com>", "4Fk2", "ann@example.net", "BOB@example.net"]
)
def test_it_is_found_by_whatever_people_know_of_it(db: Db, name: str) -> None:
    """In the log, in the message, at the relay, or its reader."""
    tracked(db)
    assert story.find(db, name) == [KEY]


def test_a_message_left_untouched_has_a_story_too(db: Db) -> None:
    """Nothing was counted of it."""
    left = handled(1, Recipient(1, "ann@example.net"), Recipient(2, "bob@example.net"))
    with db.atomic():
        feed.feed(db, [dataclasses.replace(left, untouched="several_from")], 0)
    (key,) = story.find(db, "bob@example.net")
    told = story.story(db, key)
    assert (told["tracked"], told["campaign"], told["events"]) == (False, None, [])
    assert told["copies"][0]["untouched"] == "several_from"
    assert [(each["address"], each["outcome"]) for each in told["recipients"]] == [
        ("ann@example.net", "delivered"),
        ("bob@example.net", "delivered"),
    ]


def test_what_is_not_kept_any_more_is_left_out(db: Db) -> None:
    """Details go before figures do."""
    put(db, pending(ID), accepted(ID, 1, 2))
    told = story.story(db, KEY)
    assert told["copies"] == []
    assert [each["outcome"] for each in told["recipients"]] == ["delivered", "delivered"]


def test_what_nobody_knows_is_said_to_be_unknown(db: Db) -> None:
    """It is no empty story."""
    with pytest.raises(Unknown, match=r'no message "cay@example\.net" is known'):
        story.find(db, "cay@example.net")


@pytest.mark.parametrize(
    ("number", "whose"),
    [(1, ("news", "ann@example.net", "ann@example.net")), (0, ("news", None, None)), (9, ("news", None, None))],
)  # fmt: skip
def test_a_link_leads_to_campaign_and_person(
    db: Db, number: int, whose: tuple[str | None, ...]
) -> None:
    """Whose a shared copy is, nobody knows."""
    put(db, pending(ID), accepted(ID, 1, 2))
    assert story.recipient(db, KEY, number) == whose
    other = MessageKey(KEY.sent_s, KEY.message_id + 1)
    assert story.recipient(db, other, number) == (None, None, None)
