"""What a person was sent and clicked, page by page."""

import dataclasses
from typing import Any

import pytest

from tests.support.checks import plans
from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put
from tests.support.details import handled
from tracker.details import feed
from tracker.events import Recipient
from tracker.reports import activity, known
from tracker.reports.clicks import moment
from tracker.reports.lookup.timeline import FAR_S, timeline
from tracker.reports.names import Name
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S

ANN = "ann@example.net"


@pytest.fixture
def busy(db: Db) -> Db:
    """Return a store in which Ann got mail on six days, twice in one second, and clicked some of it."""
    bob = Recipient(2, "bob@example.net", "id-7")
    for day in range(6):
        for message in (f"a{day}", f"b{day}") if day == 3 else (f"a{day}",):
            sent_s = SENT_S + day * DAY_S
            recipients = (Recipient(1, "Ann@example.net" if day == 5 else ANN), bob)
            put(db, pending(message, at_s=sent_s, recipients=recipients, shared=day == 4))
            put(db, accepted(message, sent_s=sent_s))
        recipient = 0 if day == 4 else 1
        for click in range(day % 3):
            at_s = sent_s + 4000 * (click + 1)
            facts = {"recipient": recipient, "at_s": at_s, "sent_at_s": sent_s}
            put(db, clicked(f"c{day}{click}", message, **facts))
    return db


def _all(db: Db, *names: str, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    before_s: float | None = FAR_S
    while before_s is not None:
        page = timeline(db, *names, before_s=before_s, limit=limit)
        found += page.rows
        assert page.cursor_s is None or page.cursor_s < before_s
        before_s = page.cursor_s
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("person", [ANN, "id-7", "bob@example.net"])
def test_pages_tell_what_activity_tells(busy: Db, person: str, limit: int) -> None:
    """Each event once, in order, two of one moment included."""
    names = known.person(busy, person)
    expected = sorted(
        (row["at"], row["event"], row["message_id"], row["why"] or "")
        for row in activity.activity(busy, *names)
    )
    rows = _all(busy, *names, limit=limit)
    assert [row["at_s"] for row in rows] == sorted((row["at_s"] for row in rows), reverse=True)
    found = sorted(
        (moment(row["at_s"]), row["event"], row["message_id"], row["why"]) for row in rows
    )
    assert found == expected
    assert len(found) > 5


def test_rows_lead_to_campaign_link_and_message(db: Db) -> None:
    """What was sent with its subject, as long as details are kept; clicks as the log has them."""
    message = "00000000000000aa"
    put(db, pending(message), accepted(message), clicked("c1", message, at_s=SENT_S + 9000))
    with db.atomic():
        feed.feed(db, [dataclasses.replace(handled(1), message_id=message)], 0)
    click, sent = timeline(db, ANN).rows
    assert (sent["event"], sent["message_id"], sent["campaign"]) == ("sent", message, Name("news"))
    assert sent["subject"]
    assert (click["event"], click["link"], click["human"]) == (
        "clicked",
        "https://example.net/1",
        True,
    )
    assert {"link_id", "campaign_id", "sent_s"} <= click.keys()


def test_nobody_has_an_empty_timeline(db: Db) -> None:
    """It is no error."""
    assert timeline(db, "nobody@example.net").rows == []


def test_a_page_of_many_events_takes_as_many_questions_as_one_of_few(busy: Db) -> None:
    """Each is a way to the server and back."""
    few, many = (timeline(busy, ANN, limit=limit).rows for limit in (5, 100))
    assert [sum(row["event"] == "clicked" for row in rows) for rows in (few, many)] == [2, 3]
    asked = [plans.how_many(busy, lambda n=n: timeline(busy, ANN, limit=n)) for n in (5, 100)]
    assert asked[0] == asked[1]
