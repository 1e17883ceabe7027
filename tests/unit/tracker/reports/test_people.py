"""How many people clicked in a period: each once, whatever they clicked on how many days."""

from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put
from tracker.reports import people
from tracker.reports.names import scope
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S
from tracker.store.rows.clicked_by import Counts

DAY = SENT_S // DAY_S
EVER = {"first": 1, "last": DAY + 9}


def sent(db: Db, message: str, day: int, campaign: str, *readers: int) -> None:
    """Have a message sent on a day, and these readers click its first link."""
    sent_s = SENT_S + day * DAY_S
    put(db, pending(message, at_s=sent_s, campaign=campaign), accepted(message, sent_s=sent_s))
    for reader in readers:
        at = {"sent_at_s": sent_s, "at_s": sent_s + 9000, "recipient": reader}
        put(db, clicked(f"{message}{reader}", message, **at))


def link(db: Db) -> int:
    """Return the row of the first link."""
    return int(
        db.execute("SELECT id FROM links WHERE name = 'https://example.net/1'").fetchone()[0]
    )


def test_who_clicked_on_several_days_is_one_person(db: Db) -> None:
    """Of all campaigns together as well; a day has its own."""
    sent(db, "m1", 0, "news", 1)
    sent(db, "m2", 1, "news", 1, 2)
    sent(db, "m3", 2, "other", 1)
    news, other = scope(db, "news"), scope(db, "other")
    found = people.by_campaign(db, [0, news, other, 99], EVER)
    assert found == {0: Counts(2, 0, 2), news: Counts(2, 0, 2), other: Counts(1, 0, 1)}
    first = people.by_campaign(db, [0, other], {"first": DAY, "last": DAY})
    assert first == {0: Counts(1, 0, 1)}


def test_people_of_a_link_are_those_of_all_campaigns_or_of_one(db: Db) -> None:
    """Within the period."""
    sent(db, "m1", 0, "news", 1)
    sent(db, "m2", 1, "other", 1, 2)
    row = link(db)
    assert people.by_link(db, [row, 99], 0, EVER) == {row: Counts(2, 0, 2)}
    assert people.by_link(db, [row], scope(db, "news"), EVER) == {row: Counts(1, 0, 1)}
    assert people.by_link(db, [row], 0, {"first": DAY, "last": DAY}) == {row: Counts(1, 0, 1)}
    assert people.by_link(db, [], 0, EVER) == {}
